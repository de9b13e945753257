"""
The shop under load, with a server of its own: `pytest --paceline --paceline-stress load`.
"""

import sys
from pathlib import Path

import pytest

from paceline.testkit import Endpoint

_SERVE = [sys.executable, str(Path(__file__).with_name("serve.py")), "{port}"]


@pytest.fixture
def shop(load_server):
    """
    The address of the shop.
    """
    return load_server(_SERVE, ready_path="/carts/1").url


def test_customers_look_at_carts(shop, load_test):
    """
    Four customers who look at large carts all the time are served.
    """
    result = load_test(
        f"{shop}/carts/1", concurrent_users=4, duration_seconds=3, max_error_ratio=0.01, min_requests_per_second=1
    )

    assert result.performance_acceptable, result.problems


def test_customers_come_at_a_rate(shop, load_test):
    """
    Twenty requests a second are answered in time. Three of four are searches.
    """
    endpoints = [
        Endpoint(f"{shop}/products?search=234", weight=3, name="search"),
        Endpoint(f"{shop}/products/{{sku}}", data=[{"sku": "SKU-0001"}, {"sku": "SKU-0500"}], name="product"),
    ]
    result = load_test(endpoints, requests_per_second=20, duration_seconds=3, p95_ms=2000, max_error_ratio=0.01)

    assert result.performance_acceptable, result.problems


@pytest.mark.stress
def test_how_many_customers(shop, stress_test):
    """
    More and more customers look at large carts, until they wait for longer than a second.
    """
    result = stress_test(
        f"{shop}/carts/1", initial_load=1, max_load=13, step_size=4, step_duration_seconds=1, p95_ms=1000
    )

    assert result.max_successful_load >= 1, result.summary()
