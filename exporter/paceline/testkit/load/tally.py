"""
Counts requests until an interval is taken.
"""

from collections import defaultdict

from paceline.testkit.load.load_plan import ErrorCount, WorkerInterval

_MICROSECONDS = 1e6
_LONGEST_EXAMPLE = 200
NO_ANSWER_AT_THE_END = "no answer when the test ended"
NOT_SENT = "not sent: all users waited for answers"


class Failure(Exception):  # noqa: N818 - a value that is raised
    """
    Why a request failed: a kind that is the same for all of its sort, and what was found.
    """

    def __init__(self, kind: str, example: str = "") -> None:
        super().__init__(kind, example)
        self.kind = kind
        self.example = example or kind


class Tally:
    """
    Requests, failures and lags since the last interval was taken.
    """

    def __init__(self, targets: int) -> None:
        self._targets = targets
        self._users = 0
        self._clear()

    def answer(self, target: int, seconds: float) -> None:
        """
        Count a request that was answered, with its latency.
        """
        self._latencies[target][int(seconds * _MICROSECONDS)] += 1

    def latencies_of(self, target: int) -> defaultdict[int, int]:
        """
        The answers of this interval by microseconds, for a caller that counts them itself.
        """
        return self._latencies[target]

    def failure(self, target: int, failure: Failure, count: int = 1) -> None:
        """
        Count a request that failed.
        """
        self._failures[target] = self._failures.get(target, 0) + count
        before = self._errors.get(failure.kind)
        example = before.example if before is not None else failure.example[:_LONGEST_EXAMPLE]
        self._errors[failure.kind] = ErrorCount(count=count + (before.count if before else 0), example=example)

    def warm_up(self) -> None:
        """
        Count a request of the warm-up.
        """
        self._warm_up += 1

    def lag(self, seconds: float) -> None:
        """
        Count how much later than due a request was sent.
        """
        microseconds = int(max(seconds, 0.0) * _MICROSECONDS)
        self._lags[microseconds] = self._lags.get(microseconds, 0) + 1

    def received(self, count: int) -> None:
        """
        Count bytes of answers.
        """
        self._received += count

    def has_users(self, users: int) -> None:
        """
        Keep the most users of the interval.
        """
        self._users = max(self._users, users)

    def take(self, second: int, seconds: float = 1.0) -> WorkerInterval:
        """
        The counts of the interval that ends, which are forgotten here.
        """
        interval = WorkerInterval(
            second=second,
            seconds=seconds,
            users=self._users,
            latencies={target: counts for target, counts in enumerate(self._latencies) if counts},
            failures=self._failures,
            errors=self._errors,
            lags=self._lags,
            received_bytes=self._received,
            warm_up=self._warm_up,
        )
        self._clear()
        return interval

    def _clear(self) -> None:
        self._latencies: list[defaultdict[int, int]] = [defaultdict(int) for _ in range(self._targets)]
        self._failures: dict[int, int] = {}
        self._errors: dict[str, ErrorCount] = {}
        self._lags: dict[int, int] = {}
        self._received = self._warm_up = self._users = 0
