"""
The conftest of all situations: a test says with a marker how many queries it sends.
"""

import os
import random
from sqlite3 import connect

import pytest

EARLY_CONNECT = connect


def pytest_configure(config):
    config.addinivalue_line("markers", "counts(call, setup, background): queries that the test sends")


def pytest_collection_modifyitems(items):
    if os.environ.get("ORDER") == "reversed":
        items.reverse()
    elif seed := os.environ.get("ORDER"):
        random.Random(seed).shuffle(items)


@pytest.fixture(autouse=True)
def _expected(request, paceline):
    marker = request.node.get_closest_marker("counts")
    (call,) = marker.args
    expected = {"setup": 0, "background": 0, **marker.kwargs, "call": call}
    for part, queries in expected.items():
        paceline.record(f"expected_{part}", queries)


@pytest.fixture
def token():
    """
    A secret that no result may have in it.
    """
    return os.environ["PLANTED_TOKEN"]
