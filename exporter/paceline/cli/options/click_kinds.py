"""
Kinds of options and commands that click lacks.
"""

from math import isnan
from typing import Any

import click

PYTEST_ARGUMENTS = "paceline.pytest_arguments"


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


class PassingOn(click.Command):
    """
    A command that leaves what stands behind `--` to pytest.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own, rest = (args[: args.index("--")], args[args.index("--") + 1 :]) if "--" in args else (args, [])
        ctx.meta[PYTEST_ARGUMENTS] = rest
        return super().parse_args(ctx, own)
