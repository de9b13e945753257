"""
Numbers as options.
"""

from math import isnan
from typing import Any

import click


class Number(click.FloatRange):
    """
    A number within bounds; to compare "nan" with them says nothing.
    """

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401 - as in click
        """
        Read a number, or end the command with what is wrong.
        """
        number = super().convert(value, param, ctx)
        if isnan(number):
            self.fail(f"{value!r} is not a valid float.", param, ctx)
        return number
