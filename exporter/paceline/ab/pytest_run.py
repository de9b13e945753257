"""
One run of pytest in a work tree, kept in a folder of its own.
"""

import os
import sys
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path

from msgspec import Struct, json

from paceline.ab.import_location import FOLDER_VARIABLE, INSTALLED, read_imports
from paceline.errors import TrialError
from paceline.history.results_folder import ResultsFolder
from paceline.model import Run
from paceline.process_group import last_lines, run_in_group
from paceline.work import LOOPS_VARIABLE

# pytest's: all passed, or some failed; what failed is reported, not compared.
_RAN = frozenset({0, 1})
_NO_TESTS = 5


class Tree(Struct, frozen=True, kw_only=True):
    """
    A work tree of one side: its name, its root, and the folder in it that corresponds to where the user is.
    """

    name: str
    root: Path
    folder: Path
    original: Path

    @property
    def import_roots(self) -> tuple[Path, ...]:
        """
        Where this tree's code is to be imported from, before anything else: what leads into the user's work tree,
        as an editable install does, and the usual layouts.
        """
        named = [*os.environ.get("PYTHONPATH", "").split(os.pathsep), *sys.path]
        mapped = [self.mapped(Path(entry)) for entry in named if entry]
        usual = [self.folder / "src", self.folder, self.root / "src", self.root]
        return tuple(dict.fromkeys(path for path in [*mapped, *usual] if path is not None and path.is_dir()))

    def mapped(self, path: Path) -> Path | None:
        """
        The path in this tree for a path in the user's work tree; None for other paths and for those of an environment.
        """
        if not path.is_absolute() or not path.is_relative_to(self.original):
            return None
        inside = path.relative_to(self.original)
        return self.root / inside if INSTALLED.isdisjoint(inside.parts) else None

    @property
    def environ(self) -> dict[str, str]:
        rest = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
        kept = [entry for entry in rest if Path(entry).is_absolute() and self.mapped(Path(entry)) is None]
        return {**os.environ, "PYTHONPATH": os.pathsep.join([*map(str, self.import_roots), *kept])}

    def prepare(self, command: str) -> None:
        """
        Run the user's command that builds or installs the project.

        Raises:
            TrialError: the command fails.
        """
        code, output = run_in_group(command, self.environ, self.folder)
        if code:
            raise TrialError(f"{self.name}: --setup ended with exit code {code}:\n{last_lines(output)}")

    def run(
        self,
        arguments: Sequence[str],
        seed: int,
        seconds: float | None,
        *,
        counts: bool = False,
        loops_of: Collection[str] = (),
    ) -> tuple[Run, dict[str, Path]]:
        """
        Run the tests once.

        Args:
            arguments: of pytest.
            seed: of hashes, and so of the order in sets: the same for both sides, another in each round.
            seconds: how long it may take.
            counts: count the calls of all tests, whose times are then no figures.
            loops_of: run these tests alone, and count the rounds of their loops instead of their calls.

        Returns:
            The run, and the file of each module that was imported.

        Raises:
            TrialError: pytest ran no test, or left no run.
            TimeoutError: pytest took longer than `seconds` and was ended.
        """
        with tempfile.TemporaryDirectory(prefix="paceline-run-") as kept:
            results, imports = ResultsFolder(Path(kept) / "results"), Path(kept) / "imports"
            imports.mkdir()
            # Both sides run each test as often, and the comparison alone judges.
            options = [
                "-p",
                "paceline.ab.import_location",
                "--paceline",
                "--paceline-no-confirm",
                "--paceline-fail-on=",
            ]
            options += ["--paceline-history=", f"--paceline-work={'all' if counts or loops_of else 'off'}"]
            command = [sys.executable, "-m", "pytest", *options, f"--paceline-results={results.path}"]
            command += [self._argument(argument) for argument in arguments]
            environ = {"PYTHONHASHSEED": str(seed), **self.environ, FOLDER_VARIABLE: str(imports)}
            if loops_of:
                (tests := Path(kept) / "tests.json").write_bytes(json.encode(sorted(loops_of)))
                command += ["-p", "paceline.plugin.measure.loop_counting"]
                environ[LOOPS_VARIABLE] = str(tests)
            code, output = run_in_group(command, environ, self.folder, seconds)
            self._check(code, output)
            if not results.latest_report.is_file():
                raise TrialError(f"{self.name}: pytest left no run of Paceline:\n{last_lines(output)}")
            return results.read_latest(), read_imports(imports)

    def _check(self, code: int, output: str) -> None:
        if code == _NO_TESTS:
            raise TrialError(f"{self.name}: pytest collected no tests:\n{last_lines(output)}")
        if code not in _RAN:
            raise TrialError(f"{self.name}: pytest ended with exit code {code}:\n{last_lines(output)}")

    def _argument(self, argument: str) -> str:
        return str(self.mapped(Path(argument)) or argument)
