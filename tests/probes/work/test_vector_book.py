"""
The vectors of a process.
"""

from pathlib import Path

from paceline.probes.work.counted_calls import FunctionKey
from paceline.probes.work.project_code import ProjectCode
from paceline.probes.work.vector_book import VectorBook
from paceline.work import WorkMode

_CODE = ProjectCode(Path("/shop"), {"/shop/": "/shop/"})


def _key(name: str, line: int = 1) -> FunctionKey:
    return FunctionKey("shop.cart", name, "/shop/src/shop/cart.py", line)


def test_functions_are_named_by_module_and_place() -> None:
    """
    One that was loaded twice is one, and a moved line makes no other vector.
    """
    book = VectorBook()
    one = book.add({_key("total", 3): 1, _key("total", 30): 2}, _CODE)
    other = book.add({_key("total", 4): 3}, _CODE)
    work = book.work(WorkMode.ALL)

    assert one == other
    assert work is not None
    assert work.vectors == {one: {"shop.cart:total": 3}}
    assert [(function.name, function.file, function.line) for function in work.functions] == [
        ("shop.cart:total", "src/shop/cart.py", 3)
    ]


def test_functions_of_templates_are_named_by_their_file() -> None:
    """
    The code of a template runs in no module; the functions of two templates are two.
    """
    book = VectorBook()
    keys = [FunctionKey("", "root", f"/shop/templates/{name}.html", 1) for name in ("cart", "order")]
    fingerprint = book.add({keys[0]: 1, keys[1]: 2}, _CODE)
    work = book.work(WorkMode.ALL)

    assert work is not None
    assert work.vectors[fingerprint] == {"templates/cart.html:root": 1, "templates/order.html:root": 2}


def test_a_test_of_very_many_functions_keeps_those_called_most() -> None:
    """
    The others are one.
    """
    book = VectorBook()
    fingerprint = book.add({_key(f"made_{number}"): number + 1 for number in range(5000)}, _CODE)
    work = book.work(WorkMode.ALL)

    assert work is not None
    vector = work.vectors[fingerprint]
    assert len(vector) == 2000
    assert sum(vector.values()) == sum(range(1, 5001))
    assert vector["<other functions>"] == sum(range(1, 3002))
    assert len(book._functions) == 1999


def test_callers_are_added_up() -> None:
    """
    Those of functions that are known.
    """
    book = VectorBook()
    book.add({_key("price"): 1}, _CODE)
    for _ in range(2):
        book.add_callers({("shop.cart:price", "shop.cart:total"): 2, ("shop.cart:unknown", "t:test"): 1})
    work = book.work(WorkMode.ALL)

    assert work is not None
    assert work.callers == {"shop.cart:price": {"shop.cart:total": 4}}


def test_the_functions_with_most_loops_are_kept() -> None:
    """
    Three of each test, with their places also where no test called them.
    """
    book = VectorBook()
    book.add({_key("price"): 1}, _CODE)
    book.add_loops("t.py::test", book.named({_key(f"loops_{number}", number): number for number in range(9)}, _CODE))
    work = book.work(WorkMode.SUSPECTS)

    assert work is not None
    assert work.loops == {"t.py::test": {f"shop.cart:loops_{number}": number for number in (8, 7, 6)}}
    assert {(one.name, one.line) for one in work.functions} >= {("shop.cart:loops_8", 8), ("shop.cart:price", 1)}


def test_a_process_that_counted_nothing_has_no_work() -> None:
    """
    Nothing is kept of it.
    """
    assert VectorBook().work(WorkMode.ALL) is None
