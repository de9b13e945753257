"""
The files that Prometheus and Alertmanager read, from their templates, and the rules for the Prometheus Operator.

A template is the file itself with names in angle brackets: `<window>` stands for a value, `<over SERIES>` and
`<part_of FINDING WHOLE>` for a piece from `phrases`. Selectors of run samples get their matchers here, so that
templates stay short.
"""

import re
from collections.abc import Callable, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePath
from textwrap import indent

from paceline.alerting.rule_options import Options
from paceline.alerting.shared_expressions import PHRASES
from paceline.analysis.verdicts.leak import SHARE_OF_PEAK

_NAME = re.compile(r"^(?P<before>.*?)<(?P<name>[a-z_]+)(?: (?P<of>[\w:]+)(?: (?P<whole>[\w:]+))?)?>", re.MULTILINE)
_LINE_BREAK = re.compile(r"\n(?!\n)")
_RUN_SAMPLES = re.compile(r"(?<![\w:])paceline_(?:test|run)_\w+(?P<brace>\{)?")
_PREFIX = re.compile(r"(?<![a-zA-Z/.-])paceline_(?=\w)")
# Names are those of the exporter until they are scraped.
_RENAMING = "\n    metric_relabel_configs:"
_RENAMED = """
      - source_labels: [__name__]
        regex: paceline_(.+)
        target_label: __name__
        replacement: {}$1"""
_HOURS = 24
_HOUR_NANOSECONDS = 3_600_000_000_000
# Days that dashboards look back, and some.
_RETENTION_DAYS = 100
_SPARE_DAYS = 10
# How many times as long as the others the groups wait that read the whole window of each test.
_SLOWER = 10
_SUFFIX = ".rules.yml"
_RESOURCE = """\
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: paceline-{name}
  labels:
    app.kubernetes.io/name: paceline
spec:
{groups}"""


def render(options: Options) -> dict[str, str]:
    """
    All files.

    Returns:
        The text of each, by its path from the folder they are written to.
    """
    templates = files("paceline.alerting") / "templates"
    return {path: _written(path, text, options) for path, text in sorted(_texts(templates, "").items())}


def _texts(folder: Traversable, path: str) -> dict[str, str]:
    texts: dict[str, str] = {}
    for entry in folder.iterdir():
        inner = f"{path}/{entry.name}".lstrip("/")
        texts |= _texts(entry, inner) if entry.is_dir() else {inner: entry.read_text("utf-8")}
    return texts


def _written(path: str, text: str, options: Options) -> str:
    values = _values(options)
    while (filled := _NAME.sub(_filling(values), text)) != text:
        text = filled
    if path.endswith(".rules.yml"):
        text = _RUN_SAMPLES.sub(_matching(options.match), text)
    return _PREFIX.sub(options.prefix, text)


def _values(options: Options) -> dict[str, str]:
    hours = options.window_days * _HOURS
    renamed = "" if options.prefix == Options().prefix else _RENAMED.format(options.prefix)
    return _identity(options.by) | {
        "window": _duration(hours),
        "window_nanoseconds": str(hours * _HOUR_NANOSECONDS),
        "half": _duration(hours // 2),
        "quarter": _duration(hours // 4),
        "three_quarters": _duration(hours * 3 // 4),
        "hold": f"{options.hold_days}d",
        "keep_firing": f"\n        keep_firing_for: {options.keep_firing_hours}h" if options.keep_firing_hours else "",
        "interval": f"{options.interval_seconds}s",
        "slow_interval": f"{options.interval_seconds * _SLOWER}s",
        # What came since the last slow evaluation, and the five minutes that it may have been under way.
        "since": f"{options.interval_seconds * _SLOWER + 300}s",
        # What was recorded by one of the last slow evaluations, also across a restart.
        "lately": "1h",
        "scrape_interval": f"{options.scrape_seconds}s",
        "share_of_peak": str(SHARE_OF_PEAK),
        "renamed": _RENAMING + renamed if renamed else "",
        "renamed_too": renamed,
        "matching": options.match,
        "exporter": options.exporter,
        "prometheus": options.prometheus,
        "alertmanager": options.alertmanager,
        # A selector without a range looks back five minutes; Prometheus 2 includes a sample of exactly this age.
        "before": "301s",
        "retention": f"{max(_RETENTION_DAYS, options.window_days + _SPARE_DAYS)}d",
        "dashboards": options.dashboards.rstrip("/"),
        "runbooks": options.runbooks.rstrip("/"),
    }


def _identity(by: tuple[str, ...]) -> dict[str, str]:
    """
    What tells one suite, or one test, from another: as labels, as matchers for `printf` with their values, and as text
    after the branch.
    """
    run = ("suite", "branch", *by)
    levels = {"run": run, "test": (*run, "test")}
    return {
        **{name: ", ".join(labels) for name, labels in levels.items()},
        **{f"of_{name}": ",".join(f"{label}=%q" for label in labels) for name, labels in levels.items()},
        **{f"values_of_{name}": " ".join(f"$labels.{label}" for label in labels) for name, labels in levels.items()},
        "beside": "".join(f", {{{{ $labels.{label} }}}}" for label in by),
        "beside_in_slack": "".join(
            f'{{{{ with $.CommonLabels.{label} }}}}, {{{{ template "paceline.plain" . }}}}{{{{ end }}}}' for label in by
        ),
        "beside_in_common": "".join(f"{{{{ with $.CommonLabels.{label} }}}}, {{{{ . }}}}{{{{ end }}}}" for label in by),
    }


def _duration(hours: int) -> str:
    return f"{hours // _HOURS}d" if hours % _HOURS == 0 else f"{hours}h"


def _filling(values: Mapping[str, str]) -> Callable[[re.Match[str]], str]:
    def fill(found: re.Match[str]) -> str:
        before, name, of = found["before"], found["name"], found["of"]
        if name in values:
            return before + values[name]
        if name not in PHRASES:
            return found[0]
        subject = values.get(of, of or "")
        phrase = PHRASES[name].strip("\n").replace("{}", subject).replace("{whole}", found["whole"] or "")
        phrase = phrase.replace("{stem}", subject.rpartition(":")[0])
        # A phrase of several lines is as far to the right as its first; an empty line stays empty.
        return before + _LINE_BREAK.sub("\n" + " " * len(before), phrase)

    return fill


def _matching(match: str) -> Callable[[re.Match[str]], str]:
    def add(found: re.Match[str]) -> str:
        return f"{found[0]}{match}, " if found["brace"] else f"{found[0]}{{{match}}}"

    return add


def prometheus_rules(texts: Mapping[str, str]) -> dict[str, str]:
    """
    A PrometheusRule for each file of rules.

    Args:
        texts: all files, by their path, as `render` makes them.

    Returns:
        The text of one file, by its name.
    """
    made = (
        _RESOURCE.format(name=_name(path), groups=indent(text, "  "))
        for path, text in texts.items()
        if path.endswith(_SUFFIX)
    )
    return {"rules.yml": "---\n".join(["# Made by `paceline rules --format prometheusrule`.\n", *made])}


def _name(path: str) -> str:
    """
    `alerts/budget.rules.yml` is alerts-budget, `prometheus/rules/budget.rules.yml` is rules-budget.
    """
    folder, name = PurePath(path).parts[-2:]
    return f"{folder}-{name.removesuffix(_SUFFIX)}"
