"""
The receivers of a run's live state: a scraper and exporters.
"""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import convert

from paceline.companion.live_endpoint import ADDRESS, LiveEndpoint
from paceline.companion.live_reports import LiveReports, LiveServer
from paceline.companion.live_run import LiveRun
from paceline.companion.order import Live
from paceline.companion.sampler import Sampler
from paceline.errors import ConfigError


class LiveOutlets:
    """
    The live endpoint and the live reports, as far as they are asked for.

    `url` is that of the endpoint, "" without one.

    Args:
        order: `Live`, as JSON.
        sampler: has the last sample of the process tree and of the machine.

    Raises:
        ConfigError: the port cannot be used, or the address of the server is not valid.
    """

    def __init__(self, order: Mapping[str, Any], sampler: Sampler) -> None:
        live = convert(order, Live)
        self.url = ""
        self._run = LiveRun(live, sampler)
        self._reports: LiveReports | None = None
        self._endpoint: LiveEndpoint | None = None
        if live.server:
            self._reports = LiveReports(LiveServer(live.server, live.ca_file, os.environ), self._run)
        if live.port is not None:
            self._endpoint = _endpoint(live.port, live.suite, self._run)
            self.url = self._endpoint.url

    def take(self, at_ns: int, kind: str, figures: Sequence[Any]) -> None:
        """
        Take a message of the session, see the methods of `Companion` that begin with `tell_`.
        """
        if kind == "start":
            number, case = figures
            self._run.start_case(number, case, at_ns)
        elif kind == "name":
            self._run.name_case(*figures)
        elif kind == "end":
            self._run.end_case(*figures)
        elif kind == "load":
            self._run.take_load(*figures)
        elif kind == "case":
            self._add(*figures)
        elif kind == "failures":
            (self._run.failures,) = figures
        elif kind == "expected":
            (self._run.expected,) = figures
        elif kind == "branch":
            self._run.branch, self._run.default_branch = figures
            if self._reports is not None:
                self._reports.start()

    def end(self, seconds: float) -> list[str]:
        """
        Have the last report sent, and say what went wrong.
        """
        if self._reports is None:
            return []
        self._reports.end()
        self._reports.wait(seconds)
        return self._reports.messages

    def _add(self, test_type: str, outcome: str, seconds: float | None, failed: str) -> None:
        self._run.count(outcome, failed)
        if self._endpoint is not None:
            self._endpoint.add(test_type, outcome, seconds)


def _endpoint(port: int, suite: str, run: LiveRun) -> LiveEndpoint:
    try:
        return LiveEndpoint(port, suite, run)
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or error
        raise ConfigError(
            f"the live endpoint cannot use port {port} on {ADDRESS}: {why}; choose another with --paceline-port"
        ) from error
