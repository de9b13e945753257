"""
A run as lines that Prometheus reads, made once and kept compressed in pieces that can be joined.

A body of several gzip members one after the other is one body. A family of metrics has to stand in one place,
so each run has a piece for each family.
"""

import gzip
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from enum import StrEnum

from msgspec import Struct

from paceline.identity import safe_text
from paceline.metrics.catalogue import CATALOGUE, Channel, Metric
from paceline.metrics.labels import quoted
from paceline.metrics.run_samples import run_samples, within
from paceline.model import Run

_FASTEST = 1
_LONGEST_LABEL = 200
_TYPE = re.compile(r"application/openmetrics-text\s*;[^,]*version=1\.0\.0")


class Format(StrEnum):
    """
    The two formats of exposition, as a Content-Type names them.
    """

    TEXT = "text/plain; version=0.0.4; charset=utf-8"
    OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


class Rendered(Struct, frozen=True, kw_only=True):
    """
    The pieces of a run by format and family, the number of samples in it, and of those that had no room.
    """

    pieces: Mapping[Format, Mapping[Metric, bytes]]
    samples: int
    dropped: int

    @property
    def size(self) -> int:
        return sum(len(piece) for pieces in self.pieces.values() for piece in pieces.values())


def render(run: Run, branches: Collection[str], most: int) -> Rendered:
    """
    Render a run.

    Args:
        run: the run.
        branches: the branches that keep their name in labels.
        most: how many samples there may be; see `within` for what goes first.
    """
    families = _families(run, branches)
    samples = kept = _count(families)
    if samples > most:
        families = _families(within(run, most), branches)
        kept = _count(families)
    pieces: dict[Format, dict[Metric, bytes]] = {Format.TEXT: {}, Format.OPENMETRICS: {}}
    seconds = f"{run.ended:.3f}"
    milliseconds = seconds.replace(".", "")
    for metric, series in families.items():
        text = "".join(f"{labels} {value!r} {milliseconds}\n" for labels, value in series.items())
        pieces[Format.TEXT][metric] = _pack(text)
        # No label has a line break in it, so this is the end of each line and nothing else.
        pieces[Format.OPENMETRICS][metric] = _pack(text.replace(f" {milliseconds}\n", f" {seconds}\n"))
    return Rendered(pieces=pieces, samples=kept, dropped=samples - kept)


def join(runs: Sequence[Rendered], form: Format) -> bytes:
    """
    One body of several runs, compressed.

    Args:
        runs: in the order of their ends. In OpenMetrics no two of them may have a series in common.
        form: its format.
    """
    return b"".join(_joined(runs, form))


def chosen_format(accept: str) -> Format:
    """
    The format for a request that accepts this.
    """
    return Format.OPENMETRICS if _TYPE.search(accept) else Format.TEXT


def _joined(runs: Sequence[Rendered], form: Format) -> Iterator[bytes]:
    for metric, head in _HEADS.items():
        pieces = [run.pieces[form][metric] for run in runs if metric in run.pieces[form]]
        if pieces:
            yield head
            yield from pieces
    if form is Format.OPENMETRICS:
        yield _END


def _families(run: Run, branches: Collection[str]) -> dict[Metric, dict[str, float]]:
    """
    The values by family and series. Two samples of one series cannot both be at one time: the first stays.
    """
    families: defaultdict[Metric, dict[str, float]] = defaultdict(dict)
    # All samples of a test have one tuple of labels.
    texts: dict[tuple[tuple[str, ...], tuple[str, ...]], str] = {}
    for metric, labels, value, _ in run_samples(run, branches):
        key = (metric.labels, labels)
        if key not in texts:
            pairs = zip(metric.labels, labels, strict=True)
            texts[key] = ",".join(f"{name}={quoted(safe_text(text, _LONGEST_LABEL))}" for name, text in pairs)
        families[metric].setdefault(f"{metric.name}{{{texts[key]}}}", value)
    return families


def _count(families: Mapping[Metric, Mapping[str, float]]) -> int:
    return sum(map(len, families.values()))


def _pack(text: str) -> bytes:
    return gzip.compress(text.encode(), _FASTEST, mtime=0)


def _head(metric: Metric) -> bytes:
    return _pack(f"# HELP {metric.name} {metric.help}\n# TYPE {metric.name} {metric.kind.value}\n")


_HEADS = {metric: _head(metric) for metric in CATALOGUE if metric.channel is Channel.RUN_SAMPLE}
_END = _pack("# EOF\n")
