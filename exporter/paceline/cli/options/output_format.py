"""
The option `--format`.
"""

from collections.abc import Callable
from typing import TypeVar

import click

_F = TypeVar("_F", bound=Callable[..., object])


def format_option(*formats: str) -> Callable[[_F], _F]:
    """
    The option that chooses the format of the output, by default the first of these.
    """
    return click.option(
        "--format",
        "form",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help="Format of the output.",
    )
