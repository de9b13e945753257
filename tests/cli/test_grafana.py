"""
`paceline grafana`.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import yaml

from support.answering import answer, answering
from support.command import Ended, run_command
from support.dashboards import FILES
from support.grafana import FakeGrafana, grafana
from support.servers import free_port
from support.wording import ERROR, NO_FOLDER, REFUSED

_TITLES = ("Benchmarks", "Compare", "Live", "Load and stress", "Pipeline", "Suite", "Test")
_UNCHANGED = "unchanged     folder Paceline\n" + "".join(
    f"unchanged     dashboard Paceline / {title}\n" for title in _TITLES
)
_NEEDED = "dashboards need a token of the role Editor, data sources one of Admin"
_REFUSED = f"answered 403 In Words (You'll need additional permissions to perform this action.): {_NEEDED}"


@pytest.fixture
def server() -> Iterator[FakeGrafana]:
    """
    A Grafana that has nothing.
    """
    with grafana() as made:
        yield made


@pytest.fixture(autouse=True)
def editor(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The token of an editor, and no proxy.
    """
    monkeypatch.setenv("PACELINE_GRAFANA_TOKEN", "glsa_editor")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def _install(url: str, *arguments: str) -> Ended:
    return run_command(["grafana", "install", "--url", url, *arguments])


def test_dashboards_are_put_into_a_folder(server: FakeGrafana) -> None:
    """
    All of them, under the uids that links and alerts know; a second time nothing is written.
    """
    first = _install(server.url)
    written = len(server.writes)
    second = _install(server.url)

    assert first.output == _UNCHANGED.replace("unchanged  ", "created    ")
    assert (second.exit_code, second.output) == (0, _UNCHANGED)
    assert written == len(server.writes) == 8
    assert sorted(server.dashboards) == [path.stem for path in FILES]
    assert {one.folder for one in server.dashboards.values()} == set(server.folders) == {"paceline"}


@pytest.mark.parametrize(
    ("option", "start", "parts"),
    [
        (
            ("--jaeger", "http://jaeger:16686/"),
            "http://jaeger:16686/search?",
            ("operation=${test:percentencode}&", "start=${__from}000&end=${__to}000"),
        ),
        (
            ("--tempo", "traces"),
            "/explore?left=%7B%22datasource%22%3A%22traces%22",
            ("%22${__from}%22", "%22${__to}%22"),
        ),
    ],
    ids=["jaeger", "tempo"],
)
def test_the_dashboard_of_a_test_links_to_traces(
    server: FakeGrafana, option: Sequence[str], start: str, parts: Sequence[str]
) -> None:
    """
    In the Jaeger or the Tempo that an option names; other dashboards have no such link, and nor has one without it.
    """
    result = _install(server.url, *option)
    boards = {uid: found.content for uid, found in server.dashboards.items()}
    links = {uid: [one["url"] for one in board["links"] if one["type"] == "link"] for uid, board in boards.items()}
    (url,) = links.pop("paceline-test")

    assert result.exit_code == 0
    assert url.startswith(start)
    for part in (*parts, "${test:percentencode}"):
        assert part in url
    assert not any(links.values())


def test_a_link_is_to_one_place(server: FakeGrafana) -> None:
    """
    Two are an error, before anything is written.
    """
    result = _install(server.url, "--jaeger", "http://jaeger:16686", "--tempo", "traces")

    assert result.exit_code == 1
    assert "--jaeger and --tempo were both given" in result.output
    assert server.writes == []


def test_a_dry_run_writes_nothing(server: FakeGrafana) -> None:
    """
    And says what would be done.
    """
    result = _install(server.url, "--dry-run")

    assert (result.exit_code, server.writes) == (0, [])
    assert result.output == _UNCHANGED.replace("unchanged   ", "would create")


def test_an_older_paceline_is_replaced_where_it_was_moved_to(server: FakeGrafana) -> None:
    """
    A dashboard whose last version is Paceline's is nobody's work, and stays in its folder.
    """
    _install(server.url)
    server.save("paceline-live", "Paceline 0.0.9, 0123456789ab")
    server.dashboards["paceline-live"].folder = "elsewhere"
    result = _install(server.url)

    assert (
        "updated       dashboard Paceline / Live: it is in the folder elsewhere; --folder paceline moves it\n"
    ) in result.output
    assert server.dashboards["paceline-live"].folder == "elsewhere"


def test_dashboards_are_moved_where_a_folder_is_named(server: FakeGrafana) -> None:
    """
    Back and forth; where none is named, it is told that they are elsewhere.
    """
    server.folders["mine"] = {"uid": "mine", "title": "My folder"}
    _install(server.url)
    moved, asked, there = (_install(server.url, *to) for to in (["--folder", "mine"], [], ["--folder", "mine"]))

    assert "updated       dashboard Paceline / Live: from the folder paceline\n" in moved.output
    assert (
        "unchanged     dashboard Paceline / Live: it is in the folder mine; --folder paceline moves it\n"
    ) in asked.output
    assert there.output == _UNCHANGED.replace("folder Paceline", "folder My folder")
    assert {one.folder for one in server.dashboards.values()} == {"mine"}


@pytest.mark.parametrize("option", ["--dry-run", "--force"])
def test_a_title_that_is_taken_is_found_first(server: FakeGrafana, option: str) -> None:
    """
    Grafana would refuse it after others were written, and to replace it would be to lose another's dashboard.
    """
    server.save("foreign", title="Paceline / Live")
    server.dashboards["foreign"].folder = "paceline"
    result = _install(server.url, option)

    assert (result.exit_code, server.writes) == (1, [])
    assert (
        "refused       dashboard Paceline / Live: the folder has another dashboard of this title, "
        "with the uid foreign; rename it, or choose another --folder\n"
    ) in result.output


def test_a_name_that_is_taken_is_found_first(server: FakeGrafana, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Of data sources likewise.
    """
    monkeypatch.setenv("PACELINE_GRAFANA_TOKEN", "glsa_admin")
    server.sources["other"] = {"uid": "other", "name": "Paceline Prometheus"}
    result = _install(server.url, "--prometheus", "http://prometheus:9090")

    assert server.writes == []
    assert (
        "refused       data source Paceline Prometheus: another data source has this name, with the uid other; "
        "rename it\n" in result.output
    )


def test_what_a_person_changed_is_not_lost(server: FakeGrafana) -> None:
    """
    Nothing is written, nothing else either, until it is asked for.
    """
    _install(server.url)
    server.save("paceline-test", title="Mine")
    server.dashboards.pop("paceline-live")
    refused, forced = _install(server.url), _install(server.url, "--force")

    assert refused.exit_code == 1
    assert refused.output.splitlines() == [
        "unchanged     folder Paceline",
        "unchanged     dashboard Paceline / Benchmarks",
        "unchanged     dashboard Paceline / Compare",
        "would create  dashboard Paceline / Live",
        "unchanged     dashboard Paceline / Load and stress",
        "unchanged     dashboard Paceline / Pipeline",
        "unchanged     dashboard Paceline / Suite",
        (
            "refused       dashboard Paceline / Test: its version 2, by anna, is not Paceline's; "
            "--force replaces it, and Grafana keeps the old version"
        ),
        f"{ERROR}nothing was written: 1 item refused",
    ]
    assert forced.exit_code == 0
    assert server.dashboards["paceline-test"].content["title"] == "Paceline / Test"


def test_two_at_once(server: FakeGrafana) -> None:
    """
    What somebody else saves after this command looked is not written over, and done again it finds it.
    """
    server.meanwhile = lambda: server.save("paceline-compare", "Paceline 0.1.0, 1", title="Paceline / Compare")
    second = _install(server.url)
    server.meanwhile = int
    again = _install(server.url)

    assert second.output == (
        "created       folder Paceline\n"
        "created       dashboard Paceline / Benchmarks\n"
        f"{ERROR}dashboard Paceline / Compare: {server.url} answered 412 In Words "
        "(The dashboard has been changed by someone else): another client changed it at the "
        "same time; run the command again\n"
    )
    assert (again.exit_code, len(server.dashboards)) == (0, 7)


def test_what_is_provisioned_is_left_to_its_file(server: FakeGrafana) -> None:
    """
    Even where all is to be replaced: Grafana would bring it back.
    """
    server.save("paceline-test")
    server.dashboards["paceline-test"].provisioned = True
    server.sources["paceline-prometheus"] = {
        "uid": "paceline-prometheus",
        "name": "Paceline Prometheus",
        "type": "prometheus",
        "url": "http://old:9090",
        "readOnly": True,
    }
    result = _install(server.url, "--force", "--prometheus", "http://new:9090")

    assert "refused       dashboard Paceline / Test: Grafana reads it from a file\n" in result.output
    assert "refused       data source Paceline Prometheus: Grafana reads it from a file\n" in result.output
    assert server.writes == []


def test_data_sources_are_added(server: FakeGrafana, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Those that are named, by an admin, once.
    """
    monkeypatch.setenv("PACELINE_GRAFANA_TOKEN", "glsa_admin")
    options = ("--prometheus", "http://prometheus:9090", "--alertmanager", "http://alertmanager:9093")
    first, second = _install(server.url, *options), _install(server.url, *options)

    assert "created       data source Paceline Prometheus\ncreated       data source Paceline Alertm" in first.output
    assert "unchanged     data source Paceline Prometheus\nunchanged     data source Paceline Al" in second.output
    assert {uid: one["url"] for uid, one in server.sources.items()} == {
        "paceline-prometheus": "http://prometheus:9090",
        "paceline-alertmanager": "http://alertmanager:9093",
    }


def test_a_data_source_that_asks_another_server_stays(server: FakeGrafana, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Until it is asked for; what was set beside its address stays even then.
    """
    monkeypatch.setenv("PACELINE_GRAFANA_TOKEN", "glsa_admin")
    server.sources["paceline-prometheus"] = {
        "uid": "paceline-prometheus",
        "name": "Paceline Prometheus",
        "type": "prometheus",
        "url": "http://old:9090",
        "basicAuth": True,
    }
    refused, forced = (_install(server.url, "--prometheus", "http://new:9090", *force) for force in ([], ["--force"]))

    assert (
        "refused       data source Paceline Prometheus: it is a prometheus at http://old:9090; "
        "--force points it to http://new:9090\n"
    ) in refused.output
    assert "updated       data source Paceline Prometheus\n" in forced.output
    assert server.sources["paceline-prometheus"]["url"] == "http://new:9090"
    assert server.sources["paceline-prometheus"]["basicAuth"] is True


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        (
            "",
            "answered 401 In Words (Unauthorized): PACELINE_GRAFANA_TOKEN is not set",
        ),
        (
            "old",
            (
                "answered 401 In Words (invalid API key): "
                "PACELINE_GRAFANA_TOKEN holds a token that Grafana does not know, or that has expired"
            ),
        ),
    ],
)
def test_a_token_that_is_wrong(server: FakeGrafana, monkeypatch: pytest.MonkeyPatch, token: str, expected: str) -> None:
    """
    Is told from one that is missing.
    """
    monkeypatch.setenv("PACELINE_GRAFANA_TOKEN", token)
    result = _install(server.url)

    assert (result.exit_code, result.output) == (1, f"{ERROR}{server.url} {expected}\n")


@pytest.mark.parametrize("token", ["glsa_…", "glsa_a\nb"])
def test_a_token_that_is_none(monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    """
    Is never shown.
    """
    monkeypatch.setenv("PACELINE_GRAFANA_TOKEN", token)
    result = _install("http://127.0.0.1:3000")

    assert (result.exit_code, result.output) == (
        1,
        (
            f"{ERROR}the environment variable PACELINE_GRAFANA_TOKEN has a character that an HTTP header cannot have, "
            "expected a token\n"
        ),
    )


def test_a_line_end_after_a_token_is_no_part_of_it(server: FakeGrafana, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    As a file leaves it.
    """
    monkeypatch.setenv("PACELINE_GRAFANA_TOKEN", "glsa_editor\n")

    assert _install(server.url).exit_code == 0


def test_a_password_that_is_wrong(server: FakeGrafana, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Is never shown.
    """
    monkeypatch.delenv("PACELINE_GRAFANA_TOKEN")
    monkeypatch.setenv("PACELINE_GRAFANA_USER", "anna")
    monkeypatch.setenv("PACELINE_GRAFANA_PASSWORD", "secret")
    result = _install(server.url)

    assert result.output == (
        f"{ERROR}{server.url} answered 401 In Words (invalid API key): Grafana does not accept this password of anna\n"
    )


def test_a_token_that_may_not(server: FakeGrafana, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A viewer may neither make anything nor see whose a dashboard is, an editor make no data source.
    """
    by_editor = _install(server.url, "--prometheus", "http://prometheus:9090")
    _install(server.url)
    monkeypatch.setenv("PACELINE_GRAFANA_TOKEN", "glsa_viewer")
    by_viewer = _install(server.url)
    server.dashboards.clear()
    server.folders.clear()
    into_nothing = _install(server.url)

    assert by_editor.output == (
        f"created       folder Paceline\n{ERROR}data source Paceline Prometheus: {server.url} {_REFUSED}\n"
    )
    assert by_viewer.output == f"{ERROR}{server.url} {_REFUSED}\n"
    assert into_nothing.output == f"{ERROR}folder Paceline: {server.url} {_REFUSED}\n"


def test_a_folder_of_that_name_is_no_other(server: FakeGrafana) -> None:
    """
    It is named by its uid.
    """
    server.folders["abc"] = {"uid": "abc", "title": "Paceline"}
    result, named = _install(server.url), _install(server.url, "--folder", "abc")

    assert result.output.splitlines()[0] == (
        "refused       folder Paceline: another folder has this name, with the uid abc; "
        "--folder abc puts the dashboards there"
    )
    assert named.exit_code == 0
    assert {one.folder for one in server.dashboards.values()} == {"abc"}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (answer(b"<html>", "302 Found", "Location: /login"), "/api/health answered 302 Found to /login"),
        (answer(b"<html>"), "/api/health answered 200 OK"),
        (answer(b'{"status": "up"}'), "/api/health answered 200 OK"),
        (answer(b"", "404 Not Found"), "/api/health answered 404 Not Found"),
    ],
    ids=["login", "page", "other", "none"],
)
def test_what_is_no_grafana(said: object, expected: str) -> None:
    """
    Is told by the first answer.
    """
    with answering(said) as other:  # type: ignore[arg-type]
        result = _install(other.url)

    assert (result.exit_code, result.output) == (1, f"{ERROR}{other.url} is not a Grafana: {expected}\n")


def test_nobody_is_there() -> None:
    """
    The reason is told in words.
    """
    url = f"http://127.0.0.1:{free_port()}"

    assert _install(url).output == f"{ERROR}{url}: the connection failed ({REFUSED})\n"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("grafana:3000", "--url 'grafana:3000', expected an address such as http://127.0.0.1:3000"),
        (
            "http://anna:secret@grafana:3000",
            ("--url has a password, which all users of this machine can read; put it into PACELINE_GRAFANA_PASSWORD"),
        ),
    ],
)
def test_an_address_that_is_none(url: str, expected: str) -> None:
    """
    Or that has a secret, which the list of processes would show.
    """
    assert _install(url).output == f"{ERROR}{expected}\n"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("not-a-url", " 'not-a-url', expected an address such as http://alertmanager:9093"),
        (
            "http://u:secret@host:9093",
            (
                " has a user in it, which all users of this machine can read; "
                "expected http://host:9093, without a user; set the credentials in Grafana"
            ),
        ),
    ],
)
def test_an_address_of_a_data_source_that_is_none(server: FakeGrafana, url: str, expected: str) -> None:
    """
    Is refused likewise.
    """
    assert _install(server.url, "--alertmanager", url).output == f"{ERROR}--alertmanager{expected}\n"
    assert server.writes == []


def test_files_are_those_that_are_committed(tmp_path: Path) -> None:
    """
    For a Grafana that reads them from files.
    """
    folder = tmp_path / "dashboards"
    result = run_command(["grafana", "write", str(folder)])

    assert result.output == f"wrote 7 files to {folder}\n"
    assert {path.name: path.read_text("utf-8") for path in folder.iterdir()} == {
        path.name: path.read_text("utf-8") for path in FILES
    }


def test_config_maps_are_one_file(tmp_path: Path) -> None:
    """
    For a Grafana in Kubernetes; each map has one dashboard.
    """
    result = run_command(["grafana", "write", str(tmp_path), "--format", "configmap"])

    assert result.output == f"wrote 1 file to {tmp_path}\n"
    maps = [one for one in yaml.safe_load_all((tmp_path / "dashboards.yml").read_text("utf-8")) if one]
    assert {name: json.loads(text) for one in maps for name, text in one["data"].items()} == {
        path.name: json.loads(path.read_text("utf-8")) for path in FILES
    }


def test_files_that_differ_are_kept(tmp_path: Path) -> None:
    """
    None is written until it is asked for, the others neither.
    """
    theirs = tmp_path / "paceline-test.json"
    theirs.write_bytes(b"\xff")
    command = ["grafana", "write", str(tmp_path)]
    refused, there = run_command(command), [*tmp_path.iterdir()]
    forced, again = (run_command([*command, *force]) for force in (["--force"], []))

    assert (refused.exit_code, there) == (1, [theirs])
    assert refused.output == f"{ERROR}{theirs} exists and differs; --force replaces it\n"
    assert forced.output == again.output == f"wrote 7 files to {tmp_path}\n"


@pytest.mark.parametrize("command", [["grafana", "write"], ["rules"]])
def test_a_folder_that_cannot_be_made(tmp_path: Path, command: list[str]) -> None:
    """
    The message names what cannot be written, and why.
    """
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "folder"
    result = run_command([*command, str(folder)])

    assert result.exit_code == 1
    assert result.output.startswith(f"{ERROR}{folder}")
    assert result.output.endswith(f" cannot be written ({NO_FOLDER})\n")
