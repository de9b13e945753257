"""
The configuration of a session, from pytest's options.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from paceline.config import Config, dashboard_port, load_config, project_name
from paceline.plugin import project_file
from paceline.run_origin import repository_name
from paceline.work import WorkMode

_DEFAULT_PORT = -1


def settings_of(config: pytest.Config, environ: Mapping[str, str] = os.environ) -> Config:
    """
    The configuration; every path and name in it is final.

    Raises:
        ConfigError: an unknown key, or a value that cannot be.
    """
    pyproject = project_file(config)
    root = pyproject.parent
    fail_on = config.getoption("paceline_fail_on")
    port = config.getoption("paceline_port")
    options: dict[str, Any] = {
        "enabled": config.getoption("paceline"),
        "require_history": config.getoption("paceline_require_history"),
        "fail_on": [kind.strip() for kind in fail_on.split(",") if kind.strip()] if fail_on is not None else None,
        "budget_ms": config.getoption("paceline_budget"),
        "history": config.getoption("paceline_history"),
        "otlp": config.getoption("paceline_otlp"),
        "otlp_traces": config.getoption("paceline_otlp_traces"),
        "push": config.getoption("paceline_push"),
        "push_ca_file": config.getoption("paceline_push_ca_file"),
        "live": config.getoption("paceline_live"),
        "results": config.getoption("paceline_results"),
        "save_results": config.getoption("paceline_save"),
        "port": dashboard_port(environ) if port == _DEFAULT_PORT else port,
        "suite": config.getoption("paceline_suite"),
        "benchmarks_only": config.getoption("paceline_benchmarks_only"),
        "stress": config.getoption("paceline_stress"),
    }
    settings = load_config(pyproject, options, environ)
    if config.getoption("paceline_confirm") is False:
        settings = replace(settings, confirmation=replace(settings.confirmation, enabled=False))
    mode = config.getoption("paceline_work")
    if mode is not None:
        settings = replace(settings, work=replace(settings.work, mode=WorkMode(mode)))

    # A relative path on the command line is the user's, one in the file is the project's.
    def base(key: str) -> Path:
        return Path.cwd() if options[key] else root

    return replace(
        settings,
        results=str(base("results") / settings.results),
        push_ca_file=str(base("push_ca_file") / settings.push_ca_file) if settings.push_ca_file else "",
        baselines=str(root / settings.baselines),
        suite=settings.suite or project_name(pyproject) or repository_name(root) or root.name or "suite",
    )
