"""
A run as lines that Prometheus reads, made once and kept compressed in pieces that can be joined.

A family of metrics has to stand in one place, so each run has a piece for each family.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Final, TypeAlias

from msgspec import Struct

from paceline.identity import safe_text
from paceline.metrics.catalogue import CATALOGUE, Channel, Metric
from paceline.metrics.run_samples import Sample, of_case, of_run, quoted
from paceline.model import Case, Run
from paceline.server.gzip_pieces import Piece, join, pack
from paceline.server.negotiation import Format
from paceline.translated_names import BudgetSource

# Each with the family that it belongs to, and without a time.
_Lines: TypeAlias = list[tuple[Metric, str]]


class Rendered(Struct, frozen=True, kw_only=True):
    """
    The pieces of a run by format and family, the number of samples in it, and of those that had no room.
    """

    pieces: Mapping[Format, Mapping[Metric, Piece]]
    samples: int
    dropped: int

    @property
    def size(self) -> int:
        return sum(len(piece.blocks) for pieces in self.pieces.values() for piece in pieces.values())


def render(run: Run, stamp: int, branches: Collection[str], most: int) -> Rendered:
    """
    Render a run.

    Args:
        run: the run.
        stamp: the time of its samples, in milliseconds since 1970.
        branches: the branches that keep their name in labels beside the run's default branch.
        most: how many samples there may be; a test is there with all of its samples or with none.
    """
    whole = _lines(of_run(run, branches))
    room = most - len(whole)
    ranked = iter(_by_rank(run))
    kept, refused = _filled(room, (_lines(of_case(case, run, branches)) for case in ranked))
    # Of the rest only the number is wanted: the lines of a huge run would take a gigabyte.
    dropped = refused + sum(1 for case in ranked for _ in of_case(case, run, branches))
    families = _by_family([whole, *kept])
    pieces = {
        Format.TEXT: _pieces(families, str(stamp)),
        Format.OPENMETRICS: _pieces(families, f"{stamp // 1000}.{stamp % 1000:03}"),
    }
    return Rendered(pieces=pieces, samples=sum(map(len, families.values())), dropped=dropped)


def join_runs(runs: Sequence[Rendered], form: Format) -> bytes:
    """
    One body of several runs, as gzip.

    Args:
        runs: in the order of their ends. In OpenMetrics no two of them may have a series in common.
        form: its format.
    """
    return join(_joined(runs, form))


def _joined(runs: Sequence[Rendered], form: Format) -> Iterator[Piece]:
    for metric, head in _HEADS.items():
        pieces = [run.pieces[form][metric] for run in runs if metric in run.pieces[form]]
        if pieces:
            yield head
            yield from pieces
    yield _ENDS[form]


def _lines(samples: Iterable[Sample]) -> _Lines:
    # Most samples of a test have the same labels.
    texts: dict[tuple[tuple[str, ...], tuple[str, ...]], str] = {}
    lines: dict[str, tuple[Metric, str]] = {}
    for metric, labels, value, _ in samples:
        key = (metric.labels, labels)
        if key not in texts:
            pairs = zip(metric.labels, labels, strict=True)
            texts[key] = ",".join(f"{name}={quoted(safe_text(text))}" for name, text in pairs)
        series = f"{metric.name}{{{texts[key]}}}"
        lines.setdefault(series, (metric, f"{series} {value!r}"))
    return list(lines.values())


def _filled(room: int, tests: Iterable[_Lines]) -> tuple[list[_Lines], int]:
    """
    The lines of the tests that there is room for, and how many the first has that there is none for.
    """
    kept: list[_Lines] = []
    for lines in tests:
        room -= len(lines)
        if room < 0:
            return kept, len(lines)
        kept.append(lines)
    return kept, 0


def _by_rank(run: Run) -> list[Case]:
    """
    First the tests with a verdict, then those with a budget that is theirs alone, then the slowest, and of those
    alike the first by name.
    """
    judged = {verdict.case for verdict in run.verdicts}
    return sorted(run.cases, key=lambda case: _rank(case, is_judged=case.id in judged))


def _rank(case: Case, *, is_judged: bool) -> tuple[bool, bool, float, str]:
    has_own_budget = case.budget_seconds is not None and case.budget_source is not BudgetSource.TYPE_BUDGETS
    return (not is_judged, not has_own_budget, -(case.duration_seconds or 0.0), case.id)


def _pieces(families: Mapping[Metric, Sequence[str]], timestamp: str) -> dict[Metric, Piece]:
    # A label has no line break in it, so that each line ends here and nowhere else.
    return {metric: pack(f" {timestamp}\n".join([*lines, ""])) for metric, lines in families.items()}


def _by_family(groups: Iterable[_Lines]) -> dict[Metric, list[str]]:
    families: defaultdict[Metric, list[str]] = defaultdict(list)
    for metric, line in chain.from_iterable(groups):
        families[metric].append(line)
    return families


def _head(metric: Metric) -> Piece:
    return pack(f"# HELP {metric.name} {metric.help}\n# TYPE {metric.name} {metric.kind.value}\n")


_HEADS = {metric: _head(metric) for metric in CATALOGUE if metric.channel is Channel.RUN_SAMPLE}
NOTHING = Rendered(pieces={Format.TEXT: {}, Format.OPENMETRICS: {}}, samples=0, dropped=0)
_ENDS = {Format.TEXT: pack(""), Format.OPENMETRICS: pack("# EOF\n")}


class Cache:
    """
    Rendered runs by id, up to so many bytes; what was asked for last stays.
    """

    def __init__(self, most: int) -> None:
        self._most: Final = most
        self._size = 0
        self._items: Final[OrderedDict[str, Rendered]] = OrderedDict()

    def get(self, run_id: str) -> Rendered | None:
        if run_id in self._items:
            self._items.move_to_end(run_id)
        return self._items.get(run_id)

    def put(self, run_id: str, rendered: Rendered) -> None:
        self.drop(run_id)
        self._items[run_id] = rendered
        self._size += rendered.size
        while self._size > self._most and len(self._items) > 1:
            self.drop(next(iter(self._items)))

    def drop(self, run_id: str) -> None:
        if run_id in self._items:
            self._size -= self._items.pop(run_id).size
