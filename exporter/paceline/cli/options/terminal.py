"""
The terminal that the command writes to: its width, and warnings on it.
"""

import os
import shutil
import sys

import click

from paceline.own_secrets import without_own_secrets


def terminal_width() -> int | None:
    """
    Its columns; None where a file or a program reads along, which wants whole names.
    """
    if not sys.stdout.isatty() and "COLUMNS" not in os.environ:
        return None
    return shutil.get_terminal_size().columns


def warn(message: str) -> None:
    """
    Say something beside the output.
    """
    click.secho(f"paceline: {without_own_secrets(message)}", fg="yellow", err=True)
