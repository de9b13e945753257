"""
Figures in human units.
"""

import pytest

from paceline.formatting import counted, duration, milliseconds, moment, precise_moment, size
from paceline.model import Cause
from paceline.report.words import cause, sparkline


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0 s"),
        (0.0000005, "0.5 µs"),
        (0.000312, "312 µs"),
        (0.0009994, "999 µs"),
        (0.0009996, "1 ms"),
        (0.0123, "12.3 ms"),
        (0.9996, "1 s"),
        (1.2149, "1.21 s"),
        (99.4, "99.4 s"),
        (99.6, "1 min 40 s"),
        (119.7, "2 min 0 s"),
        (125.0, "2 min 5 s"),
        (5400.0, "90 min 0 s"),
    ],
)
def test_times_have_the_unit_that_fits(seconds: float, text: str) -> None:
    """
    Three digits of microseconds, milliseconds or seconds, then minutes and seconds.
    """
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (999.7 * 1024, "1000 KiB"),
        (1000 * 1024, "1000 KiB"),
        (1_048_575, "1 MiB"),
        (5 << 20, "5 MiB"),
        (1 << 30, "1 GiB"),
        (3 << 40, "3 TiB"),
        (5000 << 40, "5000 TiB"),
        (-5 << 20, "-5 MiB"),
    ],
)
def test_sizes_have_the_unit_that_fits(count: float, text: str) -> None:
    """
    Up to 1,023 of a unit, and never an exponent.
    """
    assert size(count) == text


def test_counts_have_a_noun() -> None:
    """
    One thing, two things, thousands of things, and nouns that are not regular.
    """
    assert [counted(1, "run"), counted(0, "run"), counted(12_345, "run")] == ["1 run", "0 runs", "12,345 runs"]
    assert counted(2, "flaky test", "flaky tests") == "2 flaky tests"


@pytest.mark.parametrize(
    ("measure", "before", "after", "text"),
    [
        ("cpu_seconds", 0.1, 0.25, "CPU 100 ms → 250 ms"),
        ("idle_seconds", 0.1, 0.2, "waiting (sleep, IO, locks) 100 ms → 200 ms"),
        ("memory_peak_bytes", 1 << 20, 9 << 20, "memory peak 1 MiB → 9 MiB"),
        ("read_bytes", 0, 65_536, "read 0 B → 64 KiB"),
        ("voluntary_context_switches", 3, 1200, "voluntary context switches 3 → 1,200"),
        ("threads_left", 0, 1, "threads left behind 0 → 1"),
        ("measures.queries", 3, 300, "queries 3 → 300"),
        ("measures.rows", 2_000_000, 12_345_678, "rows 2,000,000 → 12,345,678"),
        ("measures.share", 0.125, 0.5, "share 0.125 → 0.5"),
    ],
)
def test_a_cause_is_said_in_words(measure: str, before: float, after: float, text: str) -> None:
    """
    What moved, from what to what, each in its own unit.
    """
    assert cause(Cause(measure=measure, before=before, after=after)) == text


def test_a_cause_says_how_much_of_the_added_time_it_is() -> None:
    """
    Or of the saved time, where that is known.
    """
    grown = Cause(measure="children_cpu_seconds", before=0.0, after=0.3, share=0.75)
    fallen = Cause(measure="children_cpu_seconds", before=0.3, after=0.0, share=0.75)

    assert cause(grown) == "CPU of child processes 0 s → 300 ms (75% of the added time)"
    assert cause(fallen) == "CPU of child processes 300 ms → 0 s (75% of the saved time)"


@pytest.mark.parametrize(
    ("measure", "before", "after", "text"),
    [
        ("cpu_wait_seconds", 0.0, 0.3, "wait for a CPU 0 s → 300 ms (already corrected for)"),
        (
            "shared_gc_seconds",
            0.0,
            0.03,
            "garbage collections for all tests 0 s → 30 ms (already corrected for)",
        ),
        ("machine_slowdown_ratio", 1.0, 2.96, "the machine was 3.0 times slower than usual (already corrected for)"),
    ],
)
def test_the_machine_is_no_fault_of_the_test(measure: str, before: float, after: float, text: str) -> None:
    """
    What it took is not in the time that was judged.
    """
    assert cause(Cause(measure=measure, before=before, after=after)) == text


def test_a_series_is_a_line_of_blocks() -> None:
    """
    From nothing to the highest value of those shown.
    """
    assert sparkline([0.0, 1.0, 2.0, 4.0, 8.0]) == "▁▂▃▅█"
    assert sparkline([0.0, 1.0, 2.0, 4.0, 8.0], ascii_only=True) == "__.=#"


def test_only_the_last_values_are_shown() -> None:
    """
    Twenty blocks, or as many as asked for; what is not shown does not set the scale.
    """
    values = [900.0] + [1.0] * 19 + [2.0]

    assert sparkline(values) == "▅" * 19 + "█"
    assert sparkline(values, longest=2) == "▅█"


@pytest.mark.parametrize("values", [[], [1.0], [0.0, 0.0, 0.0]])
def test_there_is_no_line_of_nothing(values: list[float]) -> None:
    """
    A single value, and values that are all nothing, have no course.
    """
    assert sparkline(values) == ""


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, 0), (1.0, 1000), (1_700_000_000.0004, 1_700_000_000_000), (1_700_000_000.9996, 1_700_000_001_000)],
)
def test_a_point_in_time_is_rounded_to_milliseconds(seconds: float, expected: int) -> None:
    """
    As the text of Prometheus has it.
    """
    assert milliseconds(seconds) == expected


def test_a_point_in_time_is_told_in_utc() -> None:
    """
    To the second.
    """
    assert moment(1_700_000_000.9) == "2023-11-14 22:13:20 UTC"
    assert precise_moment(1_700_000_000.9996) == "2023-11-14 22:13:21.000 UTC"
