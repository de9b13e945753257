"""
Paceline's own tokens and passwords.
"""

import pytest

from paceline import own_secrets
from paceline.identity import quoted
from paceline.own_secrets import keep_secret, without_own_secrets


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_secrets, "_known", set())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PACELINE_PUSH_TOKEN", "plainword99"),
        ("PACELINE_HISTORY_PASSWORD", "plainword99"),
        ("PACELINE_GRAFANA_TOKEN", "plainword99"),
        ("PACELINE_TOKENS", "anotherword, plainword99"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=plainword99,other=1"),
    ],
)
def test_a_token_of_the_environment_is_known(name: str, value: str) -> None:
    """
    A server may say it back in any sentence.
    """
    assert without_own_secrets("who is plainword99?", {name: value}) == "who is ***?"


def test_a_password_of_an_address_is_known_as_it_is_sent() -> None:
    """
    In a header it is encoded with the user, and in an address by itself.
    """
    keep_secret("pa ss/word", "ann")

    assert without_own_secrets("pa ss/word pa%20ss%2Fword YW5uOnBhIHNzL3dvcmQ=", {}) == "*** *** ***"


def test_words_of_others_stay() -> None:
    """
    A password that is short may be part of any word, and is not looked for.
    """
    keep_secret("test")

    assert without_own_secrets("test_total", {}) == "test_total"


def test_a_quote_is_cut_after_masking(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    No half of a token is left.
    """
    monkeypatch.setenv("PACELINE_PUSH_TOKEN", "plainword99plainword99")

    assert "plainword" not in quoted("x" * 195 + "plainword99plainword99")
