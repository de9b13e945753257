"""
A real exporter that speaks TLS, and whom it is trusted by.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from paceline.delivery.exporter_sink import read_push
from paceline.delivery.otlp.collector import Collector
from paceline.delivery.outbox import Held, pack
from paceline.delivery.send_rounds import Errand, deliver
from paceline.errors import DeliveryError
from paceline.http.server_access import ServerAccess
from support.certificates import make_certificate, tls_settings
from support.exporter import Exporter, exporter_in
from support.suite import Suite
from support.values import make_case, make_run
from support.wording import NO_FILE

_PACKED = pack(make_run(1, [make_case()])).packed


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    Has a certificate.
    """
    folder = tmp_path_factory.mktemp("tls")
    make_certificate(folder)
    return folder


@pytest.fixture(scope="module")
def exporter(folder: Path) -> Iterator[Exporter]:
    """
    Shows it.
    """
    with exporter_in(folder, f"--web.config.file={tls_settings(folder)}", verify=folder / "cert.pem") as server:
        yield server


def _error(url: str, authorities: Path | None = None) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        read_push(url, {}, str(authorities) if authorities else None).deliver(_PACKED, 10)
    return caught.value


def test_an_authority_of_ones_own_is_trusted(
    exporter: Exporter, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Also where a variable of the environment names others.
    """
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(make_certificate(tmp_path)))
    receipt = read_push(exporter.url, {}, str(folder / "cert.pem")).deliver(_PACKED, 10)

    assert not receipt.is_known
    assert len(exporter.ledger.summaries()) == 1


def test_a_certificate_that_nobody_vouches_for_ends_it(exporter: Exporter) -> None:
    """
    To ask again would not help.
    """
    error = _error(exporter.url)

    assert type(error) is DeliveryError
    assert str(error).startswith("its certificate is not trusted (")


def test_a_certificate_of_another_name_ends_it(exporter: Exporter, folder: Path) -> None:
    """
    However much its authority is trusted.
    """
    error = _error(exporter.url.replace("127.0.0.1", "localhost"), folder / "cert.pem")

    assert type(error) is DeliveryError
    assert str(error).startswith("its certificate is not trusted (")


def test_a_session_that_does_not_speak_tls_is_told_soon(exporter: Exporter) -> None:
    """
    After one more try, however much time there is.
    """
    errand = Errand(read_push(exporter.url.replace("https:", "http:"), {}), Held(pack(make_run(1))))
    (tally,) = deliver([errand], 60)

    assert (tally.waiting, tally.rounds) == (1, 2)
    assert tally.failure == "the connection was closed without an answer, as by a server that expects https://"


@pytest.mark.parametrize("way", ["variable", "setting"])
def test_by_otlp_the_same_holds(exporter: Exporter, folder: Path, way: str) -> None:
    """
    OpenTelemetry's own variable goes before the setting; an exporter has no place for OTLP, and says so once trusted.
    """
    file, other = str(folder / "cert.pem"), str(folder / "key.pem")
    environ = {"OTEL_EXPORTER_OTLP_CERTIFICATE": file} if way == "variable" else {}
    collector = Collector(ServerAccess(exporter.url), environ, "metrics", other if way == "variable" else file)
    with pytest.raises(DeliveryError) as caught:
        collector.send([b"message"], 10)

    assert str(caught.value).startswith("answered 405 ")


@pytest.mark.parametrize("way", ["option", "variable", "setting"])
def test_a_session_sends_and_reports_to_it(suite: Suite, exporter: Exporter, folder: Path, way: str) -> None:
    """
    Its run, and how it goes; the file may be named in three ways.
    """
    suite.write("test_one.py", "def test_one(): pass\n")
    file = str(folder / "cert.pem")
    suite.write("pyproject.toml", f"[tool.paceline]\npush_ca_file = '{file}'\n" if way == "setting" else "")
    options = [f"--paceline-push-ca-file={file}"] if way == "option" else []
    environ = {"PACELINE_PUSH_CA_FILE": file} if way == "variable" else {}
    result = suite.run(f"--paceline-push={exporter.url}", f"--paceline-live={exporter.url}", *options, environ=environ)

    assert f"sent        1 run to {exporter.url} (push)\n" in result.output
    assert "live reports did not reach" not in result.output


def test_a_session_that_does_not_trust_it_says_so_once_and_goes_on(suite: Suite, exporter: Exporter) -> None:
    """
    One line for the run, one for the reports.
    """
    suite.write("test_one.py", "def test_one(): pass\n")
    result = suite.run(f"--paceline-push={exporter.url}", f"--paceline-live={exporter.url}")
    why = r"its certificate is not trusted \(.+\)"

    assert result.code == 0
    assert re.search(f"1 run was not sent to {exporter.url}: {why}; it is sent with the next run", result.output)
    assert re.search(f"2 of 2 live reports did not reach {exporter.url}/api/v1/live: {why}\n", result.output)


def test_a_file_without_certificates_stops_before_collection(suite: Suite, tmp_path: Path) -> None:
    """
    With what is wrong with it.
    """
    file = tmp_path / "ca.pem"
    result = suite.run("--paceline-push=https://exporter", f"--paceline-push-ca-file={file}")

    assert result.code == 4
    assert (
        f"ERROR: paceline: push_ca_file is '{file}', which cannot be read ({NO_FILE}), expected a CA bundle (PEM)\n"
    ) in result.output
