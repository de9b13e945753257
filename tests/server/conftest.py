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
