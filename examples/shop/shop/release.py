"""
Which release of the shop runs.
"""

import os
from collections.abc import Mapping


def release(environ: Mapping[str, str] = os.environ) -> int:
    """
    The release that `SHOP_RELEASE` selects; 1 where it is not set.
    """
    return int(environ.get("SHOP_RELEASE") or 1)
