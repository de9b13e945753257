"""
What differs from one Prometheus to another.
"""

from typing import Annotated

from msgspec import Meta, Struct

Days = Annotated[int, Meta(ge=1, le=3650)]
Seconds = Annotated[int, Meta(ge=1, le=120)]
NAME = r"[a-zA-Z_][a-zA-Z0-9_]*"
# Labels that already distinguish suites, tests and alerts.
LABEL = rf"(?!(?:suite|branch|test|test_type|measure|unit|alertname|severity|part_of)\Z){NAME}"
# A string of PromQL, but for what ends or fills a string of the templates that it is written into.
STRING = r'"(?:[^"\\\n\r`%{]|\{(?!\{)|\\(?:[abfnrtv\\"]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}))*"'
_MATCHER = rf"{NAME}\s*(?:=|!=|=~|!~)\s*{STRING}"
MATCHERS = rf"{_MATCHER}(?:\s*,\s*{_MATCHER})*"
_PLACE = r"""[^\s"'`\\{}<>|]"""
ADDRESS = rf"https?://{_PLACE}+"
PLACE = rf"{ADDRESS}|[\w./~]{_PLACE}*"
Name = Annotated[str, Meta(pattern=rf"^{NAME}\Z")]
Label = Annotated[str, Meta(pattern=rf"^{LABEL}\Z")]
Matchers = Annotated[str, Meta(pattern=rf"^{MATCHERS}\Z")]
Address = Annotated[str, Meta(pattern=rf"^{ADDRESS}\Z")]
Place = Annotated[str, Meta(pattern=rf"^(?:{PLACE})\Z")]


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    How rule files are written.

    `match` is added to the selectors of all run samples; by default every branch that keeps its name alerts.
    `by` names labels that distinguish suites, besides suite and branch. `hold_days` is how long a verdict
    stands when no run comes. `keep_firing_hours` is how long an alert on a budget goes on when the test keeps it again
    (0 for none; needs Prometheus 2.42). `exporter`, `prometheus` and `alertmanager` are where Prometheus finds them,
    and itself, as host:port.
    """

    window_days: Days = 14
    hold_days: Days = 7
    keep_firing_hours: Annotated[int, Meta(ge=0, le=720)] = 0
    interval_seconds: Seconds = 60
    scrape_seconds: Seconds = 15
    exporter: str = "127.0.0.1:10464"
    prometheus: str = "127.0.0.1:9090"
    alertmanager: str = "127.0.0.1:9093"
    prefix: Name = "paceline_"
    match: Matchers = 'branch!="other"'
    by: tuple[Label, ...] = ()
    dashboards: Address = "http://127.0.0.1:3000"
    runbooks: Place = "docs/how-to/runbooks"
