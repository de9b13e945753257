"""
An exporter for a test.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.exporter import Exporter, exporter_in


@pytest.fixture
def exporter(tmp_path: Path) -> Iterator[Exporter]:
    """
    An exporter with an empty ledger, and everything else as it is by default.
    """
    with exporter_in(tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporter]:
    """
    One for all tests of a module that send it nothing that it keeps.
    """
    with exporter_in(tmp_path_factory.mktemp("exporter")) as running:
        yield running
