"""
What a scrape brings, and for how long.
"""

import re
import socket
import time
import zlib
from pathlib import Path
from urllib.parse import urljoin

import pytest
import requests
from playwright.sync_api import sync_playwright

from paceline.documents import encode_run
from paceline.history.sqlite.exporter_ledger import Terms
from paceline.metrics.run_samples import run_samples
from paceline.model import Run
from support.browsers import chromium
from support.exporter import SCRAPE, Exporter, Exposed, exporter_in
from support.reading import read_openmetrics
from support.relaying import taking_prefix_off
from support.values import EPOCH, HOUR, make_case, make_run

_OPENMETRICS = {"Accept": "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"}


def _samples(*runs: Run) -> set[Exposed]:
    return {
        (
            sample.metric.name,
            tuple(sorted(zip(sample.metric.labels, sample.labels, strict=True))),
            round(sample.timestamp * 1e3),
            sample.value,
        )
        for run in runs
        for sample in run_samples(run, ["main"])
    }


def test_every_sample_is_exposed_with_the_time_of_its_run(exporter: Exporter) -> None:
    """
    Two runs of one suite are in one scrape, each with its time, and the official parser gives them back.
    """
    runs = [make_run(number, [make_case(), make_case("test_b", 0.5)]) for number in (2, 1)]
    for run in runs:
        exporter.push(run)

    assert set(exporter.scrape()) == _samples(*runs)


def test_openmetrics_is_answered_where_it_is_asked_for(exporter: Exporter) -> None:
    """
    With seconds and an end; the strict parser reads it.
    """
    run = make_run(1, [make_case(), make_case("test_b", 0.5)])
    exporter.push(run)
    answer = exporter.get("/metrics/runs", **_OPENMETRICS)
    families = read_openmetrics(answer.text)

    assert answer.headers["Content-Type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert {float(sample.timestamp or 0) for family in families for sample in family.samples} == {run.ended}
    assert sum(len(family.samples) for family in families) == len(_samples(run))


def test_runs_that_share_series_are_text(exporter: Exporter) -> None:
    """
    OpenMetrics wants the samples of a series in one place, and theirs are not.
    """
    for number in range(2):
        exporter.push(make_run(number, [make_case()]))
    answer = exporter.get("/metrics/runs", **_OPENMETRICS)

    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"


def test_a_prometheus_that_keeps_one_sample_of_a_series_gets_one(exporter: Exporter) -> None:
    """
    Prometheus 2.53.0 drops the others in silence; 2.53.3 takes both, as do those before 2.52.
    """
    for number in range(2):
        exporter.push(make_run(number, [make_case()]))
    runs = {
        version: [
            dict(labels)["run_id"]
            for name, labels, *_ in exporter.scrape(**{"User-Agent": f"Prometheus/{version}"})
            if name == "paceline_run_info"
        ]
        for version in ("2.53.0", "2.53.3", "2.42.0")
    }

    assert runs == {"2.53.0": ["run-0"], "2.53.3": ["run-0", "run-1"], "2.42.0": ["run-0", "run-1"]}


def test_a_body_is_packed_only_where_that_is_understood(exporter: Exporter) -> None:
    """
    The same lines come either way.
    """
    exporter.push(make_run(1, [make_case()]))
    packed = exporter.get("/metrics/runs", **{"Accept-Encoding": "gzip"})
    plain = exporter.get("/metrics/runs", **{"Accept-Encoding": "identity"})

    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert packed.text == plain.text


def test_a_packed_body_is_one_gzip_member(exporter: Exporter) -> None:
    """
    `curl --compressed` ends with an error at a second member, and Chromium shows the first one alone.
    """
    exporter.push(make_run(1, [make_case()]))
    answer = requests.get(f"{exporter.url}/metrics/runs", headers={"Accept-Encoding": "gzip"}, stream=True, timeout=60)
    reader = zlib.decompressobj(zlib.MAX_WBITS | 16)
    text = reader.decompress(answer.raw.read(decode_content=False)).decode()

    assert (text, reader.eof, reader.unused_data) == (exporter.get("/metrics/runs").text, True, b"")


def test_no_run_is_a_body_too(exporter: Exporter) -> None:
    """
    An empty one is no gzip data, and Prometheus would call the exporter down.
    """
    answer = exporter.get("/metrics/runs", **{"Accept-Encoding": "gzip"})

    assert (int(answer.headers["Content-Length"]) > 0, answer.text) == (True, "")
    assert exporter.state("paceline_exporter_exposed_runs") == {"": 0}


def test_a_run_is_gone_when_every_prometheus_has_seen_it(tmp_path: Path) -> None:
    """
    Three scrapes by each of two; somebody who looks with another program counts for nothing.
    """
    with exporter_in(tmp_path, "--expose-seconds=0") as exporter:
        exporter.push(make_run(1, [make_case()]))
        for _ in range(9):
            exporter.get("/metrics/runs")
        one = [len(exporter.scrape("/metrics/runs?scraper=a")) for _ in range(2)]
        other = [len(exporter.scrape("/metrics/runs?scraper=b")) for _ in range(2)]
        time.sleep(2.5)
        last = [len(exporter.scrape(f"/metrics/runs?scraper={name}")) for name in "ab"]
        _wait_until_empty(exporter)

        assert min(*one, *other, *last) > 0
        assert exporter.ledger.exposed() == []


def test_an_answer_that_a_scraper_does_not_read_whole_is_not_delivered(exporter: Exporter) -> None:
    """
    As a Prometheus does whose limit of the body is lower: it closes the connection in the middle.
    """
    exporter.push(make_run(1, [make_case(f"test_{number}[{'x' * 150}]") for number in range(6000)]))
    headers = "".join(f"{name}: {value}\r\n" for name, value in SCRAPE.items())
    host, _, port = exporter.url.partition("//")[2].partition(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(f"GET /metrics/runs HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n".encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 OK")
    assert len(exporter.scrape("/metrics/runs?scraper=other")) > 6000

    assert "1 scraper" in exporter.get("/").text


def test_what_nobody_has_seen_is_exposed_after_a_restart(tmp_path: Path) -> None:
    """
    And what has been seen, is not.
    """
    with exporter_in(tmp_path, "--expose-seconds=0") as exporter:
        exporter.push(make_run(1, [make_case()]))
        for _ in range(3):
            exporter.scrape()
        _wait_until_empty(exporter)
        exporter.push(make_run(2, [make_case()]))
        code = exporter.stop()
        exporter.start()

        assert code == 0
        assert exporter.runs() == ["run-2"]
        assert exporter.state("paceline_runs_total") == {"main,passed,shop": 2}


def test_who_scrapes_is_known_after_a_restart(tmp_path: Path) -> None:
    """
    One of a pair is away while the exporter starts again: its runs wait for it, though the other one has had them.
    """
    with exporter_in(tmp_path, "--expose-seconds=0") as exporter:
        exporter.scrape("/metrics/runs?scraper=away")
        exporter.push(make_run(1, [make_case()]))
        exporter.stop()
        exporter.start()
        for _ in range(3):
            exporter.scrape("/metrics/runs?scraper=there")
        time.sleep(2.5)

        assert {name for name, *_ in exporter.scrape("/metrics/runs?scraper=away")} >= {"paceline_run_info"}


def test_a_run_that_nobody_came_for_is_told(tmp_path: Path) -> None:
    """
    It is in the ledger alone after a week.
    """
    exporter = Exporter(tmp_path)
    exporter.data.mkdir()
    run = make_run(1, [make_case()])
    week_ago = time.time() - 7 * 86400 - 1
    exporter.ledger.receive(run, encode_run(run), Terms(now=week_ago, tally=lambda _: {}))
    try:
        exporter.start()
        _wait_until_empty(exporter)
    finally:
        exporter.stop()

    assert "WARNING run run-1 is no longer exposed: not every Prometheus scraped it within a week\n" in (
        exporter.log.read_text("utf-8")
    )


def test_a_run_that_the_window_closed_on_is_exposed_no_longer(tmp_path: Path) -> None:
    """
    As Prometheus would refuse the whole answer; where nobody had come for it, it is counted and told as late.
    """
    exporter = Exporter(tmp_path, "--expose-window=7d")
    exporter.data.mkdir()
    run = make_run(1, [make_case()])
    exporter.ledger.receive(run, encode_run(run), Terms(now=time.time(), tally=lambda _: {}))
    try:
        exporter.start()
        scraped = exporter.runs()
        _wait_until_empty(exporter)
        late = exporter.state("paceline_exporter_late_runs_total")
    finally:
        exporter.stop()

    assert (scraped, late) == ([], {"shop": 1})
    assert f"WARNING {_CLOSED_ON}\n" in exporter.log.read_text("utf-8")


_CLOSED_ON = (
    "run run-1 is no longer exposed: not every Prometheus scraped it, and it ended at 2023-11-14 23:13:20 UTC, too"
    " long ago for --expose-window=7d; `paceline export openmetrics` writes it for Prometheus"
)


def test_labels_cannot_be_injected(exporter: Exporter) -> None:
    """
    Quotes, braces and line breaks stay within the label; control characters are written out.
    """
    name = 'test_x["a\\b"] 1\n} evil_total{a="1'
    exporter.push(make_run(1, [make_case(name)], suite='s"}\nevil 1'))
    samples = exporter.scrape()

    assert {name for name, *_ in samples if "evil" in name} == set()
    assert {dict(labels).get("test") for _, labels, _, _ in samples} == {None, name.replace("\n", "\\n")}
    assert {dict(labels)["suite"] for _, labels, _, _ in samples} == {'s"}\\nevil 1'}


def test_a_secret_in_a_label_is_masked(exporter: Exporter) -> None:
    """
    Also where the sender did not do so.
    """
    exporter.push(make_run(1, [make_case("test_x[password=hunter22]")]))

    assert "hunter22" not in exporter.get("/metrics/runs").text


def test_branches_that_are_not_listed_are_other(tmp_path: Path) -> None:
    """
    In run samples and in counters; the name is in `paceline_run_info`.
    """
    with exporter_in(tmp_path, "--branches=main", "--branches=release") as exporter:
        for number, branch in enumerate(("main", "release", "mine", "yours")):
            exporter.push(make_run(number, [make_case()], branch=branch))
        samples = exporter.scrape()

        assert {dict(labels)["branch"] for _, labels, _, _ in samples} == {"main", "release", "other"}
        assert {dict(labels).get("ref") for _, labels, _, _ in samples} >= {"mine", "yours"}
        assert exporter.state("paceline_runs_total") == {
            "main,passed,shop": 1,
            "release,passed,shop": 1,
            "other,passed,shop": 2,
        }


def test_the_default_branch_of_a_run_keeps_its_name(tmp_path: Path) -> None:
    """
    An exporter needs no list of the default branches of its projects: each run says its own.
    """
    with exporter_in(tmp_path, "--branches=release") as exporter:
        for number, branch in enumerate(("stable", "release", "mine")):
            exporter.push(make_run(number, [make_case()], branch=branch, default_branch="stable"))
        names = {dict(labels)["branch"] for _, labels, _, _ in exporter.scrape()}
        counters = [
            exporter.state(metric) for metric in ("paceline_runs_total", "paceline_last_run_end_timestamp_seconds")
        ]

    assert names == {"stable", "release", "other"}
    assert [{key.split(",")[0] for key in counter} for counter in counters] == [names, names]


def test_the_usual_default_branches_keep_their_name(exporter: Exporter) -> None:
    """
    Runs of earlier releases do not say the default branch of their project.
    """
    for number, branch in enumerate(("main", "master", "trunk", "develop", "feature")):
        exporter.push(make_run(number, [make_case()], branch=branch))
    names = {dict(labels)["branch"] for _, labels, _, _ in exporter.scrape()}

    assert names == {"main", "master", "trunk", "develop", "other"}


def test_the_landing_page_says_what_is_there(exporter: Exporter) -> None:
    """
    Links that work behind a prefix too, the latest runs, and nothing that a name could put into the page.
    """
    exporter.push(make_run(1, [make_case()], suite="<b>shop"))
    page = exporter.get("/").text

    assert '<a href="./metrics/runs">/metrics/runs</a>' in page
    assert (
        "<tr><td>2023-11-14 23:13:20 UTC</td><td>&lt;b&gt;shop</td><td>main</td><td>run-1</td><td>passed</td></tr>"
        in page
    )
    assert "1 run exposed, 0 in progress, 0 scrapers." in page


def test_links_of_the_landing_page_work_behind_a_prefix(exporter: Exporter) -> None:
    """
    Behind a proxy that takes the prefix off, each link of the page leads to a page of the exporter.
    """
    with taking_prefix_off("/paceline", exporter.url) as address:
        page = requests.get(address, timeout=10)
        links = [urljoin(page.url, link) for link in re.findall('href="([^"]+)"', page.text)]
        answers = {link.removeprefix(address): requests.get(link, timeout=10).status_code for link in links}

    assert answers == {"metrics": 200, "metrics/runs": 200, "-/healthy": 200, "-/ready": 200}


@pytest.mark.stack
@pytest.mark.parametrize("end", ["", "/"])
def test_links_work_in_a_browser_without_a_slash_after_the_prefix(exporter: Exporter, end: str) -> None:
    """
    Chromium resolves them against the prefix, however its address was typed.
    """
    with taking_prefix_off("/paceline", exporter.url) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium()["CHROMIUM"], args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(address.rstrip("/") + end)
        links = page.eval_on_selector_all("a", "links => links.map(link => link.href)")
        browser.close()

    assert links == [f"{address}{path}" for path in ("metrics", "metrics/runs", "-/healthy", "-/ready")]


def test_a_suite_without_runs_leaves_the_exporter(tmp_path: Path) -> None:
    """
    After `paceline history prune` of its last run, while the exporter runs, no figure and no row names the suite.
    """
    with exporter_in(tmp_path, "--max-series=43") as exporter:
        exporter.push(make_run(1, [make_case(f"test_{place}") for place in range(10)], suite="gone"))
        exporter.push(make_run(2, [make_case()], suite="kept"))
        assert "gone" in exporter.get("/metrics").text
        exporter.ledger.prune(before=EPOCH + 1.5 * HOUR)
        pages = [exporter.get(path).text for path in ("/metrics", "/")]

    assert [("gone" in page, "kept" in page) for page in pages] == [(False, True), (False, True)]


def test_a_run_without_a_branch_has_a_dash(exporter: Exporter) -> None:
    """
    As a cell with nothing in it looks like a mistake of the page.
    """
    exporter.push(make_run(1, [make_case()], branch=""))

    assert "<td>shop</td><td>&ndash;</td><td>run-1</td>" in exporter.get("/").text


def test_too_many_series_are_dropped_and_counted(tmp_path: Path) -> None:
    """
    Whole tests, the quickest first; the counter and the page say how many samples.
    """
    with exporter_in(tmp_path, "--max-series=43") as exporter:
        exporter.push(make_run(1, [make_case(f"test_{place}", place / 10) for place in range(10)]))
        samples = exporter.scrape()
        dropped = exporter.state("paceline_exporter_series_dropped_total")
        page = exporter.get("/").text

    assert {dict(labels)["test"] for _, labels, _, _ in samples if "test" in dict(labels)} == {
        f"test_{place}" for place in (6, 7, 8, 9)
    }
    assert dropped == {"max_series,shop": 24}
    assert "<p>Suite shop: 24 samples dropped beyond --max-series=43.</p>" in page


def test_a_run_before_the_window_is_kept_and_not_exposed(tmp_path: Path) -> None:
    """
    Whoever sent it is told so, and the counter, the page and the log say it too; one within the window is exposed.
    """
    now = time.time()
    with exporter_in(tmp_path, "--expose-window=1h30m") as exporter:
        late = exporter.push(make_run(1, [make_case()]))
        again = exporter.push(make_run(1, [make_case()]))
        recent = exporter.push(make_run(2, [make_case()], started=now - 5250, ended=now - 5240))
        log = exporter.log.read_text("utf-8")

        assert (late.status_code, late.json()) == (201, {"run_id": "run-1", "result": "accepted", "note": _LATE})
        assert again.json() == {"run_id": "run-1", "result": "duplicate"}
        assert recent.json() == {"run_id": "run-2", "result": "accepted"}
        assert exporter.runs() == ["run-2"]
        assert exporter.ledger.run("run-1") is not None
        assert exporter.state("paceline_exporter_late_runs_total") == {"shop": 1}
        assert exporter.state("paceline_runs_total") == {"main,passed,shop": 2}
        assert (
            "<p>Suite shop: 1 run kept but not exposed, older than --expose-window=1h30m.</p>" in exporter.get("/").text
        )
        assert f"WARNING {_LATE}\n" in log


_LATE = (
    "run run-1 is kept and not exposed: it ended at 2023-11-14 23:13:20 UTC, too long ago for --expose-window=1h30m;"
    " `paceline export openmetrics` writes it for Prometheus"
)


def test_a_late_run_of_parts_is_kept_and_not_exposed(tmp_path: Path) -> None:
    """
    It is late when its last part ended before the window.
    """
    with exporter_in(tmp_path, "--expose-window=7d") as exporter:
        answers = [
            exporter.push(make_run(number, [make_case(f"test_{number}")], run_id=f"4711.{number}of2")).json()
            for number in (1, 2)
        ]

        assert [answer.get("note", "")[:35] for answer in answers] == ["", "run 4711 is kept and not exposed: i"]
        assert exporter.runs() == []


def _wait_until_empty(exporter: Exporter) -> None:
    end = time.monotonic() + 30
    while exporter.ledger.exposed() and time.monotonic() < end:
        time.sleep(0.1)
