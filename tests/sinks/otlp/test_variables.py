"""
OpenTelemetry's variables.
"""

from collections.abc import Mapping

import pytest

from paceline.errors import ConfigError
from paceline.sinks.otlp.collector import resource_attributes
from paceline.sinks.otlp.variables import Variables

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
        "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "api-key=x%20y, b = 2,nonsense",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "3",
        "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
        "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION": "none",
        "OTEL_EXPORTER_OTLP_CERTIFICATE": "ca.pem",
        "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE": "own.pem",
        "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY": "own.key",
    }
    metrics, traces = Variables(environ, "metrics"), Variables(environ, "traces")

    assert (metrics.headers, traces.headers) == ({"a": "1"}, {"api-key": "x y", "b": "2"})
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
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon", "seconds, more than 0"),
        ("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "-1", "seconds, more than 0"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "zip", "gzip or none"),
    ],
)
def test_a_wrong_variable_is_named(name: str, value: str, expected: str) -> None:
    """
    Before any test runs.
    """
    variables = Variables({name: value}, "metrics")
    with pytest.raises(ConfigError) as caught:
        _ = variables.seconds, variables.is_compressed

    assert str(caught.value) == f"the environment variable {name} is {value!r}, expected {expected}"


def test_who_sends_is_the_same_in_each_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Unless the user says otherwise, the service is paceline and the instance is the suite.
    """
    by_default = resource_attributes("shop")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "tests")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=x,team=web,service.instance.id=3")

    assert by_default == {"service.name": "paceline", "service.instance.id": "shop"}
    assert resource_attributes("shop") == {"service.name": "tests", "service.instance.id": "3", "team": "web"}
