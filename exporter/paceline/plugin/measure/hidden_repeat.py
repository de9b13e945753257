"""
Hide from everybody that a test is run again.
"""

import gc
import io
import sys
import warnings
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from typing import Any

import pytest
from _pytest.junitxml import xml_key

try:
    from _pytest.threadexception import thread_exceptions
    from _pytest.unraisableexception import unraisable_exceptions
except ImportError:  # before pytest 8.4, which reported them with the phase of a test or not at all
    _WAITING_ERRORS: tuple[pytest.StashKey[Any], ...] = ()
else:
    _WAITING_ERRORS = (unraisable_exceptions, thread_exceptions)

# Who implements one of these reports tests or repeats them, and takes no part in a repeat.
_REPORTING = frozenset(
    {
        "pytest_exception_interact",
        "pytest_runtest_logfinish",
        "pytest_runtest_logreport",
        "pytest_runtest_logstart",
        "pytest_runtest_makereport",
        "pytest_warning_recorded",
    }
)
_REPORT = "pytest_runtest_makereport"
_OF_PYTEST = "_pytest."
# These make tests run as they should, and keep nothing of them.
_TAKING_PART = ("_hypothesis_pytestplugin", "pytest_asyncio.", "anyio.", "paceline.")


@contextmanager
def hidden_repeat(config: pytest.Config) -> Iterator[None]:
    """
    While tests are run again: no report, no output, no log, no warning, no covered line, no result of another plugin.
    """
    with ExitStack() as stack:
        for hide in (_unreported, _without_output, _without_logs, _without_waiting_errors, _without_coverage):
            stack.enter_context(hide(config))
        stack.enter_context(_unshown(config.option))
        stack.enter_context(_without_junit_properties(config))
        stack.enter_context(warnings.catch_warnings(record=True))
        yield


@contextmanager
def unchanged(item: pytest.Item) -> Iterator[None]:
    """
    Keep what a test and plugins put on its item. It may be the test whose teardown is under way, and needs it again.
    """
    properties, sections = list(item.user_properties), list(item._report_sections)  # noqa: SLF001 - as pytest does
    stash = dict(item.stash._storage)  # noqa: SLF001
    request: dict[str, Any] = {name: vars(item)[name] for name in ("_request", "funcargs") if name in vars(item)}
    if "_request" in request:
        item._request = False  # type: ignore[attr-defined]  # noqa: SLF001 - pytest makes another one
    try:
        yield
    finally:
        item.user_properties[:] = properties
        item._report_sections[:] = sections  # noqa: SLF001
        item.stash._storage.clear()  # noqa: SLF001
        item.stash._storage.update(stash)  # noqa: SLF001
        vars(item).update(request)


@contextmanager
def _unreported(config: pytest.Config) -> Iterator[None]:
    """
    Call no hook that reports, and no hook at all of plugins that report. Each call of a hook has a list of
    implementations of its own, which is filtered.
    """
    reporters = {id(plugin) for plugin in config.pluginmanager.get_plugins() if _is_reporter(config, plugin)}

    def leave_out(name: str, implementations: Sequence[Any], _: Mapping[str, Any]) -> None:
        if not isinstance(implementations, list):
            return
        if name in _REPORTING:
            kept = [one for one in implementations if name == _REPORT and _module_of(one.plugin).startswith(_KEPT)]
        else:
            kept = [one for one in implementations if id(one.plugin) not in reporters]
        implementations[:] = kept

    undo = config.pluginmanager.add_hookcall_monitoring(before=leave_out, after=lambda *_: None)
    try:
        yield
    finally:
        undo()


_KEPT = (_OF_PYTEST, "paceline.")


def _is_reporter(config: pytest.Config, plugin: object) -> bool:
    module = _module_of(plugin)
    if module.startswith((_OF_PYTEST, *_TAKING_PART)) or _is_conftest(plugin):
        return False
    callers = config.pluginmanager.get_hookcallers(plugin) or ()
    return any(caller.name in _REPORTING for caller in callers)


def _module_of(plugin: object) -> str:
    return f"{getattr(plugin, '__name__', None) or type(plugin).__module__}."


def _is_conftest(plugin: object) -> bool:
    return str(getattr(plugin, "__file__", "")).endswith("conftest.py")


@contextmanager
def _without_output(config: pytest.Config) -> Iterator[None]:
    """
    With `-s` nothing captures what a test prints.
    """
    if config.getoption("capture", "fd") != "no":
        yield
        return
    sys.stdout.flush()
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        yield


@contextmanager
def _without_logs(config: pytest.Config) -> Iterator[None]:
    """
    Switch off the handlers that write logs to the terminal and to a file as they come.
    """
    plugin = config.pluginmanager.get_plugin("logging-plugin")
    handlers = [getattr(plugin, name, None) for name in ("log_cli_handler", "log_file_handler")]
    switched = [handler for handler in handlers if handler is not None]

    def refuse(_record: object) -> bool:
        return False

    for handler in switched:
        handler.addFilter(refuse)
    try:
        yield
    finally:
        for handler in switched:
            handler.removeFilter(refuse)


@contextmanager
def _without_waiting_errors(config: pytest.Config) -> Iterator[None]:
    """
    Keep what pytest has still to report of tests that have ended, and forget errors in finalizers of repeats: pytest
    would blame them on nobody.
    """
    gc.collect()
    waiting = [config.stash[key] for key in _WAITING_ERRORS if key in config.stash]
    errors = [errors.copy() for errors in waiting]
    for queue in waiting:
        queue.clear()
    try:
        yield
    finally:
        with warnings.catch_warnings(record=True):
            gc.collect()
        for queue, before in zip(waiting, errors, strict=True):
            queue.clear()
            queue.extend(before)


@contextmanager
def _without_junit_properties(config: pytest.Config) -> Iterator[None]:
    """
    Fixtures such as `record_xml_attribute` write into the report of JUnit by themselves.
    """
    file = config.stash.get(xml_key, None)
    if file is None:
        yield
        return
    properties = list(file.global_properties)
    del config.stash[xml_key]
    try:
        yield
    finally:
        config.stash[xml_key] = file
        file.global_properties[:] = properties


@contextmanager
def _unshown(options: Namespace) -> Iterator[None]:
    """
    Hide the fixtures that --setup-show shows of each test. Without pytest's own plugins there may be no such option.
    """
    shown, options.setupshow = getattr(options, "setupshow", False), False
    try:
        yield
    finally:
        options.setupshow = shown


@contextmanager
def _without_coverage(_config: pytest.Config) -> Iterator[None]:
    """
    The tracer of coverage.py goes on, so that a repeat costs what the first run did; what it collects is dropped.
    """
    collectors = list(_running_collectors())
    for collector in collectors:
        collector.flush_data()
    try:
        yield
    finally:
        for collector in collectors:
            collector._clear_data()  # noqa: SLF001 - there is no public way to drop what was collected


def _running_collectors() -> Iterator[Any]:
    coverage = sys.modules.get("coverage")
    current: Callable[[], Any] | None = getattr(getattr(coverage, "Coverage", None), "current", None)
    running = current() if current is not None else None
    collector = getattr(running, "_collector", None)
    if collector is not None and hasattr(collector, "flush_data") and hasattr(collector, "_clear_data"):
        yield collector
