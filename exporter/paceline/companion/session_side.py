"""
What the process that reports holds of its companion.
"""

import contextlib
from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec import Struct, convert, field

from paceline.companion.boundaries import Boundaries
from paceline.companion.folder import Answers, CompanionFiles
from paceline.live_report import LoadMoment
from paceline.model import Case, Machine
from paceline.unpatched import UNPATCHED

# What the end of a session may be held up by the last live report.
_LAST_SECONDS: Final = 2.0
# What a session may be held up that is over before the companion has begun to watch.
_START_SECONDS: Final = 0.1


class Observed(Struct, frozen=True, kw_only=True):
    """
    What the companion saw.

    `children_memory_peaks` is in bytes by the process that ran the test and the key of the test; a test in which no
    child process was seen is absent. `dropped` messages did not reach the companion, `failures` looks at the machine
    failed, and `messages` are for the user.
    """

    machine: Machine = field(default_factory=Machine)
    children_memory_peaks: Mapping[tuple[int, int], int] = field(default_factory=dict)
    dropped: int = 0
    failures: int = 0
    messages: tuple[str, ...] = ()


class Companion:
    """
    A companion that was started, see `paceline.companion.launch.start`.

    `fifo_path` goes to workers on the same machine, for `Boundaries.open`; this process has `boundaries`. `url` is that
    of the live endpoint, "" without one. From the first test's setup to the last one's teardown call nothing but
    `boundaries` and what begins with `tell_`: these neither wait nor raise. What begins with `tell_` does nothing
    unless something live is asked for.

    Raises:
        OSError: the FIFO cannot be opened.
    """

    def __init__(self, files: CompanionFiles) -> None:
        self.fifo_path: Final = files.messages
        self.boundaries: Final = Boundaries(files.messages)
        self.url = ""
        self.is_live = False
        self._files: Final = files
        self._process: Final = UNPATCHED.getpid()
        self._answers: Answers | None = None
        self._is_answered = False
        self._asked = 0.0
        self._started = 0
        self._numbers: dict[str, int] = {}

    def go_live(self, url: str) -> None:
        """
        The live state of the run is served, at this URL if it is not "".
        """
        self.url, self.is_live = url, True

    def tell_branch(self, branch: str, default_branch: str) -> None:
        """
        Call before the first test; live reports begin with it.
        """
        self._tell("branch", branch, default_branch)

    def tell_expected(self, tests: int) -> None:
        """
        How many tests were collected.
        """
        self._tell("expected", tests)

    def tell_case_started(self, node_id: str, shown: str) -> None:
        """
        A test starts, here or in a worker.

        Args:
            node_id: stays in this process.
            shown: the id without secrets.
        """
        if self.is_live:
            self._started += 1
            self._numbers[node_id] = self._started
            self._tell("start", self._started, shown)

    def tell_case_names(self, shown: Callable[[str], str]) -> None:
        """
        The ids of the tests that run now are known better.

        Args:
            shown: gives the id without secrets of a node id.
        """
        for node_id, number in self._numbers.items():
            self._tell("name", number, shown(node_id))

    def tell_case_ended(self, node_id: str) -> None:
        """
        A test no longer runs, however it ended.
        """
        if self.is_live and node_id in self._numbers:
            self._tell("end", self._numbers.pop(node_id))

    def tell_case(self, case: Case) -> None:
        """
        Count a test that has ended. Of a failed test, the id is sent too.
        """
        failed = case.id if case.outcome.is_failure else ""
        self._tell("case", case.test_type, case.outcome, case.duration_seconds, failed)

    def tell_load(self, test: str, moment: LoadMoment) -> None:
        """
        The latest second of the load test of a test.
        """
        self._tell("load", test, moment)

    def tell_failures(self, failures: int) -> None:
        """
        How often something went wrong inside Paceline so far.
        """
        self._tell("failures", failures)

    def finish(self, seconds: float = 0.5) -> Observed:
        """
        Ask for the last sample, after the last test's teardown. Where no answer comes in time, all figures are absent
        and a message says so. A session that is over before the companion has begun to watch has no figures either,
        and waits less. The last live report is on its way from now on.

        In a process that was forked from the one that started the companion, the answer is empty.
        """
        if UNPATCHED.getpid() != self._process:
            return Observed()
        self._asked = UNPATCHED.monotonic()
        self.boundaries.close()
        answer = None
        is_watching = True
        with contextlib.suppress(OSError):
            self._answers = Answers(self._files)
            self._answers.request(b"finish\n")
            answer = self._answers.wait(min(seconds, _START_SECONDS))
            if answer is None:
                is_watching = not self._files.take_order_back()
                answer = self._answers.wait(seconds - _START_SECONDS) if is_watching else None
        if answer is not None:
            self._is_answered = True
            return _observed(answer)
        return self._unanswered(seconds, is_watching=is_watching)

    def close(self, seconds: float = 0.0) -> tuple[str, ...]:
        """
        Have the companion end if it has not, and leave neither descriptor nor folder. Closing twice does nothing.

        Args:
            seconds: how long all servers together may hold up the session; the last live report is waited for so long
                since `finish`, and two seconds at most.

        Returns:
            What the user should read of the live reports.
        """
        if UNPATCHED.getpid() != self._process:
            return ()
        self.boundaries.close()
        messages: tuple[str, ...] = ()
        with contextlib.suppress(OSError):
            answers = self._answers or Answers(self._files)
            if not self._is_answered:
                answers.request(b"stop\n")
            elif self.is_live:
                answer = answers.wait(last_wait(seconds, UNPATCHED.monotonic() - self._asked))
                messages = tuple(answer["messages"]) if answer is not None else ()
            answers.close()
        self._files.remove()
        self._answers, self._is_answered = None, False
        return messages

    def _unanswered(self, seconds: float, *, is_watching: bool) -> Observed:
        why = self._files.silence(seconds if is_watching else 0)
        said = f"the companion process {why}: figures of the machine and of child processes are absent"
        return Observed(dropped=self.boundaries.dropped, messages=(said,) if why else ())

    def _tell(self, kind: str, *figures: object) -> None:
        if self.is_live:
            self.boundaries.tell(kind, *figures)


def last_wait(seconds: float, waited: float) -> float:
    """
    How long the end of a session still waits for the last live report.

    Args:
        seconds: how long all servers together may hold it up.
        waited: how long the report has been on its way.
    """
    return max(min(seconds, _LAST_SECONDS) - waited, 0.0)


def _observed(answer: dict[str, Any]) -> Observed:
    return Observed(
        machine=convert(answer["machine"], Machine),
        children_memory_peaks={(process, key): peak for process, key, peak in answer["children"]},
        dropped=answer["dropped"],
        failures=answer["failures"],
    )
