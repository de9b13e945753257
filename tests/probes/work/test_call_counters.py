"""
Counting calls.
"""

import asyncio
import importlib
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import jinja2
import pytest

from paceline.probes.work.call_counters import MonitoringCounter, NotCountableError, ProfileCounter, make_counter
from paceline.probes.work.counted_calls import CountedCalls
from paceline.probes.work.project_code import ProjectCode
from paceline.unpatched import Monitoring

_SHOP = """
def price(item):
    return item

def total(items):
    return sum(price(item) for item in items)

def stock():
    yield 1
    yield 2

async def ask():
    await pause()
    await pause()

async def pause():
    import asyncio
    await asyncio.sleep(0)

def deep(left):
    return 0 if left == 0 else deep(left - 1)

def endless():
    return endless()

def rounds(number):
    for one in range(number):
        number += one

def made(number):
    space = {"__name__": __name__}
    exec(compile("def answer():\\n    return 42", "<template>", "exec"), space)
    return space["answer"]()

def rendered(template, number):
    return template.render(number=number)
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """
    A module of a project.
    """
    (tmp_path / "shop_of_calls.py").write_text(_SHOP, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    import shop_of_calls  # type: ignore[import-not-found]  # noqa: PLC0415

    yield shop_of_calls
    del sys.modules["shop_of_calls"]


class _MonitoringModule:
    """
    The tool ids of `sys.monitoring`, on each Python.
    """

    DISABLE = object()
    events = SimpleNamespace(PY_START=1, JUMP=2, NO_EVENTS=0)

    def __init__(self, tools: dict[int, str]) -> None:
        self.tools = tools
        self.events_on: dict[int, int] = {}
        self.callbacks: dict[int, object] = {}

    def use_tool_id(self, tool: int, name: str) -> None:
        assert tool not in self.tools
        self.tools[tool] = name

    def free_tool_id(self, tool: int) -> None:
        del self.tools[tool]

    def get_tool(self, tool: int) -> str | None:
        return self.tools.get(tool)

    def register_callback(self, tool: int, _event: int, callback: object) -> object:
        before, self.callbacks[tool] = self.callbacks.get(tool), callback
        return before

    def set_events(self, tool: int, events: int) -> None:
        self.events_on[tool] = events


def _calls_of(shop: ModuleType) -> CountedCalls:
    folder = f"{Path(str(shop.__file__)).parent}/"
    return CountedCalls(ProjectCode(Path(folder), {folder: folder}))


def _counted(shop: ModuleType, step: Callable[[], object]) -> dict[str, int]:
    """
    The calls of a step, by name.
    """
    counter, calls = make_counter(), _calls_of(shop)
    counter.start(calls)
    try:
        step()
    finally:
        is_whole = counter.stop()
        counter.close()
    assert is_whole
    return {key.qualname: count for key, count in calls.totals().items()}


def test_each_call_of_the_project_is_counted(shop: ModuleType) -> None:
    """
    In the order of the first calls; functions of others are not.
    """
    counts = _counted(shop, lambda: [sorted([2, 1]), shop.total([1, 2, 3]), shop.price(4)])

    assert list(counts.items()) == [("total", 1), ("total.<locals>.<genexpr>", 1), ("price", 4)]


def test_generators_and_coroutines_count_once(shop: ModuleType) -> None:
    """
    When they start, not each time that they go on.
    """
    counts = _counted(shop, lambda: [list(shop.stock()), asyncio.run(shop.ask())])

    assert counts == {"stock": 1, "ask": 1, "pause": 2}


def test_calls_of_threads_are_counted(shop: ModuleType) -> None:
    """
    All of them, also where threads take turns.
    """

    def run() -> None:
        threads = [threading.Thread(target=lambda: [shop.price(1) for _ in range(5000)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert _counted(shop, run)["price"] == 20_000


def test_recursion_is_counted_to_its_end(shop: ModuleType) -> None:
    """
    Recursion without an end raises the error that it raises without counting; `sys.setprofile` does not outlive that.
    """
    counter, calls = make_counter(), _calls_of(shop)
    counter.start(calls)
    with pytest.raises(RecursionError):
        shop.endless()
    is_whole = counter.stop()
    counter.close()

    assert is_whole is isinstance(counter, MonitoringCounter)
    assert {key.qualname for key in calls.totals()} == {"endless"}
    assert _counted(shop, lambda: shop.deep(50)) == {"deep": 51}


def test_code_of_templates_is_one_function(shop: ModuleType) -> None:
    """
    However often it is made anew; it belongs to the module that it runs in.
    """
    counts = _counted(shop, lambda: [shop.made(number) for number in range(100)])

    assert counts == {"made": 100, "<module>": 100, "answer": 100}


def test_templates_without_a_file_are_one_function_by_name(shop: ModuleType) -> None:
    """
    They are the project's where its code has a library render them, and nobody's where a test does.
    """
    library = jinja2.Environment(loader=jinja2.DictLoader({"total.txt": "{{ number }}{% block tax %}{% endblock %}"}))
    calls, counter = _calls_of(shop), make_counter()
    counter.start(calls)
    library.get_template("total.txt").render()
    for number in range(100):
        shop.rendered(jinja2.Environment().from_string(f"{number} {{{{ number }}}}"), number)
        shop.rendered(library.get_template("total.txt"), number)
    counter.stop()
    counter.close()

    assert {key[:2]: count for key, count in calls.totals().items() if key.file == "<template>"} == {
        ("<template>", "root"): 100,
        ("total.txt", "root"): 100,
        ("total.txt", "block_tax"): 100,
    }
    assert _counted(shop, lambda: jinja2.Template("{{ number }}").render(number=1)) == {}


def test_a_function_that_takes_the_place_of_another_has_its_own_name(
    shop: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    A test that patches the project counts what it calls.
    """
    monkeypatch.setattr(shop, "price", shop.deep)

    assert _counted(shop, lambda: shop.total([1])) == {"total": 1, "total.<locals>.<genexpr>": 1, "deep": 2}


def test_a_module_that_is_loaded_again_has_the_same_functions(shop: ModuleType) -> None:
    """
    Their code is new, and their names and places are as before.
    """

    def step() -> None:
        shop.price(1)
        importlib.reload(shop)
        shop.price(1)

    assert _counted(shop, step) == {"price": 2, "<module>": 1}


def test_another_profiler_keeps_its_place(shop: ModuleType) -> None:
    """
    Nothing is counted then, and it is said.
    """
    seen: list[str] = []
    sys.setprofile(lambda _frame, event, _argument: seen.append(event))
    try:
        with pytest.raises(NotCountableError) as caught:
            ProfileCounter().start(_calls_of(shop))
    finally:
        sys.setprofile(None)

    assert str(caught.value) == "another profiler uses sys.setprofile (function)"
    assert seen


def test_the_first_free_tool_id_is_taken(shop: ModuleType) -> None:
    """
    Those of debuggers and of coverage stay free, and those of others theirs.
    """
    module = _MonitoringModule({4: "other"})
    counter = MonitoringCounter(Monitoring(module))
    counter.start(_calls_of(shop))
    taken = dict(module.tools)
    counter.stop()
    counter.close()

    assert taken == {4: "other", 3: "paceline"}
    assert module.tools == {4: "other"}
    assert module.events_on == {3: 0}


def test_all_tool_ids_may_be_taken(shop: ModuleType) -> None:
    """
    Then nothing is counted, and it is said who has them.
    """
    module = _MonitoringModule(dict.fromkeys(range(2, 6), "other"))
    with pytest.raises(NotCountableError) as caught:
        MonitoringCounter(Monitoring(module)).start(_calls_of(shop))

    assert str(caught.value) == "all tool ids of sys.monitoring are in use (other, other, other, other)"


def test_a_test_may_take_the_counter_away(shop: ModuleType) -> None:
    """
    Then the count is not whole, and the next one is.
    """
    counter = make_counter()
    counter.start(_calls_of(shop))
    if isinstance(counter, MonitoringCounter):
        counter._monitoring.free_tool_id(counter._tool or 0)
    else:
        sys.setprofile(None)
    is_whole = counter.stop()
    calls = _calls_of(shop)
    counter.start(calls)
    shop.price(1)

    assert not is_whole
    assert counter.stop()
    assert [(key.module, count) for key, count in calls.totals().items()] == [("shop_of_calls", 1)]
    counter.close()


def test_rounds_of_loops_are_jumps_back() -> None:
    """
    Those of the project alone; a jump forward is no round, and ends the watch on its place.
    """
    module = _MonitoringModule({})
    counter, folder = MonitoringCounter(Monitoring(module)), f"{Path(__file__).parent}/"
    calls = CountedCalls(ProjectCode(Path(folder), {folder: folder}), notes_loops=True)
    counter.start(calls)
    on_jump: Any = module.callbacks[4]
    here, elsewhere = test_rounds_of_loops_are_jumps_back.__code__, Path.read_text.__code__
    found = [on_jump(here, 10, 4), on_jump(here, 10, 4), on_jump(here, 4, 10), on_jump(elsewhere, 10, 4)]

    assert module.events_on == {4: module.events.JUMP}
    assert counter.stop()
    assert found == [None, None, module.DISABLE, module.DISABLE]
    assert [(key.qualname, count) for key, count in calls.totals().items()] == [(here.co_qualname, 2)]


def test_loops_are_not_counted_by_a_profiler(shop: ModuleType) -> None:
    """
    `sys.setprofile` does not see them.
    """
    calls = CountedCalls(_calls_of(shop)._project, notes_loops=True)

    with pytest.raises(NotCountableError, match=r"Python 3\.12"):
        ProfileCounter().start(calls)


def test_loops_are_counted_where_the_interpreter_tells_of_them(shop: ModuleType) -> None:
    """
    By the function that they are in.
    """
    counter, calls = make_counter(), CountedCalls(_calls_of(shop)._project, notes_loops=True)
    if not isinstance(counter, MonitoringCounter):
        return
    counter.start(calls)
    try:
        shop.rounds(7)
    finally:
        counter.stop()
        counter.close()

    assert {key.qualname: count for key, count in calls.totals().items()} == {"rounds": 7}
