"""
Node ids rebuilt from JUnit XML.
"""

import pytest
from _pytest.junitxml import mangle_test_address
from hypothesis import given
from hypothesis import strategies as st

from paceline.history.importers.junit_node_ids import Address, find_identity

_SNAKES = st.from_regex(r"[a-z][a-z0-9_]{0,11}", fullmatch=True)
_CAMELS = st.from_regex(r"[A-Z][A-Za-z0-9_]{0,11}", fullmatch=True)
_PARAMETERS = st.text(st.characters(exclude_categories=("C", "Z")), max_size=20)
_MODULES = st.lists(_SNAKES, min_size=1, max_size=4).map(lambda parts: "/".join(parts) + ".py")
_TESTS = st.builds(lambda *parts: "::".join(parts), _MODULES, _SNAKES) | st.builds(
    lambda module, classes, test: "::".join([module, *classes, test]),
    _MODULES,
    st.lists(_CAMELS, max_size=3),
    _SNAKES,
)


def _address(node_id: str, file: str = "") -> Address:
    *parts, name = mangle_test_address(node_id)
    return Address(name, ".".join(parts), file, "pytest")


@given(_TESTS)
def test_a_node_id_survives_what_pytest_makes_of_it(test: str) -> None:
    """
    Any test of a snake_case module and CamelCase classes is found under its node id, with a file or without.
    """
    file = test.partition("::")[0]

    assert find_identity(_address(test)) == (test, test)
    assert find_identity(_address(test, file)) == (test, test)


@given(_TESTS, _PARAMETERS)
def test_parameters_belong_to_the_node_id_and_not_to_the_family(test: str, parameters: str) -> None:
    """
    Whatever stands between the brackets, the family is what stands before them.
    """
    node_id = f"{test}[{parameters}]"

    assert find_identity(_address(node_id)) == (node_id, test)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (
            Address("test_total", "tests.cart_tests.cart_case", "tests/cart_tests.py"),
            "tests/cart_tests.py::cart_case::test_total",
        ),
        (Address("test_total", "tests.test-v1.2", "tests/test-v1.2.py"), "tests/test-v1.2.py::test_total"),
        (Address("test_total", "tests.test_cart", "tests\\test_cart.py"), "tests/test_cart.py::test_total"),
        (
            Address("test_total", "nightly.tests.test_cart.TestCart", "tests/test_cart.py"),
            "tests/test_cart.py::TestCart::test_total",
        ),
        (
            Address("test_total", "tests.test_cart.TestCart", "tests/base.py"),
            "tests/test_cart.py::TestCart::test_total",
        ),
        (Address("usage.rst", "docs.usage.rst", "docs/usage.rst"), "docs/usage.rst::usage.rst"),
        (Address("usage.rst", "docs.usage.rst"), "docs/usage.rst::usage.rst"),
        (Address("README.md", "README.md"), "README.md::README.md"),
        (Address("shop.cart.total", "shop.cart"), "shop/cart.py::shop.cart.total"),
        (Address("test_total", "TestCart"), "TestCart.py::test_total"),
    ],
    ids=[
        "class in small letters",
        "dots in the path",
        "Windows",
        "--junitprefix",
        "inherited test",
        "text doctest with file",
        "text doctest",
        "text doctest at the root",
        "doctest",
        "module in capitals",
    ],
)
def test_a_test_of_pytest_is_found_under_its_node_id(address: Address, expected: str) -> None:
    """
    The file decides where it can; else capitals, and the suffixes of text files, tell what is what.
    """
    assert find_identity(address).node_id == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (Address("total", "com.shop.CartTest", "", "com.shop.CartTest"), "com.shop.CartTest::total"),
        (Address("TestTotal", "github.com/shop/cart", "", "cart"), "github.com/shop/cart::TestTotal"),
        (Address("adds up", "Cart adds up", "src/cart.test.js", "Cart"), "src/cart.test.js::Cart adds up::adds up"),
        (Address("adds up", "src/cart.test.js", "src/cart.test.js"), "src/cart.test.js::adds up"),
        (Address("adds up", "spec.cart_spec", "./spec/cart_spec.rb"), "spec/cart_spec.rb::adds up"),
        (Address("adds [1] and [2] up", "", ""), "adds [1] and [2] up"),
    ],
    ids=["Surefire", "Go", "Jest", "Jest with the path as class", "RSpec", "name only"],
)
def test_a_test_of_another_tool_keeps_its_names(address: Address, expected: str) -> None:
    """
    No Python file is made up for a test that is not in one.
    """
    identity = find_identity(address)

    assert identity == (expected, expected)
