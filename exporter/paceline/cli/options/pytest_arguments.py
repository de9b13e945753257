"""
Arguments that are pytest's.
"""

import click

PYTEST_ARGUMENTS = "paceline.pytest_arguments"


class PassingOn(click.Command):
    """
    A command that leaves what stands behind `--` to pytest.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own, rest = (args[: args.index("--")], args[args.index("--") + 1 :]) if "--" in args else (args, [])
        ctx.meta[PYTEST_ARGUMENTS] = rest
        return super().parse_args(ctx, own)
