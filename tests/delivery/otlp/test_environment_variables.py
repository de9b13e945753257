"""
OpenTelemetry's variables.
"""

from collections.abc import Mapping

import pytest

from paceline.delivery.otlp.collector import Collector, resource_attributes
from paceline.delivery.otlp.environment_variables import Variables
from paceline.errors import ConfigError
from paceline.http.server_access import ServerAccess

_EVERY = "OTEL_EXPORTER_OTLP_ENDPOINT"
_OWN = "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"


@pytest.mark.parametrize(
    ("setting", "environ", "address"),
    [
        ("http://collector:4318", {_EVERY: "http://other"}, "http://collector:4318/v1/metrics"),
        ("http://collector/otlp/", {}, "http://collector/otlp/v1/metrics"),
        ("env", {}, "http://localhost:4318/v1/metrics"),
        ("env", {_EVERY: "http://prometheus/api/v1/otlp"}, "http://prometheus/api/v1/otlp/v1/metrics"),
        ("env", {_EVERY: "http://other", _OWN: "http://prometheus/otlp"}, "http://prometheus/otlp"),
    ],
)
def test_the_path_is_added_to_a_common_address_alone(setting: str, environ: Mapping[str, str], address: str) -> None:
    """
    An address on the command line wins, then one for the signal, then one for all.
    """
    assert str(Variables(environ, "metrics").endpoint(setting)) == address


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        (
            {_EVERY: "collector:4318"},
            f"the environment variable {_EVERY} is 'collector:4318', expected an address such as http://collector:4318",
        ),
        (
            {_OWN: "ann:secret@collector"},
            (
                f"the environment variable {_OWN} is 'collector', "
                "expected an address such as http://collector:4318/v1/metrics"
            ),
        ),
    ],
)
def test_an_address_that_is_none_is_named(environ: Mapping[str, str], message: str) -> None:
    """
    With the variable that has it, without secrets.
    """
    with pytest.raises(ConfigError) as caught:
        Variables(environ, "metrics").endpoint("env")

    assert str(caught.value) == message


def test_a_variable_of_the_signal_wins() -> None:
    """
    Headers, time, compression and certificates are for all signals or for one.
    """
    environ = {
        "OTEL_EXPORTER_OTLP_HEADERS": "a=1",
        "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "api-key=x%20y, b = 2,,c=,",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "3",
        "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
        "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION": "none",
        "OTEL_EXPORTER_OTLP_CERTIFICATE": "ca.pem",
        "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE": "own.pem",
        "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY": "own.key",
    }
    metrics, traces = Variables(environ, "metrics"), Variables(environ, "traces")

    assert (metrics.headers, traces.headers) == ({"a": "1"}, {"api-key": "x y", "b": "2", "c": ""})
    assert (metrics.seconds, metrics.is_compressed, traces.is_compressed) == (3.0, True, False)
    assert (metrics.authorities, metrics.certificate) == ("ca.pem", None)
    assert traces.certificate == ("own.pem", "own.key")


def test_without_variables_the_defaults_hold() -> None:
    """
    Ten seconds, gzip, no header, no certificate.
    """
    none = Variables({}, "metrics")

    assert (none.seconds, none.is_compressed, none.headers) == (10.0, True, {})
    assert (none.authorities, none.certificate) == ("", None)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon", "a number of seconds above 0"),
        ("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "-1", "a number of seconds above 0"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "zip", "gzip or none"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "http/protobuf, the only supported protocol"),
        ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "http/json", "http/protobuf, the only supported protocol"),
    ],
)
def test_a_wrong_variable_is_named(name: str, value: str, expected: str) -> None:
    """
    Before any test runs.
    """
    with pytest.raises(ConfigError) as caught:
        Collector(ServerAccess("http://collector"), {name: value}, "metrics")

    assert str(caught.value) == f"the environment variable {name} is {value!r}, expected {expected}"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("garbage,,=x", 1),
        ("a=1,=s3cret", 2),
        ("a=1,b=s3\ncret", 2),
        ("a=s3%0Acret", 1),
        ("a b=1", 1),
        ("a=1,,b=\u20ac", 3),
    ],
)
def test_what_is_no_header_is_named(text: str, place: int) -> None:
    """
    By its place, as it may be a secret; before any test runs.
    """
    with pytest.raises(ConfigError) as caught:
        Collector(ServerAccess("http://collector"), {"OTEL_EXPORTER_OTLP_HEADERS": text}, "metrics")

    assert str(caught.value) == (
        f"the environment variable OTEL_EXPORTER_OTLP_HEADERS has an invalid header at place {place}, "
        "expected name=value, separated by commas"
    )


@pytest.mark.parametrize(
    ("environ", "metrics", "traces"),
    [
        ({"OTEL_SDK_DISABLED": "True"}, "OTEL_SDK_DISABLED is true", "OTEL_SDK_DISABLED is true"),
        ({"OTEL_SDK_DISABLED": "1"}, "", ""),
        ({"OTEL_METRICS_EXPORTER": "none"}, "OTEL_METRICS_EXPORTER is none", ""),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "console"}, "", "OTEL_TRACES_EXPORTER is none"),
    ],
)
def test_a_variable_may_say_that_nothing_is_sent(environ: Mapping[str, str], metrics: str, traces: str) -> None:
    """
    Of all signals or of one, in the words of OpenTelemetry.
    """
    said = [Variables(environ, signal).silence.rpartition("variable ")[2] for signal in ("metrics", "traces")]

    assert said == [metrics, traces]


def test_who_sends_is_the_same_in_each_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Unless the user says otherwise, the service is paceline and the instance is the suite.
    """
    by_default = resource_attributes("shop")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "tests")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=x,team=web,service.instance.id=3")

    assert by_default == {"service.name": "paceline", "service.instance.id": "shop"}
    assert resource_attributes("shop") == {"service.name": "tests", "service.instance.id": "3", "team": "web"}
