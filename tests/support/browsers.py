"""
The real Chromium of Debian, and its driver for Selenium.
"""

from collections.abc import Mapping

from support.debian import debian_program


def chromium() -> Mapping[str, str]:
    """
    The paths of both programs, as variables of the environment.
    """
    return {
        "CHROMIUM": str(debian_program("chromium", "chromium", "/usr/bin")),
        "CHROMEDRIVER": str(debian_program("chromedriver", "chromium-driver", "/usr/bin")),
    }
