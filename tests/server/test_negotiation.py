"""
What a request accepts.
"""

import pytest

from paceline.server.negotiation import Format, accepts_gzip, chosen_format
from support.exporter import Exporter

_PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,*/*;q=0.2"
)


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (_PROMETHEUS, Format.OPENMETRICS),
        ('Application/OpenMetrics-Text; escaping=x; version="1.0.0"', Format.OPENMETRICS),
        ("application/openmetrics-text", Format.OPENMETRICS),
        ("application/openmetrics-text;version=1.0.0;q=0,text/plain", Format.TEXT),
        ("application/openmetrics-text;version=1.0.0;q=0.1,text/plain;q=0.9", Format.TEXT),
        ("application/openmetrics-text;version=2.0.0", Format.TEXT),
        ("application/openmetrics-text;version=abc;q=x", Format.TEXT),
        ("*/*", Format.TEXT),
        ("", Format.TEXT),
        (";;,=;,", Format.TEXT),
    ],
)
def test_the_format_is_the_one_that_is_wanted_most(accept: str, form: Format) -> None:
    """
    Of those that are spoken, whatever else is asked for.
    """
    assert chosen_format(accept) is form


@pytest.mark.parametrize(
    ("accept", "is_so"),
    [
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000, *", False),
        ("*;q=0", False),
        ("identity", False),
        ("", False),
    ],
)
def test_gzip_is_sent_to_whoever_takes_it(accept: str, is_so: bool) -> None:
    """
    q=0 refuses it.
    """
    assert accepts_gzip(accept) is is_so


@pytest.mark.parametrize("path", ["/metrics", "/metrics/runs"])
def test_no_header_makes_a_scrape_fail(exporter: Exporter, path: str) -> None:
    """
    Also versions that are no numbers.
    """
    accepted = [
        "text/plain;version=1.x",
        "application/openmetrics-text;version=abc",
        ";q=;,=",
        "a/b;q=é".encode().decode("latin-1"),
    ]
    answers = [exporter.get(path, Accept=one, **{"Accept-Encoding": "gzip;q=0"}) for one in accepted]

    assert [(one.status_code, one.headers.get("Content-Encoding")) for one in answers] == [(200, None)] * 4
