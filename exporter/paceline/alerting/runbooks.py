"""
The runbooks of the alerts, which the wheel carries.
"""

import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

_SUFFIX = ".md"
_CHECKOUT = Path(__file__).parents[3]
# Other pages are not in the wheel.
_LINK = re.compile(r"\[([^\]]*)\]\((?!https?://)[^)]*\)")


def runbooks() -> dict[str, str]:
    """
    The runbooks as Markdown, without links to other pages, by the name of the alert.
    """
    found = (one for one in _folder().iterdir() if one.name.endswith(_SUFFIX))
    texts = {one.name.removesuffix(_SUFFIX): _LINK.sub(r"\1", one.read_text("utf-8")) for one in found}
    return dict(sorted(texts.items()))


def _folder() -> Traversable:
    # An editable install imports the package from the checkout, where the files are outside the package.
    installed = files("paceline.alerting") / "runbooks"
    return installed if installed.is_dir() else _CHECKOUT / "docs" / "how-to" / "runbooks"
