"""
Test, the panels of what it used.
"""

from collections.abc import Iterator, Sequence
from string import ascii_uppercase

from grafana.generator.dashboard import Row
from grafana.generator.panel import Override, Panel, Query, fixed, in_colors
from grafana.generator.panel_kinds import BY_NAMES, DRAWING, per_run
from grafana.generator.promql import TEST as OF_TEST
from grafana.generator.promql import each_run
from paceline import colors
from paceline.quantity import Unit
from paceline.usage import UsageKey

_NOT_MEASURED = "not measured for this test, or no run that passed in this time range"
_UNITS = {Unit.SECONDS: "s", Unit.BYTES: "bytes", Unit.COUNT: "short"}
# What a panel says of all its quantities; any other has the helps of its metrics.
_DESCRIPTIONS = {
    "CPU": "CPU time of each run: in total, in user code, in the kernel and in child processes. If the duration rises "
    "and the CPU time does not, the test waits.",
    "Wait for a CPU": "Time in which the test was ready to run and had no CPU. The machine causes this wait, so "
    "judgement subtracts it.",
    "Memory": "Peak memory above the start of the test, and memory kept after its teardown. Memory kept in every run "
    "is a leak.",
    "Disk": "Bytes that the test read and wrote through read and write calls, also from the page cache.",
    "Switches and collections": "Voluntary context switches (the test waits), involuntary context switches (another "
    "program gets the CPU), and garbage collections. Many voluntary switches come from many small requests, many "
    "involuntary ones from a busy machine.",
    "Left behind and imported": "Threads and processes that still ran after the test, and modules that the test was "
    "first to import. A thread or process left behind is a leak. The first test to need a module pays for its import.",
}
# Names and units that figures of tests often have.
_MEASURE_COLORS = {
    "quer": colors.GOOD,
    "request|call": colors.WARNING,
    "byte|size": colors.GREEN,
    "row|item|record": colors.PURPLE,
    "error|retr": colors.BAD,
}


# A narrow legend has room for the figures of so many curves.
_WITH_FIGURES = 3


def each(metric: str, legend: str) -> Query:
    """
    The figure of a metric in each run of the test.
    """
    return Query(expr=f"max({each_run(metric, OF_TEST)})", legend=legend)


def _panel(title: str, keys: Sequence[UsageKey], width: int) -> Panel:
    curves = {key: key.quantity.curve for key in keys if key.quantity.curve}
    colors_of = dict(zip(ascii_uppercase, (curve.color for curve in curves.values()), strict=False))
    return per_run(
        title=title,
        description=_DESCRIPTIONS.get(title) or " ".join(key.quantity.help for key in keys),
        queries=tuple(each(f"paceline_test_{key}", curve.legend) for key, curve in curves.items()),
        unit=_UNITS[keys[0].quantity.unit],
        empty=_NOT_MEASURED,
        overrides=in_colors(**colors_of),
        width=width,
        # A scale from the lowest value on would make a cliff of a small change.
        custom={**DRAWING, "axisSoftMin": 0},
        **({"options": BY_NAMES} if len(curves) > _WITH_FIGURES else {}),
    )


def _usage_panels(probe: str) -> Iterator[Panel]:
    """
    A panel for each name of a panel in the table of quantities.

    Args:
        probe: what measures the quantities; "" for the probes that are always on.
    """
    panels: dict[str, list[UsageKey]] = {}
    for key in UsageKey:
        if key.quantity.curve and key.quantity.is_exported and key.quantity.probe == probe:
            panels.setdefault(key.quantity.curve.panel, []).append(key)
    # Three in a line, or two where three would leave a gap.
    width = 8 if not probe or len(panels) % 3 == 0 else 12
    return (_panel(title, keys, width) for title, keys in panels.items())


USED: tuple[Panel, ...] = (
    *_usage_panels(""),
    per_run(
        title="Measures that the test recorded",
        description="Figures that the test recorded, each in its unit. Counts of queries or requests barely vary on "
        "unchanged code, so a step means a change.",
        queries=(
            Query(
                expr=f"max by (measure, unit) ({each_run('paceline_test_measure', OF_TEST)})",
                legend="{{measure}} ({{unit}})",
            ),
        ),
        unit="short",
        empty="the test recorded no figures, or did not pass, in this time range",
        width=16,
        defaults={"color": fixed(colors.SKY)},
        overrides=tuple(
            Override(matcher="byRegexp", pattern=f"/{words}/", properties={"color": fixed(color)})
            for words, color in _MEASURE_COLORS.items()
        ),
    ),
)

# The rows are closed, because most tests use few of them and Grafana cannot hide an empty row.
TOUCHED: tuple[Row, ...] = tuple(
    Row(title, tuple(_usage_panels(probe)), is_closed=True)
    for probe, title in {
        "database": "Databases",
        "network": "Network",
        "cache": "Caches",
        "pages": "Pages in a browser",
    }.items()
)
