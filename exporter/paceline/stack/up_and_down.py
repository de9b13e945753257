"""
A stack on this machine: up, looked after, and down.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from paceline.errors import StackError, StorageError
from paceline.files import holding, write_files
from paceline.stack import processes
from paceline.stack.configuration_files import configuration
from paceline.stack.grafana_server import find_grafana, grafana_files
from paceline.stack.ports import choose_ports, read_ports, write_ports
from paceline.stack.programs import Programs
from paceline.stack.services import PROGRAMS, Service, services
from paceline.stack.stack_settings import GRAFANA, PORTS, Layout, StackSettings
from paceline.stack.state_file import Started, StateFile


class Stack:
    """
    The stack of one folder.
    """

    def __init__(self, folder: Path) -> None:
        self._layout = Layout(folder)
        self._state = StateFile(self._layout.state)

    def status(self) -> list[tuple[Started, bool]]:
        """
        What was started, and whether it still runs.

        Raises:
            PacelineError: the state file cannot be read.
        """
        return [(one, one.process() is not None) for one in self._state.read()]

    def up(self, settings: StackSettings, programs: Programs, *, install: bool = False) -> list[Started]:
        """
        Start all servers, Grafana where there is one, and wait until each is ready. Where one fails, none is left.

        Raises:
            StackError: a stack runs already, a program is missing, or a program does not start.
            PacelineError: a port is in use, or the folder cannot be used.
        """
        with self._held():
            if any(runs for _, runs in self.status()):
                raise StackError("a part of the stack runs already")
            found = _programs(programs, install=install)
            ports = choose_ports(settings.ports, read_ports(self._layout.ports))
            grafana = find_grafana(programs.places)
            address = f"http://127.0.0.1:{ports[GRAFANA]}" if grafana else None
            texts = configuration(settings, ports, address)
            if grafana:
                texts |= grafana_files(self._layout, ports)
            write_files(self._layout.configuration, texts, force=True)
            write_ports(self._layout.ports, ports)
            return self._start(services(self._layout, ports, found, grafana), [])

    def mend(self, programs: Programs, *, install: bool = False) -> list[Started]:
        """
        Start again what ended by itself, where it was and as it is configured. Where one fails, the rest still runs.

        Returns:
            What was started.

        Raises:
            StackError: a program is missing, or does not start.
        """
        with self._held():
            known = self._state.read()
            ended = {one.name for one in known if one.process() is None}
            ports = PORTS | {one.name: one.port for one in known}
            found = _programs(programs, install=install)
            all_services = services(self._layout, ports, found, find_grafana(programs.places))
            return self._start([one for one in all_services if one.name in ended], known)

    def down(self) -> list[Started]:
        """
        End what was started and still runs, and nothing else; data and logs stay.

        Returns:
            What was ended.
        """
        if not self._layout.state.exists():
            return []
        with self._held():
            running = [one for one, runs in self.status() if runs]
            processes.end(reversed(running))
            self._state.clear()
            return running

    def _start(self, wanted: Iterable[Service], before: Sequence[Started]) -> list[Started]:
        """
        Start servers beside, or in place of, what was started before.
        """
        started: list[Started] = []
        known = {one.name: one for one in before}
        try:
            for service in wanted:
                started.append(processes.start(service, self._layout.log(service.name)))
                known[service.name] = started[-1]
                # Whatever ends this process now, `down` finds what it started.
                self._state.write(list(known.values()))
            for one in started:
                processes.wait_until_ready(one)
        except BaseException:
            processes.end(reversed(started))
            self._forget(before)
            raise
        return started

    def _forget(self, before: Sequence[Started]) -> None:
        if before:
            self._state.write(before)
        else:
            self._state.clear()

    @contextmanager
    def _held(self) -> Iterator[None]:
        with ExitStack() as opened:
            try:
                self._layout.prepare()
                # Two that start at once would both find that nothing runs.
                opened.enter_context(holding(self._layout.folder / ".lock"))
            except OSError as error:
                raise StorageError(f"{self._layout.folder}: cannot be written: {error.strerror}") from error
            yield


def _programs(programs: Programs, *, install: bool) -> Mapping[str, Path]:
    get = programs.have if install else programs.get
    return {name: get(program) for name, program in PROGRAMS.items()}
