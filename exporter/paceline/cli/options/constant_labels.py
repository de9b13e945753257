"""
Labels of every series, as an option gives them.
"""

import re
from collections.abc import Mapping

import click

from paceline.metrics.catalogue import CATALOGUE

# Two underscores are Prometheus's own.
_NAME = re.compile(r"(?!__)[a-zA-Z_][a-zA-Z0-9_]*")
_OWN = {"le", "quantile"}.union(*(metric.labels for metric in CATALOGUE))


def read_labels(_: click.Context, __: click.Parameter, value: tuple[str, ...]) -> Mapping[str, str]:
    """
    The labels of an option NAME=VALUE that is repeatable.
    """
    for text in value:
        name, equals, _value = text.partition("=")
        if not equals or not _NAME.fullmatch(name) or name in _OWN:
            raise click.BadParameter(
                f"{text!r}, expected NAME=VALUE with a name that is not a label of Paceline, such as job=paceline-runs"
            )
    return dict(text.split("=", 1) for text in value)
