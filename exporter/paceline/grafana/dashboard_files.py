"""
The dashboards as files: JSON, which the wheel carries, and ConfigMaps.
"""

import json
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

_SUFFIX = ".json"
_CHECKOUT = Path(__file__).parents[3]


def dashboards() -> dict[str, str]:
    """
    The dashboards, as Grafana reads them from files.

    Returns:
        The text of each, by the name of its file.
    """
    texts = {one.name: one.read_text("utf-8") for one in _folder().iterdir() if one.name.endswith(_SUFFIX)}
    return dict(sorted(texts.items()))


def _folder() -> Traversable:
    # An editable install imports the package from the checkout, where the files are outside the package.
    installed = files("paceline.grafana") / "dashboards"
    return installed if installed.is_dir() else _CHECKOUT / "grafana" / "dashboards"


_CONFIG_MAP = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {uid}
  labels:
    app.kubernetes.io/name: paceline
    grafana_dashboard: "1"
  annotations:
    grafana_folder: Paceline
data:
  {uid}.json: |-
    {content}
"""


def config_maps() -> dict[str, str]:
    """
    The dashboards as the sidecar of Grafana's Helm charts finds them in Kubernetes.

    One for each: together they are larger than what `kubectl apply` takes.

    Returns:
        The text of one file, by its name.
    """
    made = (
        _CONFIG_MAP.format(uid=name.removesuffix(_SUFFIX), content=json.dumps(json.loads(text), ensure_ascii=False))
        for name, text in dashboards().items()
    )
    return {"dashboards.yml": "---\n".join(["# Made by `paceline grafana write --format configmap`.\n", *made])}
