"""
How often the judgement is wrong, beside others: `make bench-judgement [DATA=file.json.gz]`.

Without a file the recordings in `data/` and generated noise are judged; the tables of
docs/explanation/error-rates.md are made so (`--page`). With one, only what is in it is judged. The last line is JSON:
the figures of the unchanged benchmarks, or of the suites where there are no benchmarks.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from statistics import median
from typing import NamedTuple, Self

from msgspec import json
from noise import NOISES, after_spikes, noisy_suite
from recordings import Recording, read_recordings
from rivals import RIVALS, Rival
from tabulate import tabulate
from trial import WINDOW, Figures, Judged, Tally, measure, merge

from paceline.analysis.judgement_rules import RegressionRule

_DATA = Path(__file__).with_name("data")
_MADE = "<!-- made by benchmarks/judgement.py -->\n"
_FACTORS = (1.2, 1.25, 1.5, 2.0)
_SEED = 20261124
# The thresholds were chosen with these in sight, and with generated noise.
_SEEN = {
    "Rust Benchmark",
    "Go Benchmark",
    "Benchmark.js Benchmark",
    "Python Benchmark with pytest-benchmark",
    "Julia benchmark result",
    "suite_runs",
}
_WINDOWS = (15, 20, 30, 50, 100)
_GENERATED_RUNS = 250
_SPIKY_SUITES = 60
_FEWEST = RegressionRule().min_runs
# As in trial.py: shorter tests of a suite are not counted.
_SHORT, _LONG = 0.001, 0.010


class Judgement(NamedTuple):
    """
    A recording, what came of it, and what came of its second half.
    """

    recording: Recording
    figures: Figures
    later: Figures

    @classmethod
    def of(cls, recording: Recording) -> Self:
        judged = Judged(recording)
        figures = _figures(judged)
        judged.keep_trials_from(len(recording.runs) // 2)
        return cls(recording, figures, _figures(judged))


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure how often the judgement is wrong.")
    parser.add_argument("--data", type=Path, help="a file in either format of recordings.py, instead of all")
    parser.add_argument("--page", type=Path, help="a Markdown page whose last part is made again")
    arguments = parser.parse_args()
    paths = [arguments.data] if arguments.data else sorted(_DATA.glob("*.json.gz"))
    recordings = [recording for path in paths for recording in read_recordings(path)]
    judged = list(map(Judgement.of, recordings))
    tables = list(_tables_of(judged))
    if not arguments.data:
        tables += [_by_window(recordings), _generated()]
    text = "\n\n".join(tables)
    print(text, end="\n\n")
    print(json.encode(_summary(judged)).decode())
    if arguments.page:
        prose = arguments.page.read_text("utf-8").partition(_MADE)[0]
        arguments.page.write_text(f"{prose}{_MADE}\n{text}\n", "utf-8")


def _figures(judged: Judged) -> Figures:
    return measure(judged, _FACTORS, Random(_SEED))


def _tables_of(judged: Sequence[Judgement]) -> Iterator[str]:
    for kind, is_suite in (("Benchmarks", False), ("Suites", True)):
        own = [one for one in judged if one.recording.is_suite is is_suite]
        unchanged = [one for one in own if one.recording.is_unchanged]
        if own:
            yield _by_recording(kind, own)
        if unchanged:
            yield _by_detector(kind, unchanged)


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return f"## {title}\n\n{tabulate(rows, head, tablefmt='github', disable_numparse=True)}"


def _by_recording(kind: str, judged: Sequence[Judgement]) -> str:
    rows = [(*_names(one.recording), *_cells(one.figures)) for one in judged]
    unchanged = [one for one in judged if one.recording.is_unchanged]
    unseen = [one for one in unchanged if one.recording.name not in _SEEN]
    if 1 < len(unseen) < len(unchanged):
        rows.append(("**without those marked \\***", "", "", *_cells(merge([one.figures for one in unseen]))))
        rows.append(("**their second halves**", "", "", *_cells(merge([one.later for one in unseen]))))
    if len(unchanged) > 1:
        rows.append(("**all unchanged**", "", "", *_cells(merge([one.figures for one in unchanged]))))
    return _table(f"{kind}, one by one", ("recording", "tests", "runs", *_heads()), rows)


def _names(recording: Recording) -> tuple[str, str, str]:
    name = recording.name + (" \\*" if recording.name in _SEEN else "")
    tests = {case.id for run in recording.runs for case in run}
    return name, str(len(tests)), str(len(recording.runs))


def _heads() -> Iterator[str]:
    yield "false / 100 (confirmed)"
    yield from (f"{factor:g}x (confirmed)" for factor in _FACTORS)
    yield "steps > 10%"
    yield "suite / 100"


def _cells(figures: Figures) -> Iterator[str]:
    yield f"{figures.false_alarms.percent:.2f} ({figures.confirmed_false_alarms.percent:.3f})"
    for factor in _FACTORS:
        yield f"{figures.recalls[factor].percent:.0f}% ({figures.confirmed_recalls[factor].percent:.0f}%)"
    yield f"{figures.steps.percent:.1f}%"
    yield f"{figures.suite_alarms.percent:.1f}" if figures.suite_alarms.of else ""


def _by_detector(kind: str, judged: Sequence[Judgement]) -> str:
    whole = merge([one.figures for one in judged])
    rows = [
        _row("Paceline", 1, whole.false_alarms, [whole.recalls[factor] for factor in _FACTORS]),
        _row(
            "Paceline, confirmed",
            1,
            whole.confirmed_false_alarms,
            [whole.confirmed_recalls[factor] for factor in _FACTORS],
        ),
    ]
    for name, rival in RIVALS.items():
        false_alarms, *recalls = _trial_of(rival, [one.recording for one in judged])
        rows.append(_row(name, rival.runs_needed, false_alarms, recalls))
    head = ("detector", "runs needed", "false / 100", *(f"{factor:g}x" for factor in _FACTORS))
    return _table(f"{kind}, beside others", head, rows)


def _row(name: str, needed: int, false_alarms: Tally, recalls: Sequence[Tally]) -> tuple[str, ...]:
    return (name, str(needed), f"{false_alarms.percent:.2f}", *(f"{tally.percent:.0f}%" for tally in recalls))


def _trial_of(rival: Rival, recordings: Sequence[Recording]) -> list[Tally]:
    tallies = {factor: Tally() for factor in (1.0, *_FACTORS)}
    for recording in recordings:
        for before, after in _windows(recording, rival.runs_needed):
            for factor, tally in tallies.items():
                if factor == 1.0 or not recording.is_suite or median(before) >= _LONG:
                    tally.add(rival.is_slower(before, [factor * seconds for seconds in after]))
    return list(tallies.values())


def _windows(recording: Recording, needed: int) -> Iterator[tuple[Sequence[float], Sequence[float]]]:
    series: dict[str, list[float]] = {}
    for run in recording.runs:
        for case in run:
            series.setdefault(case.id, []).append(case.duration_seconds or 0.0)
    for values in series.values():
        for place in range(_FEWEST, len(values) - needed + 1):
            before = values[max(place - WINDOW, 0) : place]
            if not recording.is_suite or median(before) >= _SHORT:
                yield before, values[place : place + needed]


def _by_window(recordings: Sequence[Recording]) -> str:
    unchanged = [recording for recording in recordings if recording.is_unchanged and not recording.is_suite]
    rows = [
        (str(window), *_cells(merge([_figures(Judged(recording, window)) for recording in unchanged])))
        for window in _WINDOWS
    ]
    return _table("Benchmarks, by the number of runs in the window", ("runs", *_heads()), rows)


def _generated() -> str:
    random = Random(_SEED)
    rows = [
        (name, *_cells(_figures(Judged(noisy_suite(name, noise, _GENERATED_RUNS, random)))))
        for name, noise in NOISES.items()
    ]
    for deviation in (0.01, 0.02):
        spiky = merge([_after_spikes(deviation, random) for _ in range(_SPIKY_SUITES)])
        rows.append((f"{deviation:.0%}, after three spikes in a hundred runs", *_cells(spiky)))
    return _table("Generated noise, on a machine whose speed varies by a tenth", ("noise", *_heads()), rows)


def _after_spikes(deviation: float, random: Random) -> Figures:
    judged = Judged(after_spikes(deviation, random), window=100)
    judged.keep_trials_from(len(judged.recording.runs) - 1)
    return _figures(judged)


def _summary(judged: Sequence[Judgement]) -> dict[str, float]:
    unchanged = [one for one in judged if one.recording.is_unchanged] or judged
    benchmarks = [one for one in unchanged if not one.recording.is_suite]
    figures = merge([one.figures for one in benchmarks or unchanged])
    return {
        "false_alarms_per_100": round(figures.false_alarms.percent, 3),
        "recall_1_25": round(figures.recalls[1.25].percent, 2),
        "recall_2": round(figures.recalls[2.0].percent, 2),
        "confirmed_false_alarms_per_100": round(figures.confirmed_false_alarms.percent, 4),
        "confirmed_recall_1_25": round(figures.confirmed_recalls[1.25].percent, 2),
        "steps_over_10_percent": round(figures.steps.percent, 2),
    }


if __name__ == "__main__":
    main()
