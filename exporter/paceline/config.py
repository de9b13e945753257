"""
One frozen configuration, made once from the command line, the environment and `[tool.paceline]`.
"""

import os
import tomllib
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct, convert, field

from paceline.analysis.confirmation import REPEATS
from paceline.analysis.ignored_queries import QuerySettings
from paceline.analysis.judgement_rules import Rules
from paceline.analysis.verdicts.budget import DEFAULT_BUDGETS_MS, Budgets
from paceline.analysis.verdicts.limits import limits_of
from paceline.config_errors import Wrong, find_wrong, one_of
from paceline.errors import ConfigError
from paceline.model import Limit
from paceline.usage import LIMITED
from paceline.verdict_kinds import FAILING_KINDS, VerdictKind
from paceline.work import WorkMode

DEFAULT_PORT = 4001
DEFAULT_RESULTS = "performance_results"
DEFAULT_BASELINES = "paceline_baselines.json"
DEFAULT_TEST_TYPE = "unit"
DEFAULT_TEST_TYPES: Mapping[str, tuple[str, ...]] = {
    test_type: (f"{test_type}/*", f"*/{test_type}/*") for test_type in DEFAULT_BUDGETS_MS
}
_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}
# What a setting is called where it is not in the file.
_VARIABLES = {
    "suite": "PACELINE_SUITE",
    "results": "PACELINE_RESULTS",
    "history": "PACELINE_HISTORY",
    "push": "PACELINE_PUSH",
    "push_ca_file": "PACELINE_PUSH_CA_FILE",
    "otlp": "PACELINE_OTLP",
    "live": "PACELINE_LIVE",
}
_OPTIONS = {
    "budget_ms": "--paceline-budget",
    "fail_on": "--paceline-fail-on",
    "history": "--paceline-history",
    "otlp": "--paceline-otlp",
    "otlp_traces": "--paceline-otlp-traces",
    "live": "--paceline-live",
    "port": "--paceline-port",
    "push": "--paceline-push",
    "push_ca_file": "--paceline-push-ca-file",
    "results": "--paceline-results",
    "suite": "--paceline-suite",
}

LONGEST_BUDGET_MS = 1e9
Milliseconds = Annotated[float, Meta(gt=0, lt=LONGEST_BUDGET_MS)]
NotNegative = Annotated[float, Meta(ge=0)]
LimitName = Annotated[str, Meta(pattern=rf"^({'|'.join(LIMITED)})\Z", description=one_of(LIMITED))]
_NAME = "1 to 100 letters, digits, '.', '+', '-' or '_'"
Name = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[\w.+-]+\Z", description=_NAME)]
_FAILING = one_of(FAILING_KINDS)
FailingKind = Annotated[VerdictKind, Meta(description=_FAILING)]


class Confirmation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    How suspects are measured again at the end of a session: at most so many `tests`, the worst first, each
    `repeats` times, and none is begun after so many `seconds`.
    """

    enabled: bool = True
    tests: Annotated[int, Meta(ge=1, le=1000)] = 20
    repeats: Annotated[int, Meta(ge=1, le=100)] = REPEATS
    seconds: Annotated[float, Meta(gt=0, le=3600)] = 30.0


class OutboxLimits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    What may wait for a server: so many `runs` and `megabytes` (MiB), each for so many `days`.
    """

    days: Annotated[float, Meta(gt=0, le=3650)] = 30.0
    runs: Annotated[int, Meta(ge=1, le=1_000_000)] = 1000
    megabytes: Annotated[float, Meta(gt=0, le=1_000_000)] = 256.0


class WorkSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Whose calls are counted: `packages` are the project's own, all that is found where they are empty. `share` is the
    part of the suite's time that a run with the mode `rotate` counts.
    """

    mode: WorkMode = WorkMode.SUSPECTS
    packages: tuple[str, ...] = ()
    share: Annotated[float, Meta(gt=0, le=1)] = 0.05


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    All settings. The fields are the keys of `[tool.paceline]`.

    `port` None means no live endpoint. `budget_ms` is the budget of each test that has none of its own. `history`
    is the address of a Prometheus that has the past, "" for the results folder. `push` is the address of an
    exporter, `otlp` that of a collector, or `env` where OTEL_* variables have it; "" for none. `push_seconds` is
    what bringing runs to both may take, and `push_ca_file` has the certificates that are trusted then, "" for what
    the machine trusts. `longest_seconds` is what Paceline may add to a session beside its repeats, whatever goes
    wrong, unless `push_seconds` or `history_seconds` is longer. `live` is the address of an exporter that is told
    how the run goes, "" for none. `trace_requests` says that requests of tests name the trace that `otlp_traces`
    sends. `limits` are by test type or pattern of paths, and then by the name of a limit.
    """

    enabled: bool = False
    suite: Annotated[str, Meta(max_length=100)] = ""
    results: Annotated[str, Meta(min_length=1)] = DEFAULT_RESULTS
    save_results: bool = True
    history: str = ""
    live: str = ""
    history_seconds: Annotated[float, Meta(gt=0, le=600)] = 10.0
    push: str = ""
    otlp: str = ""
    otlp_traces: bool = False
    trace_requests: bool = False
    push_seconds: Annotated[float, Meta(gt=0, le=600)] = 10.0
    push_ca_file: str = ""
    longest_seconds: Annotated[float, Meta(ge=1, le=3600)] = 10.0
    baselines: Annotated[str, Meta(min_length=1)] = DEFAULT_BASELINES
    default_branch: Annotated[str, Meta(max_length=200)] = ""
    fail_on: tuple[FailingKind, ...] = ()
    require_history: bool = False
    port: Annotated[int, Meta(ge=0, le=65535)] | None = None
    verbose_tests: bool = False
    whole_suite: tuple[str, ...] = ()
    benchmarks_only: bool = False
    stress: bool = False
    sample_seconds: Annotated[float, Meta(ge=0.05, le=60)] = 1.0
    budget_ms: Milliseconds | None = None
    budgets_ms: Mapping[Name, Milliseconds] = field(default_factory=dict)
    path_budgets_ms: Mapping[str, Milliseconds] = field(default_factory=dict)
    test_budgets_ms: Mapping[str, Milliseconds] = field(default_factory=dict)
    limits: Mapping[str, Mapping[LimitName, NotNegative]] = field(default_factory=dict)
    test_types: Mapping[Name, tuple[str, ...]] = field(default_factory=dict)
    rules: Rules = Rules()
    confirmation: Confirmation = Confirmation()
    outbox: OutboxLimits = OutboxLimits()
    work: WorkSettings = WorkSettings()
    queries: QuerySettings = QuerySettings()

    @property
    def added_seconds(self) -> float:
        """
        What Paceline may add to a session beside its repeats.
        """
        return max(self.longest_seconds, self.push_seconds, self.history_seconds)

    @property
    def budgets(self) -> Budgets:
        return Budgets(
            every_ms=self.budget_ms,
            by_test_ms=self.test_budgets_ms,
            by_path_ms=self.path_budgets_ms,
            by_type_ms={**DEFAULT_BUDGETS_MS, **self.budgets_ms},
        )

    def limits_of(self, path: str, test_type: str) -> tuple[Limit, ...]:
        """
        The limits of a test that has no marker of its own.
        """
        return tuple(limits_of(path, test_type, self.limits, self.known_types)) if self.limits else ()

    def type_of_path(self, path: str, default: str = DEFAULT_TEST_TYPE) -> str:
        """
        The test type of the tests in a file, by the first pattern that fits.

        Args:
            path: relative to the root of the project, with slashes.
            default: the type if no pattern fits.
        """
        for test_type, patterns in {**DEFAULT_TEST_TYPES, **self.test_types}.items():
            if any(fnmatchcase(path, pattern) for pattern in patterns):
                return test_type
        return default

    @property
    def known_types(self) -> frozenset[str]:
        return frozenset({DEFAULT_TEST_TYPE, *DEFAULT_TEST_TYPES, *self.test_types, *self.budgets_ms})


def load_config(
    pyproject: Path | None,
    options: Mapping[str, Any],
    environ: Mapping[str, str] = os.environ,
) -> Config:
    """
    Make the configuration; the command line wins over the environment, which wins over the file.

    Args:
        pyproject: the project's `pyproject.toml`; None or a missing file means no settings.
        options: settings of the command line, by field name; None means not given.
        environ: the environment.

    Raises:
        ConfigError: a key is unknown, or a value is invalid.
    """
    settings = _checked(read_table(pyproject), f"{pyproject} [tool.paceline]: ", {})
    from_environ = _checked(_environ_settings(environ), "the environment variable ", _VARIABLES)
    given = {key: value for key, value in options.items() if value is not None}
    from_options = _checked(given, "the command line: ", _OPTIONS)
    return convert(settings | from_environ | from_options, Config)


def read_table(pyproject: Path | None) -> dict[str, Any]:
    """
    The table `[tool.paceline]`.

    Raises:
        ConfigError: the file is not TOML, or `tool.paceline` is not a table.
    """
    if pyproject is None or not pyproject.is_file():
        return {}
    try:
        tool = tomllib.loads(pyproject.read_text("utf-8")).get("tool", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"{pyproject}: not valid TOML: {error}") from error
    if not isinstance(tool, dict):
        raise ConfigError(f"{pyproject}: tool is {tool!r}, expected a table")
    table = tool.get("paceline", {})
    if not isinstance(table, dict):
        raise ConfigError(f"{pyproject}: tool.paceline is {table!r}, expected a table")
    return table


def is_true(environ: Mapping[str, str], name: str) -> bool | None:
    """
    A switch of the environment; None where it is not set, or empty.

    Raises:
        ConfigError: the value is neither true nor false.
    """
    value = environ.get(name, "").strip().lower()
    if not value:
        return None
    if value not in _TRUE | _FALSE:
        raise ConfigError(f"the environment variable {name} is {environ[name]!r}, expected true or false")
    return value in _TRUE


def _environ_settings(environ: Mapping[str, str]) -> dict[str, Any]:
    # PERFORMANCE_DASHBOARD_PORT is the default of an option, so that it does not open a port by itself.
    settings: dict[str, Any] = {
        "enabled": is_true(environ, "PERFORMANCE_MONITORING"),
        "verbose_tests": is_true(environ, "VERBOSE_TESTS"),
        **{key: environ.get(variable) or None for key, variable in _VARIABLES.items()},
    }
    return {key: value for key, value in settings.items() if value is not None}


def dashboard_port(environ: Mapping[str, str] = os.environ) -> int:
    """
    The port of the live endpoint where none is given.

    Raises:
        ConfigError: `PERFORMANCE_DASHBOARD_PORT` is not a port.
    """
    text = environ.get("PERFORMANCE_DASHBOARD_PORT", "") or str(DEFAULT_PORT)
    if not text.isascii() or not text.isdigit() or int(text) > 65535:  # noqa: PLR2004
        raise ConfigError(
            f"the environment variable PERFORMANCE_DASHBOARD_PORT is {text!r}, expected a port from 0 to 65535"
        )
    return int(text)


def _checked(settings: dict[str, Any], where: str, names: Mapping[str, str]) -> dict[str, Any]:
    wrong = find_wrong(settings, Config) or _find_not_failing(settings)
    if wrong is not None:
        raise ConfigError(where + wrong.message(names))
    return settings


def _find_not_failing(settings: dict[str, Any]) -> Wrong | None:
    kinds = (kind for kind in settings.get("fail_on", ()) if kind not in FAILING_KINDS)
    return next((Wrong(("fail_on",), f"has {kind!r}", _FAILING) for kind in kinds), None)


def project_name(pyproject: Path) -> str:
    """
    The name in `[project]`, else "".
    """
    try:
        name = tomllib.loads(pyproject.read_text("utf-8")).get("project", {}).get("name", "")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError, AttributeError):
        return ""
    return name if isinstance(name, str) else ""
