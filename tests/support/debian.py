"""
Programs of Debian's packages, which are installed where they are missing.
"""

import os
import subprocess
from pathlib import Path

from paceline.files import holding
from support.installed import CACHE, Permission
from support.servers import NoServerError

# The servers are not started by their packages.
_QUIET = {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}


def debian_program(name: str, package: str, folders: str) -> Path:
    """
    A program of a package.

    Args:
        name: of the program.
        package: that has it.
        folders: a pattern for the folders that it may be in.

    Raises:
        NoServerError: the package cannot be installed.
    """
    Permission.check()
    if found := _find(name, folders):
        return found
    CACHE.mkdir(parents=True, exist_ok=True)
    with holding(CACHE / ".lock"):
        for command in (["update"], ["install", "--yes", "--no-install-recommends", package]):
            if not _find(name, folders):
                subprocess.run(["apt-get", "--quiet", *command], env={**os.environ, **_QUIET}, check=False)
    if found := _find(name, folders):
        return found
    raise NoServerError(f"no {name} in {folders}, and `apt-get install {package}` brought none: install {package}")


def _find(name: str, folders: str) -> Path | None:
    found = sorted(Path("/").glob(f"{folders.lstrip('/')}/{name}"))
    return found[-1] if found else None
