"""
The real Chromium of Debian, its driver for Selenium, and pytest-playwright.
"""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from paceline.files import holding
from support.debian import debian_program
from support.installed import CACHE, Permission

# Playwright itself is a library of the development environment. As a plugin there, it would be loaded in each session.
_PLUGIN = ("pytest-playwright==0.10.0", "pytest-base-url==2.1.0", "python-slugify==8.0.4", "text-unidecode==1.3")


def chromium() -> Mapping[str, str]:
    """
    The paths of both programs, as variables of the environment.
    """
    return {
        "CHROMIUM": str(debian_program("chromium", "chromium", "/usr/bin")),
        "CHROMEDRIVER": str(debian_program("chromedriver", "chromium-driver", "/usr/bin")),
    }


def pytest_playwright() -> Path:
    """
    A folder for the path of Python that has pytest-playwright; it is made when it is first asked for.
    """
    Permission.check()
    CACHE.mkdir(parents=True, exist_ok=True)
    folder = CACHE / "-".join(_PLUGIN[0].split("=="))
    with holding(CACHE / ".lock"):
        if not folder.exists():
            made = folder.with_suffix(".new")
            install = ("pip", "install", "--no-deps", "--target", str(made), *_PLUGIN)
            subprocess.run([sys.executable, "-m", "uv", "--quiet", *install], check=True)
            made.rename(folder)
    return folder
