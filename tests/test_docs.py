"""
The documentation says what is so.
"""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from msgspec import convert

from paceline.analysis.compare.comparison import Comparison, Total
from paceline.analysis.compare.outcome import Compared
from paceline.analysis.compare.shift import Shift
from paceline.analysis.judgement_rules import Rules
from paceline.config import Config
from paceline.usage import UsageKey
from paceline.verdict_kinds import FAILING_KINDS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


def test_the_configuration_page_shows_every_key_with_its_default() -> None:
    """
    The example is valid, and has each key of the configuration and of each rule at its default.
    """
    page = (DOCS / "reference" / "configuration.md").read_text("utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    shown = tomllib.loads(re.sub(r"^# (\w+ = )", r"\1", example, flags=re.MULTILINE))["tool"]["paceline"]

    assert set(shown) == set(Config.__struct_fields__)
    assert convert(shown["rules"], Rules) == Rules()
    assert convert(shown, Config).known_types == Config().known_types


def test_the_page_of_measures_names_each() -> None:
    """
    Every key of usage is explained.
    """
    page = (DOCS / "reference" / "measures.md").read_text("utf-8")

    assert [key for key in UsageKey if f"`{key}`" not in page] == []


def test_the_page_of_rules_has_each_alert_and_each_recorded_series_with_its_meaning() -> None:
    """
    Each alert is there with its severity and summary, and each recorded series with a comment of its rule file.
    """
    page = (DOCS / "reference" / "rules.md").read_text("utf-8")
    rows = {tuple(re.split(r"\s+\|\s+", row)) for row in re.findall(r"^\| (.+?)\s*\|$", page, re.MULTILINE)}
    files = [*ROOT.glob("alerts/*.rules.yml"), *ROOT.glob("prometheus/rules/*.rules.yml")]
    groups = [group for file in files for group in yaml.safe_load(file.read_text("utf-8"))["groups"]]
    rules = [rule for group in groups for rule in group["rules"]]
    alerts = {
        (rule["alert"], rule["labels"]["severity"], rule["annotations"]["summary"]) for rule in rules if "alert" in rule
    }
    explained = {row[0].strip("`") for row in rows if len(row) == 2 and row[1]}

    assert alerts == {(link, row[1], row[2]) for row in rows for link in re.findall(r"^\[(\w+)\]", row[0])}
    assert {rule["record"] for rule in rules if "record" in rule} - explained == set()
    assert [
        group["name"] for group in groups if "record" in group["rules"][0] and f"group {group['name']}" not in page
    ] == []


def test_the_json_of_a_comparison_is_explained() -> None:
    """
    Each key of it has its row.
    """
    page = (DOCS / "how-to" / "compare-branches.md").read_text("utf-8")
    rows = re.findall(r"^\| (`.*?) \|", page, re.MULTILINE)
    explained = {key for row in rows for key in re.findall(r"`(\w+)`", row)}
    keys = {key for kind in (Comparison, Total, Compared, Shift) for key in kind.__struct_fields__}

    assert keys == explained


@pytest.mark.parametrize("page", [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))], ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """
    Each relative link of a page is a file.
    """
    links = re.findall(r"\]\((?!https?://)([^)#]+)\)", page.read_text("utf-8"))

    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_index_has_each_page_in_groups_of_five() -> None:
    """
    Runbooks are linked from their alerts.
    """
    index = (DOCS / "README.md").read_text("utf-8")
    pages = {page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md") if page.parent.name != "runbooks"}
    groups = [part.count("\n- ") for part in index.split("\n## ")[1:]]

    assert pages - {"README.md"} - set(re.findall(r"\]\(([^)#]+)\)", index)) == set()
    assert max(groups) <= 5


@pytest.mark.parametrize("page", ["reference/pytest.md", "reference/configuration.md"])
def test_the_kinds_to_fail_on_are_all_named(page: str) -> None:
    """
    In the order of the code, as in the help of pytest and of the command.
    """
    shown = (DOCS / page).read_text("utf-8").replace("`", "").replace("#", "")

    assert ", ".join(FAILING_KINDS) in " ".join(shown.split())


def test_the_page_of_existing_servers_names_the_rule_files_that_each_file_of_alerts_needs() -> None:
    """
    Each row has the files that record a series of the alerts, and the files that those need.
    """
    page = (DOCS / "how-to" / "existing-servers.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)\.rules\.yml` \| (.*?) ?\|$", page, re.MULTILINE)
    texts = {file.name.partition(".")[0]: file.read_text("utf-8") for file in ROOT.glob("prometheus/rules/*.rules.yml")}
    recorded = {name: set(re.findall(r"record: (\S+)", text)) for name, text in texts.items()}
    alerts = {file.name.partition(".")[0]: file.read_text("utf-8") for file in ROOT.glob("alerts/*.rules.yml")}

    def needed(text: str, known: frozenset[str] = frozenset()) -> frozenset[str]:
        read = set(re.findall(r"(?:suite|test):\w+:\w+", text))
        for name in sorted(recorded):
            if name not in known and recorded[name] & read:
                known = needed(texts[name], known | {name})
        return known

    assert {name: set(re.findall(r"`(\w+)`", files)) for name, files in rows} == {
        name: needed(text) for name, text in alerts.items()
    }
