"""
The shop under load.
"""

from typing import Any

from corner.web import app


def test_customers_see_prices(load_server: Any, load_test: Any) -> None:
    server = load_server(app)
    result = load_test(
        f"{server.url}/cart/1", concurrent_users=5, duration_seconds=2, p95_ms=1000, max_error_ratio=0.01
    )
    assert result.performance_acceptable, result.problems
