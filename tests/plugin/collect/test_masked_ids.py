"""
Secrets in the parameters of tests.
"""

import time

import pytest

from paceline.translated_names import RunCount
from support.exporter import Exporter, exporter_in
from support.suite import Result, Suite

_TESTS = """
    import os, pathlib, pytest

    @pytest.mark.parametrize("password", ["hunter3", pytest.param("hunter4")])
    @pytest.mark.parametrize("user", ["ann", "bob"])
    def test_login(user, password): pass

    @pytest.mark.parametrize("api_key", ["a", b"s\\xe9cret-7", 12345678, True, None])
    @pytest.mark.parametrize("size", [1, 2])
    def test_key(size, api_key): pass

    @pytest.mark.parametrize("n, max_tokens, token", argvalues=[(1, 128, "x")] * 2)
    def test_token(n, max_tokens, token): pass

    @pytest.mark.parametrize("author, signing_key", [("ann", "hunter7")])
    def test_sign(author, signing_key): pass

    @pytest.mark.parametrize("secret", ["hunter5"], ids=lambda value: f"s={value}!")
    def test_own_id(secret): pass

    @pytest.fixture(params=["hunter6"])
    def db_password(request): return request.param

    def test_fixture(db_password): pass
"""
_IDS = [
    "test_login[ann-password0]",
    "test_login[ann-password1]",
    "test_login[bob-password0]",
    "test_login[bob-password1]",
    "test_key[1-api_key0]",
    "test_key[1-api_key1]",
    "test_key[1-api_key2]",
    "test_key[1-True]",
    "test_key[1-None]",
    "test_key[2-api_key0]",
    "test_key[2-api_key1]",
    "test_key[2-api_key2]",
    "test_key[2-True]",
    "test_key[2-None]",
    "test_token[1-128-token0_0]",
    "test_token[1-128-token0_1]",
    "test_sign[ann-signing_key0]",
    "test_own_id[s=secret0!]",
    "test_fixture[db_password0]",
]


def _left(result: Result) -> str:
    """
    All that is kept, as text.
    """
    return "".join(path.read_bytes().decode("latin-1") for path in result.results.rglob("*") if path.is_file())


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_value_that_its_name_calls_a_secret_is_not_kept(suite: Suite, workers: str) -> None:
    """
    Its position stands for it, so that tests stay apart, and stay what they are when only some of them run.
    """
    suite.write("test_secrets.py", _TESTS)
    result = suite.run("-n", workers)
    outcomes, made_safe = result.outcomes, result.run.counts[RunCount.IDS_MADE_SAFE]
    part = suite.run("-k", "hunter4 and bob")

    assert sorted(outcomes) == sorted(_IDS)
    assert list(part.outcomes) == ["test_login[bob-password1]"]
    assert [secret for secret in ("hunter", "cret-7", "12345678") if secret in _left(part)] == []
    assert made_safe == 15


_SHAPES = """
    import pytest

    KEYS = ["ghp_A0123456789abcdefghij", "plain", "ghp_Z0123456789abcdefghij"]

    @pytest.mark.parametrize("size", [1, 2])
    @pytest.mark.parametrize("value", KEYS)
    def test_value(value, size): pass

    @pytest.mark.parametrize("login", [pytest.param(n, id=f"user=ann,pw=hunter{n}") for n in (8, 9)])
    def test_own_id(login): pass
"""


def test_what_looks_like_a_secret_has_one_name_whatever_runs(suite: Suite) -> None:
    """
    The whole suite and any choice of it know a test by the same id.
    """
    suite.write("test_shapes.py", _SHAPES)
    whole = suite.run().outcomes
    parts = [list(suite.run("-k", some).outcomes) for some in ("ghp_Z", "hunter9", "ghp_A or hunter8")]

    assert list(whole) == [
        "test_value[value0-1]",
        "test_value[value0-2]",
        "test_value[plain-1]",
        "test_value[plain-2]",
        "test_value[value2-1]",
        "test_value[value2-2]",
        "test_own_id[login0-user=ann,pw=***]",
        "test_own_id[login1-user=ann,pw=***]",
    ]
    assert parts == [
        ["test_value[value2-1]", "test_value[value2-2]"],
        ["test_own_id[login1-user=ann,pw=***]"],
        ["test_value[value0-1]", "test_value[value0-2]", "test_own_id[login0-user=ann,pw=***]"],
    ]


def test_a_worker_that_crashes_betrays_nothing(suite: Suite) -> None:
    """
    The test in which it died is known by its id without the secret.
    """
    suite.write(
        "test_crash.py",
        """
        import os, pytest

        @pytest.mark.parametrize("password", ["hunter3", "hunter4"])
        def test_login(password): os._exit(3)
        """,
    )
    result = suite.run("-n", "1")

    assert result.outcomes == {"test_login[password0]": "failed", "test_login[password1]": "failed"}
    assert "hunter" not in _left(result)


def test_what_is_seen_live_has_no_secret(suite: Suite, tmp_path_factory: pytest.TempPathFactory) -> None:
    """
    Also before any worker has told which ids have some: then the id is without parameters.
    """
    suite.write(
        "test_waits.py",
        """
        import pathlib, pytest, time

        def wait(name):
            while not pathlib.Path(name).exists(): time.sleep(0.02)

        @pytest.fixture
        def slow(): wait("set_up")

        @pytest.mark.parametrize("password", ["hunter3"])
        def test_login(slow, password): wait("go")
        """,
    )
    with exporter_in(tmp_path_factory.mktemp("exporter")) as exporter:
        process = suite.start(f"--paceline-live={exporter.url}", "-n", "1")
        seen: list[str] = []
        for name in ("set_up", "go"):
            seen.append(_next_active(exporter, seen))
            (suite.folder / name).touch()
        process.communicate(timeout=60)

    assert seen == ["main,,shop,test_waits.py::test_login", "main,,shop,test_waits.py::test_login[password0]"]


def _next_active(exporter: Exporter, seen: list[str]) -> str:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        for name in exporter.state("paceline_active_case_seconds"):
            if name not in seen:
                return name
    return "nothing new"
