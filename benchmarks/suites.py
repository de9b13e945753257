"""
Suites of real packages: source distributions from the package index, run as they are.

The packages that their tests need are the group `suites` of `pyproject.toml`.
"""

import subprocess
import sys
import tarfile
from pathlib import Path
from typing import NamedTuple

# What keeps a suite from failing for a reason of this machine: strict warnings, caches, an order of chance.
QUIET = (
    "-q",
    "-W",
    "ignore",
    "-o",
    "addopts=",
    "-o",
    "filterwarnings=",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:randomly",
)
_NO_ASYNCIO = ("-p", "no:asyncio")


class Suite(NamedTuple):
    """
    A suite: the source distribution, the folder of its packages, and arguments of pytest.

    `archive` is the name of the distribution's file where it differs from that of the project. `needs` are plugins of
    pytest that the tests use.
    """

    project: str
    version: str
    packages: str = "."
    arguments: tuple[str, ...] = ()
    kind: str = ""
    archive: str = ""
    needs: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.project} {self.version}{f' ({self.kind})' if self.kind else ''}"

    def unpacked(self, archives: Path, folder: Path) -> Path:
        """
        Download the distribution where it is missing, and unpack it.
        """
        name = f"{self.archive or self.project}-{self.version}"
        archive = archives / f"{name}.tar.gz"
        if not archive.is_file():
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", self.project]
            subprocess.run([*command, "--dest", str(archives), f"{self.project}=={self.version}"], check=True)
        with tarfile.open(archive) as file:
            file.extractall(folder, filter="data")
        return folder / name


MARSHMALLOW = Suite("marshmallow", "4.4.0", "src", _NO_ASYNCIO)
TOOLZ = Suite("toolz", "1.2.0", ".", _NO_ASYNCIO)
SQLPARSE = Suite("sqlparse", "0.6.1", ".", _NO_ASYNCIO)
JINJA = Suite("jinja2", "3.1.6", "src")
STARLETTE = Suite("starlette", "1.10.0", ".", (), "async", needs=("anyio",))
DJANGO_REST = Suite(
    "djangorestframework",
    "3.18.3",
    ".",
    (*_NO_ASYNCIO, "tests/test_serializer.py", "tests/test_fields.py", "tests/test_validators.py"),
    "Django",
    needs=("django",),
)
CACHETOOLS = Suite("cachetools", "8.0.2", "src", _NO_ASYNCIO, "threads")
TENACITY = Suite("tenacity", "9.2.1", ".", (), "threads, async", needs=("asyncio",))
MPMATH = Suite(
    "mpmath",
    "1.4.1",
    ".",
    (
        *_NO_ASYNCIO,
        "mpmath/tests/test_basic_ops.py",
        "mpmath/tests/test_functions.py",
        "mpmath/tests/test_linalg.py",
        "mpmath/tests/test_matrices.py",
    ),
    "numeric",
)
WERKZEUG = Suite(
    "werkzeug",
    "3.1.9",
    "src",
    (
        *_NO_ASYNCIO,
        "tests/test_wrappers.py",
        "tests/test_routing.py",
        "tests/test_http.py",
        "tests/test_datastructures.py",
        "tests/test_urls.py",
        "tests/test_formparser.py",
    ),
)
ITSDANGEROUS = Suite("itsdangerous", "2.2.0", "src", ())
PLUGGY = Suite("pluggy", "1.7.0", "src", ("testing",))
# One of its modules imports a name that pytest 9 no longer has.
FLASK = Suite("flask", "3.1.3", "src", ("--ignore=tests/test_cli.py",))
MORE_ITERTOOLS = Suite(
    "more-itertools",
    "11.2.1",
    ".",
    ("--doctest-modules", "more_itertools", "tests"),
    "unittest, doctests",
    archive="more_itertools",
)
