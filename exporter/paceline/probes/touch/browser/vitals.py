"""
The figures that a browser keeps of a document: load time, largest contentful paint (LCP) and cumulative layout
shift (CLS).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

# An expression for the page, which it does not notice: no global is set, and no timer is used, as tests fake timers.
# `takeRecords` gives at once what the browser buffered. A frame is no page.
FUNCTION: Final = """() => {
  if (window !== window.top) return {origin: 0};
  const entries = type => performance.getEntriesByType(type);
  const buffered = type => {
    if (!PerformanceObserver.supportedEntryTypes.includes(type)) return [];
    const observer = new PerformanceObserver(() => {});
    observer.observe({type, buffered: true});
    const records = observer.takeRecords();
    observer.disconnect();
    return records;
  };
  const [navigation] = entries("navigation");
  const resources = entries("resource");
  return {
    origin: performance.timeOrigin,
    load: navigation ? navigation.loadEventEnd : 0,
    paint: Math.max(0, ...buffered("largest-contentful-paint").map(one => one.startTime)),
    shifts: buffered("layout-shift").filter(one => !one.hadRecentInput).map(one => [one.startTime, one.value]),
    requests: resources.length + (navigation ? 1 + navigation.redirectCount : 0),
    received: resources.reduce((sum, one) => sum + one.transferSize, navigation ? navigation.transferSize : 0),
  };
}"""
_MILLISECONDS = 1000
# A window of shifts ends after a second without one, and after five seconds.
# Source: web.dev, "Cumulative Layout Shift".
_GAP, _LONGEST = 1000, 5000


class Vitals(NamedTuple):
    """
    What a browser says of a document. `origin` tells one from the next; `load_seconds` is 0 until it is loaded.
    """

    origin: float
    load_seconds: float
    paint_seconds: float
    layout_shift: float
    requests: int
    received: int


def vitals_of(found: Mapping[str, Any]) -> Vitals | None:
    """
    The vitals as the function gave them; None in a frame.
    """
    if not found["origin"]:
        return None
    return Vitals(
        origin=found["origin"],
        load_seconds=found["load"] / _MILLISECONDS,
        paint_seconds=found["paint"] / _MILLISECONDS,
        layout_shift=layout_shift(found["shifts"]),
        requests=int(found["requests"]),
        received=int(found["received"]),
    )


def layout_shift(shifts: Iterable[Sequence[float]]) -> float:
    """
    The cumulative layout shift: the sum of the shifts in the worst window, to two decimals.

    Args:
        shifts: the time in milliseconds and the score of each, in order.
    """
    worst = total = 0.0
    first = last = float("-inf")
    for time, score in shifts:
        if time - last >= _GAP or time - first >= _LONGEST:
            first, total = time, 0.0
        last, total = time, total + score
        worst = max(worst, total)
    return round(worst, 2)
