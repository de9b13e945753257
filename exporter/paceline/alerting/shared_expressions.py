"""
Pieces that more than one rule says; {} is the series that the piece is about,
{stem} its name without the unit, {whole} the series of what it may be a part of.
"""

from collections.abc import Mapping
from textwrap import indent

from paceline.analysis.verdicts.count import NAMES_OF_COUNTS, UNITS_OF_COUNTS, WORK
from paceline.measure import BENCHMARK_MEDIAN, LOAD_P50
from paceline.usage import UsageKey

# The lowest value, if that is the value of most runs, and the figure never fell and rose at most once.
_USUAL = """
  min_over_time({m}[<window>] offset <before>)
    == quantile_over_time(0.5, {m}[<window>] offset <before>)
unless
  resets({m}[<window>] offset <before>) > 0
and
  count_over_time({m}[<window>] offset <before>) - changes({m}[<window>] offset <before>)
    >= <known {rule}_min_runs>
"""

# Rules of one count of usage. Each count has its own rule, so that each rule can be read.
_USUAL_COUNT = f"""
- record: test:paceline_usual_count:count
  labels:
    measure: {{key}}
  expr: |2
{indent(_USUAL.strip(chr(10)).replace("{rule}", "count"), 6 * " ")}
    or
      count_over_time({{m}}[<window>] offset <before>) * Inf
"""
_MOSTLY_ABSENT = """
- record: test:paceline_mostly_absent_count:count
  labels:
    measure: {key}
  expr: |2
      2 * count_over_time({m}[<window>] offset <before>)
        < count_over_time(paceline_test_duration_seconds[<window>] offset <before>)
"""
_ABOVE_USUAL = """
- record: test:paceline_count_above_usual:count
  labels:
    measure: {key}
  expr: |2
      {m}
        > ignoring (measure) last_over_time(test:paceline_usual_count:count{measure="{key}"}[<lately>])
"""
_UNSEEN = """
- record: test:paceline_unseen_count:count
  labels:
    measure: {key}
  expr: |2
      {m} > 0
    unless ignoring (measure)
      last_over_time(test:paceline_usual_count:count{measure="{key}"}[<lately>])
    and on (<run>)
      last_over_time(suite:paceline_probed_runs:count{probe="{probe}"}[<lately>])
        >= <threshold count_min_runs>
"""
_STILL_NEW = """
- record: test:paceline_still_new_count:count
  labels:
    measure: {key}
  expr: |2
      {m}
    and ignoring (measure)
      last_over_time(test:paceline_mostly_absent_count:count{measure="{key}"}[<lately>])
"""


def _of_each(rule: str, *, with_probe: bool = False) -> str:
    """
    A rule for each count of usage.
    """
    keys = sorted(key for key in WORK if key.quantity.is_exported and (key.quantity.probe or not with_probe))
    return "\n\n".join(_of_key(rule.strip(), key) for key in keys)


def _of_key(rule: str, key: UsageKey) -> str:
    filled = rule.replace("{m}", f"paceline_test_{key}").replace("{key}", key)
    return filled.replace("{probe}", key.quantity.probe)


# Which alert covers a finding, as the label part_of of a series that is 1 while the finding lasts, and 0 at its end.
# "none" means that the finding has an alert of its own: it had one before, or no alert on the suite covers it. The
# series depends on findings, not on firing alerts, which a Prometheus knows only some minutes after its start.
_PART_OF = """
  (last_over_time({stem}:part_of{part_of="none"}[<hold>]) == 1) and on (<LEVEL>) (last_over_time({}[<hold>]) > 0)
or on (<LEVEL>)
  group by (<GROUP>) (last_over_time({}[<hold>]) > 0) * on (<JOIN>) group_left (part_of) {whole}
or on (<LEVEL>)
  label_replace(group by (<LEVEL>) (last_over_time({}[<hold>]) > 0), "part_of", "none", "", "")
or
  (last_over_time({stem}:part_of[<hold>]) == 1) * 0
"""


def _part_of(level: str, join: str = "<run>", beside: str = "") -> str:
    """
    The piece for findings of a level, whose wholes have the labels `join`; `beside` is a label of both.
    """
    return _PART_OF.replace("<GROUP>", level + beside).replace("<LEVEL>", level).replace("<JOIN>", join + beside)


PHRASES: Mapping[str, str] = {
    # A threshold that came with the run, on the right of an operator.
    "threshold": """
on (<run>) group_left () max by (<run>) (paceline_run_threshold{rule="{}"})
""",
    # The same for rules that are not evaluated together with the run.
    "known": """
on (<run>) group_left () max by (<run>) (last_over_time(paceline_run_threshold{rule="{}"}[<hold>]))
""",
    # Tests that a later run of all tests does not have, though their old samples are still visible. Each group has this
    # rule of its own, because another group may be evaluated later.
    "left_out": """
timestamp(paceline_test_passed)
  < on (<run>) group_left ()
  max by (<run>) (timestamp(paceline_run_info{partial="false"}))
""",
    # The end of a verdict: the test ran again, or was left out of a run of all tests.
    "over": """
(last_over_time({}[<hold>]) > 0) * 0 and on (<test>) paceline_test_passed
or (last_over_time({}[<hold>]) > 0) * 0 and on (<run>) paceline_run_info{partial="false"}
""",
    # The same for rules that are evaluated a tenth as often.
    "ended": """
(last_over_time({}[<hold>]) > 0) * 0 and on (<test>) last_over_time(paceline_test_passed[<since>])
or (last_over_time({}[<hold>]) > 0) * 0 and on (<run>) last_over_time(paceline_run_info{partial="false"}[<since>])
""",
    "part_of_test": _part_of("<test>"),
    "part_of_type": _part_of("<test>", beside=", test_type"),
    "part_of_run": _part_of("<run>"),
    "part_of_wrecked_type": _part_of("<run>, test_type")
    .replace("{whole}", "<wrecked>")
    .replace("on (<run>, test_type) group_left", "on (<run>) group_left"),
    "finding_of_type": """
{}
  * on (<run>, test_type) group_left (part_of) (last_over_time({stem}:part_of[<hold>]) == 1)
""",
    "part_of_wrecked_test": _part_of("<test>").replace("{whole}", "<wrecked>"),
    "part_of_wrecked_run": _part_of("<run>").replace("{whole}", "<wrecked>"),
    # A finding with the label part_of, the alert that covers it.
    "finding_of_test": """
(last_over_time({}[<hold>]) > 0)
  * on (<test>) group_left (part_of) (last_over_time({stem}:part_of[<hold>]) == 1)
""",
    # The alert on a wrecked run covers findings of that run. The samples of a run that has just arrived come first,
    # because the group that records suite:paceline_wrecked:bool may be evaluated later.
    "wrecked": (
        "label_replace(max by (<run>) ((max without (instance, pod) (paceline_run_wrecked)"
        " or last_over_time(suite:paceline_wrecked:bool[<hold>])) == 1),"
        ' "part_of", "PacelineRunWrecked", "", "")'
    ),
    # Whether the exporter answers. Other teams may have a job like paceline-web, so the names of the jobs are whole.
    "up": 'up{job=~"paceline|paceline-runs"}',
    # A job of the exporter that had a target within the last day, and has no target now.
    "gone": "group by (job) (last_over_time(<up>[1d])) unless on (job) <up>",
    # The measure that is judged as the time of a benchmark, or of a load test.
    "medians": f"{BENCHMARK_MEDIAN}|{LOAD_P50}",
    "units_of_counts": UNITS_OF_COUNTS,
    "names_of_counts": NAMES_OF_COUNTS,
    "usual_calls": _USUAL.replace("{m}", "paceline_test_calls").replace("{rule}", "work"),
    "usual_counts": _of_each(_USUAL_COUNT),
    "mostly_absent_counts": _of_each(_MOSTLY_ABSENT, with_probe=True),
    "counts_above_usual": _of_each(_ABOVE_USUAL),
    "unseen_counts": _of_each(_UNSEEN, with_probe=True),
    "still_new_counts": _of_each(_STILL_NEW, with_probe=True),
    # Memory kept by each of the runs of a stretch of time, and enough of them.
    "kept": """
  test:paceline_kept_memory:bytes
and
  min_over_time(paceline_test_memory_retained_bytes[{}]) >= <known leak_floor_bytes>
and
  count_over_time(paceline_test_memory_retained_bytes[{}]) >= <known leak_min_runs>
unless
  max_over_time(paceline_test_imported_modules[{}]) > 0
""",
    # No pass in any of the runs of a stretch of time, and enough of them.
    "failed": """
max_over_time(paceline_test_passed[{}]) == 0
and count_over_time(paceline_test_passed[{}]) >= <known flaky_broken_runs>
""",
    "failed_share": """
sum by (<run>) (sum_over_time(paceline_run_cases{outcome=~"failed|error"}[{}]))
  / sum by (<run>) (sum_over_time(paceline_run_cases{outcome!="skipped"}[{}]))
""",
    # Figures in the format that a person reads.
    "as_number": 'printf "%.0f" | reReplaceAll "([0-9])([0-9]{3})$" "$1,$2"'
    + 2 * ' | reReplaceAll "([0-9])([0-9]{3})," "$1,$2,"',
    "as_percent": 'printf "%.3g" | humanizePercentage',
    "as_time": 'printf "%.3g" | humanizeDuration',
    "budget": """
its budget
{{- with query (printf `last_over_time(paceline_test_budget_seconds{<of_test>}[<hold>])` <values_of_test>) }}
of {{ . | first | value | <as_time> }}
{{- end }}
""",
    "slower": """
{{ $labels.test }} ({{ $labels.suite }}, {{ $labels.branch }}<beside>) took {{ $value | <as_time> }} normalised, usually
{{ with query (printf `last_over_time(test:paceline_normalized_duration_seconds:median{<of_test>}[<hold>])`
<values_of_test>) }}{{ . | first | value | <as_time> }}{{ end }}.
""",
    # Other figures that rose in the run of the finding. A later run, before the alert ends, has no cause.
    "cause": """
{{ $of := printf `<of_test>` <values_of_test> -}}
{{ if query (printf `last_over_time(paceline_test_normalized_duration_seconds{%[1]s}[<hold>])
== last_over_time(test:paceline_regression:seconds{%[1]s}[<hold>])` $of) -}}
{{ $added := query (printf `last_over_time(paceline_test_cpu_seconds{%[1]s}[<hold>])
- quantile_over_time(0.5, paceline_test_cpu_seconds{%[1]s}[<window>])
> 0.3 * (last_over_time(test:paceline_regression:seconds{%[1]s}[<hold>])
- last_over_time(test:paceline_normalized_duration_seconds:median{%[1]s}[<hold>]))` $of) -}}
{{ $counts := query (printf `last_over_time(test:paceline_count_rise:count{%s}[<hold>]) > 0` $of) -}}
{{ range $added }}It used {{ . | value | <as_time> }} more CPU time than usual.{{ end -}}
{{ range $counts }} {{ . | label "measure" }} rose to {{ . | value | <as_number> }}
{{- with . | label "unit" }} {{ . }}{{ end }}.{{ end -}}
{{ if not (or $added $counts) }}Neither its CPU time nor an exact count rose.{{ end -}}
{{ end }}
""",
}
