"""
The terminal that the command writes to.
"""

import os
import shutil
import sys


def terminal_width() -> int | None:
    """
    Its columns; None where a file or a program reads along, which wants whole names.
    """
    if not sys.stdout.isatty() and "COLUMNS" not in os.environ:
        return None
    return shutil.get_terminal_size().columns
