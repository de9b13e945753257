"""
What differs from one Prometheus to another.
"""

from typing import Annotated

from msgspec import Meta, Struct

Days = Annotated[int, Meta(ge=1, le=3650)]
Seconds = Annotated[int, Meta(ge=1, le=120)]
NAME = r"[a-zA-Z_][a-zA-Z0-9_]*"
_MATCHER = rf'{NAME}\s*(=|!=|=~|!~)\s*"([^"\\]|\\.)*"'
MATCHERS = rf"{_MATCHER}(\s*,\s*{_MATCHER})*"
Name = Annotated[str, Meta(pattern=rf"^{NAME}\Z")]
Matchers = Annotated[str, Meta(pattern=rf"^{MATCHERS}\Z")]


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    How rule files are written.

    `match` is added to the selectors of all run samples; by default every branch that keeps its name alerts.
    `by` names labels that tell one suite from another beside suite and branch. `hold_days` is how long a verdict
    stands when no run comes. `exporter`, `prometheus` and `alertmanager` are where Prometheus finds them, and
    itself, as host:port.
    """

    window_days: Days = 14
    hold_days: Days = 7
    interval_seconds: Seconds = 60
    scrape_seconds: Seconds = 15
    exporter: str = "127.0.0.1:10464"
    prometheus: str = "127.0.0.1:9090"
    alertmanager: str = "127.0.0.1:9093"
    prefix: Name = "paceline_"
    match: Matchers = 'branch!="other"'
    by: tuple[Name, ...] = ()
    dashboards: str = "http://127.0.0.1:3000"
    runbooks: str = "docs/how-to/runbooks"
