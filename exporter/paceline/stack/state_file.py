"""
What was started, in a file, so that another command can look after it.
"""

from collections.abc import Sequence
from pathlib import Path

import psutil
from msgspec import DecodeError, Struct, ValidationError, json

from paceline.errors import DocumentError, StorageError
from paceline.files import replace_file
from paceline.stack.ports import port_of

# The system gives a start relative to its own boot time, which has whole seconds and moves with the clock.
_CLOCK_SECONDS = 2.0


class Started(Struct, frozen=True, kw_only=True):
    """
    A process that was started: what it is, where it answers, and what tells it from a later one with its number.

    `created` is when it began, in seconds since 1970. `ready` is the path that answers when it is ready.
    """

    name: str
    pid: int
    created: float
    url: str
    log: str
    ready: str = "/-/ready"

    @property
    def port(self) -> int:
        return port_of(self.url)

    def process(self) -> psutil.Process | None:
        """
        The process, where it still runs.
        """
        try:
            process = psutil.Process(self.pid)
            is_it = abs(process.create_time() - self.created) < _CLOCK_SECONDS
            return process if is_it and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None


class StateFile:
    """
    The file of one stack.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> list[Started]:
        """
        What was started, in order; empty where nothing was.

        Raises:
            DocumentError: the file is not a state file.
            StorageError: the file cannot be read.
        """
        try:
            return json.decode(self._path.read_bytes(), type=list[Started])
        except FileNotFoundError:
            return []
        except (DecodeError, ValidationError) as error:
            raise DocumentError(
                f"{self._path}: {error}, expected what `paceline stack up` writes; end what "
                f"`pgrep -af {self._path.parent}` lists, and remove the file"
            ) from error
        except OSError as error:
            raise StorageError(f"{self._path}: cannot be read: {error.strerror}") from error

    def write(self, started: Sequence[Started]) -> None:
        """
        Keep what was started; a reader sees this or what was before.
        """
        replace_file(self._path, json.format(json.encode(started), indent=2))

    def clear(self) -> None:
        self._path.unlink(missing_ok=True)
