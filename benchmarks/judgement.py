"""
How often the judgement is wrong, beside others: `make bench-judgement [DATA=file.json.gz]`.

Without a file the recordings in `data/` and generated noise are judged, and the tables of
docs/explanation/error-rates.md are printed. With one, only what is in it. The last line is JSON: the figures of
the unchanged benchmarks (or of the suites, where the file has no benchmarks).
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from msgspec import json
from noise import NOISES, after_spikes, noisy_suite
from recordings import Recording, read_recordings
from rivals import RIVALS, Rival
from tabulate import tabulate
from trial import WINDOW, Figures, Judged, Tally, measure, merge

from paceline.analysis.rules import RegressionRule
from paceline.model import Case

_DATA = Path(__file__).with_name("data")
_FACTORS = (1.2, 1.25, 1.5, 2.0)
_SEED = 20261124
# The thresholds were chosen on these and on generated noise.
_CHOSEN_ON = {"Rust Benchmark", "Go Benchmark", "suite_runs"}
_GENERATED_RUNS = 250
_SPIKY_SUITES = 60
_FEWEST = RegressionRule().min_runs


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure how often the judgement is wrong.")
    parser.add_argument("--data", type=Path, help="a file in either format of recordings.py, instead of all")
    arguments = parser.parse_args()
    paths = [arguments.data] if arguments.data else sorted(_DATA.glob("*.json.gz"))
    recordings = [recording for path in paths for recording in read_recordings(path)]
    judged = [(recording, _figures(Judged(recording))) for recording in recordings]
    print(f"Each run is judged against at most {WINDOW} runs before it.\n")
    for is_suite in (False, True):
        own = [(recording, figures) for recording, figures in judged if recording.is_suite is is_suite]
        if own:
            _print_recordings(own, is_suite=is_suite)
            _print_rivals(own, is_suite=is_suite)
    if not arguments.data:
        _print_windows([recording for recording in recordings if not recording.is_suite])
        _print_generated()
    print(json.encode(_summary(judged)).decode())


def _figures(judged: Judged) -> Figures:
    return measure(judged, _FACTORS, Random(_SEED))


def _print_recordings(judged: Sequence[tuple[Recording, Figures]], *, is_suite: bool) -> None:
    what = "Suites: alarms of tests from 1 ms, recall of tests from 10 ms" if is_suite else "Benchmarks"
    rows = [(*_names(recording), *_cells(figures)) for recording, figures in judged]
    unchanged = [figures for recording, figures in judged if recording.is_unchanged]
    held_out = [f for recording, f in judged if recording.is_unchanged and recording.name not in _CHOSEN_ON]
    if len(held_out) > 1 and len(held_out) < len(unchanged):
        rows.append(("held out together", "", "", *_cells(merge(held_out))))
    if len(unchanged) > 1:
        rows.append(("unchanged code together", "", "", *_cells(merge(unchanged))))
    print(f"{what}\n")
    head = ("recording", "tests", "runs", "false / 100", "confirmed", *_recall_heads(), "steps > 10%", "suite / 100")
    print(tabulate(rows, head, tablefmt="github", disable_numparse=True), end="\n\n")


def _names(recording: Recording) -> tuple[str, str, str]:
    mark = "" if recording.is_unchanged else " (alarms may be true)"
    chosen = " *" if recording.name in _CHOSEN_ON else ""
    tests = {case.id for run in recording.runs for case in run}
    return f"{recording.name}{chosen}{mark}", str(len(tests)), str(len(recording.runs))


def _recall_heads() -> Iterator[str]:
    for factor in _FACTORS:
        yield f"{factor:g}x"
        yield "confirmed"


def _cells(figures: Figures) -> Iterator[str]:
    yield f"{figures.false_alarms.percent:.2f}"
    yield f"{figures.confirmed_false_alarms.percent:.3f}"
    for factor in _FACTORS:
        yield f"{figures.recalls[factor].percent:.0f}%"
        yield f"{figures.confirmed_recalls[factor].percent:.0f}%"
    yield f"{figures.steps.percent:.1f}%"
    yield f"{figures.suite_alarms.percent:.1f}" if figures.suite_alarms.of else ""


def _print_rivals(judged: Sequence[tuple[Recording, Figures]], *, is_suite: bool) -> None:
    unchanged = [(recording, figures) for recording, figures in judged if recording.is_unchanged]
    if not unchanged:
        return
    whole = merge([figures for _, figures in unchanged])
    rows = [
        ("Paceline", "1", f"{whole.false_alarms.percent:.2f}", *(f"{whole.recalls[f].percent:.0f}%" for f in _FACTORS)),
        (
            "Paceline, confirmed",
            "1",
            f"{whole.confirmed_false_alarms.percent:.3f}",
            *(f"{whole.confirmed_recalls[f].percent:.0f}%" for f in _FACTORS),
        ),
    ]
    recordings = [recording for recording, _ in unchanged]
    rows += [(name, str(rival.runs_needed), *_trial_of(rival, recordings)) for name, rival in RIVALS.items()]
    print(f"The same {'suites' if is_suite else 'benchmarks'}, unchanged code, by others\n")
    head = ("detector", "runs needed", "false / 100", *(f"{factor:g}x" for factor in _FACTORS))
    print(tabulate(rows, head, tablefmt="github", disable_numparse=True), end="\n\n")


def _trial_of(rival: Rival, recordings: Sequence[Recording]) -> Iterator[str]:
    tallies = {factor: Tally() for factor in (1.0, *_FACTORS)}
    for recording in recordings:
        for before, after in _windows(recording, rival.runs_needed):
            for factor, tally in tallies.items():
                if factor == 1.0 or not recording.is_suite or before[-1] >= _LONG:
                    tally.add(rival.is_slower(before, [factor * seconds for seconds in after]))
    yield f"{tallies.pop(1.0).percent:.2f}"
    yield from (f"{tally.percent:.0f}%" for tally in tallies.values())


_SHORT, _LONG = 0.001, 0.010


def _windows(recording: Recording, needed: int) -> Iterator[tuple[Sequence[float], Sequence[float]]]:
    series: dict[str, list[float]] = {}
    for run in recording.runs:
        for case in run:
            series.setdefault(case.id, []).append(_seconds(case))
    for values in series.values():
        for place in range(_FEWEST, len(values) - needed + 1):
            if not recording.is_suite or values[place - 1] >= _SHORT:
                yield values[max(place - WINDOW, 0) : place], values[place : place + needed]


def _seconds(case: Case) -> float:
    return case.duration_seconds or 0.0


def _print_windows(recordings: Sequence[Recording]) -> None:
    unchanged = [recording for recording in recordings if recording.is_unchanged]
    rows = []
    for window in (15, 20, 30, 50, 100):
        figures = merge([_figures(Judged(recording, window)) for recording in unchanged])
        recalls = (f"{figures.recalls[factor].percent:.0f}%" for factor in _FACTORS)
        rows.append((str(window), f"{figures.false_alarms.percent:.2f}", *recalls))
    print("The same benchmarks by the number of runs in the window\n")
    head = ("runs", "false / 100", *(f"{factor:g}x" for factor in _FACTORS))
    print(tabulate(rows, head, tablefmt="github", disable_numparse=True), end="\n\n")


def _print_generated() -> None:
    random = Random(_SEED)
    rows = []
    for name, noise in NOISES.items():
        figures = _figures(Judged(noisy_suite(name, noise, _GENERATED_RUNS, random)))
        rows.append((name, *_cells(figures)))
    for deviation in (0.01, 0.02):
        spiky = merge([_after_spikes(deviation, random) for _ in range(_SPIKY_SUITES)])
        rows.append((f"{deviation:.0%}, after three spikes in a hundred runs", *_cells(spiky)))
    print("Generated noise, on a machine whose speed varies by a tenth\n")
    head = ("noise", "false / 100", "confirmed", *_recall_heads(), "steps > 10%", "suite / 100")
    print(tabulate(rows, head, tablefmt="github", disable_numparse=True), end="\n\n")


def _after_spikes(deviation: float, random: Random) -> Figures:
    judged = Judged(after_spikes(deviation, random), window=100)
    judged.trials = [trial for trial in judged.trials if trial.run == len(judged.recording.runs) - 1]
    return _figures(judged)


def _summary(judged: Sequence[tuple[Recording, Figures]]) -> dict[str, float]:
    unchanged = [(recording, figures) for recording, figures in judged if recording.is_unchanged] or judged
    benchmarks = [figures for recording, figures in unchanged if not recording.is_suite]
    figures = merge(benchmarks or [figures for _, figures in unchanged])
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
