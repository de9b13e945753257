"""
Names that are safe to keep.
"""

import pytest

from paceline.identity import is_secret, safe_ids, safe_text


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("line\nbreak", "line\\nbreak"),
        ("nul\x00bell\x07", "nul\\x00bell\\x07"),
        ("delete\x7f", "delete\\x7f"),
        ("c1\x85", "c1\\x85"),
        ("separator\u2028", "separator\\u2028"),
        ("half\ud800", "half\\ud800"),
        ("Töpfe 🍲 и", "Töpfe 🍲 и"),
    ],
)
def test_control_characters_are_escaped(text: str, safe: str) -> None:
    """
    What would break a line, a terminal or a file is shown as Python would write it; letters stay.
    """
    assert safe_text(text) == safe


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("test_in[password=hunter2]", "test_in[password=***]"),
        ("test_in[passwd: hunter2]", "test_in[passwd: ***]"),
        ("test_in[passphrase=hunter2]", "test_in[passphrase=***]"),
        ("test_in[PASSWORD=hunter2&user=eve]", "test_in[PASSWORD=***&user=eve]"),
        ("""test_in[{"password": "hunter2", "user": "eve"}]""", """test_in[{"password": "***", "user": "eve"}]"""),
        ("test_in[{'client_secret': 'hunter2'}]", "test_in[{'client_secret': '***'}]"),
        ("test_in[access_token=hunter2]", "test_in[access_token=***]"),
        ("test_in[X-Api-Key: hunter2]", "test_in[X-Api-Key: ***]"),
        ("test_in[Bearer abcdef123456]", "test_in[Bearer ***]"),
        ("test_in[Basic dXNlcjpwYXNz]", "test_in[Basic ***]"),
        ("test_in[Authorization: Bearer abcdef123456]", "test_in[Authorization: Bearer ***]"),
        ("test_in[Authorization=Basic dXNlcjpwYXNz]", "test_in[Authorization=Basic ***]"),
        ("test_in[postgres://admin:hunter2@db/shop]", "test_in[postgres://admin:***@db/shop]"),
        ("test_in[postgres://admin:p@ss@db/shop]", "test_in[postgres://admin:***@db/shop]"),
        (
            "test_in[https://eve%40x.com:pa%20ss@host.com-eve%40x.com-eve@gmail.com-pa]",
            "test_in[https://eve%40x.com:***@host.com-eve%40x.com-eve@gmail.com-pa]",
        ),
        ("test_in[max_tokens=128]", "test_in[max_tokens=128]"),
        ("test_in[redis://:hunter2@cache:6379]", "test_in[redis://:***@cache:6379]"),
        ("test_in[redis://:hunter2@[::1]:6379/0]", "test_in[redis://:***@[::1]:6379/0]"),
        ("test_in[postgresql://eve:hunter2@/shop?host=/run]", "test_in[postgresql://eve:***@/shop?host=/run]"),
        ("test_in[password=*hunter2*]", "test_in[password=***]"),
        ("test_in[sk-ant-api03-AbCdEf0123_456789-abcdefghij]", "test_in[***]"),
        ("test_in[AKIAIOSFODNN7EXAMPLE]", "test_in[***]"),
        ("test_in[AIzaSyA0123456789abcdefghijklmnopqrst-_]", "test_in[***]"),
        ("test_in[user=ann,pw=hunter8]", "test_in[user=ann,pw=***]"),
        ("test_in[db_pwd: hunter8]", "test_in[db_pwd: ***]"),
        ("test_in[pin=1234]", "test_in[pin=***]"),
        ("test_in[user=ann&pass=hunter8]", "test_in[user=ann&pass=***]"),
        ("test_in[auth_header=Basic dXNlcjpwYXNz]", "test_in[auth_header=Basic ***]"),
        ("test_in[X-Auth-Header: hunter8]", "test_in[X-Auth-Header: ***]"),
        ("test_in[ASIAIOSFODNN7EXAMPLE]", "test_in[***]"),
        ("test_in[aws_secret_access_key=wJalrXUtnFEMI/K7MDENG]", "test_in[aws_secret_access_key=***]"),
        ("test_in[ghp_0123456789abcdefghijABCDEFGHIJ012345]", "test_in[***]"),
        ("test_in[github_pat_11ABCDEFG0abcdefghijkl_mnopqrstuv]", "test_in[***]"),
        ("test_in[glpat-0123456789abcdefghij]", "test_in[***]"),
        ("test_in[sk_live_0123456789abcdefghij]", "test_in[***]"),
        ("test_in[xoxb-123456789012-abcdefABCDEF]", "test_in[***]"),
        ("test_in[eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.sflKxwRJ]", "test_in[***]"),
        ("test_in[-----BEGIN RSA PRIVATE KEY-----\\nMIIEow]", "test_in[***]"),
    ],
)
def test_secrets_are_masked(text: str, safe: str) -> None:
    """
    Known shapes of credentials, and values that call themselves secret, are replaced by three asterisks.
    """
    assert safe_text(text) == safe


@pytest.mark.parametrize(
    "text",
    [
        "tests/test_auth.py::test_token_expired[password-reset]",
        "tests/test_auth.py::TestToken::test_login",
        "tests/test_secrets.py::TestPassword::test_reset[1]",
        "tests/test_api.py::test_authorization[admin]",
        "test_add[basic operations]",
        "test_fit[sk-learn-pipeline-with-two-steps]",
        "test_get[https://shop.example/cart?page=2]",
        "test_at[12:30@noon]",
        "test_key[key=value]",
        "test_in[bypass=cache]",
        "test_in[compass=north]",
        "test_in[passes=12]",
        "test_in[pass=3,fail=1]",
        "test_in[pass=true]",
        "test_in[auth=basic]",
        "test_in[author_header=wide]",
        "test_in[spin=1,led_pin=13,pinned=x]",
        "test_in[pwm=50]",
        "test_in[AIzaSy-is-how-a-key-begins]",
    ],
)
def test_ordinary_words_are_left_alone(text: str) -> None:
    """
    A test may be about tokens and passwords without having any.
    """
    assert safe_text(text) == text


def test_a_long_text_is_cut_with_a_digest() -> None:
    """
    200 characters stay; of 201 the first 187 stay, and a digest of the whole tells two of them apart.
    """
    kept, one, other = safe_text("x" * 200), safe_text("x" * 201), safe_text("x" * 202)

    assert kept == "x" * 200
    assert one == "x" * 187 + "~" + one[-12:]
    assert len(other) == 200
    assert one != other


@pytest.mark.parametrize(
    "text",
    [
        f"{'x' * 180} token=hunter2, and what follows",
        f"{'x' * 178} Bearer a b c d e f g h i j k l",
        f"{'x' * 166} AKIAIOSFODNN7EXAMPLEisnokey, and more",
        f"{'x' * 100} ://eve:password=hunter2/2,3@host",
    ],
)
def test_a_safe_text_is_safe_already(text: str) -> None:
    """
    A cut or a mask makes nothing that would be masked again.
    """
    safe = safe_text(text)

    assert safe_text(safe) == safe


def test_the_digest_does_not_betray_a_secret() -> None:
    """
    Two long texts that differ in a secret alone are cut to the same text.
    """
    one, other = (safe_text(f"password={secret}," + "x" * 300) for secret in ("hunter2", "hunter3"))

    assert one == other


def test_ids_that_look_alike_get_numbers() -> None:
    """
    Ids that only differ in what is masked are told apart by their order.
    """
    ids = safe_ids(["test[token=a]", "test[token=b]", "test[other]", "test[token=***]#2"])

    assert ids == {
        "test[token=a]": "test[token=***]",
        "test[token=b]": "test[token=***]#2",
        "test[other]": "test[other]",
        "test[token=***]#2": "test[token=***]#2#2",
    }


def test_what_stands_for_an_id_is_made_safe_too() -> None:
    """
    Where only pytest knows what in an id is a secret.
    """
    ids = safe_ids(["test[a]", "test[b]"], {"test[a]": "test[\n]", "test[b]": "test[\n]"})

    assert ids == {"test[a]": "test[\\n]", "test[b]": "test[\\n]#2"}


@pytest.mark.parametrize(
    ("name", "text", "is_so"),
    [
        ("password", "x", True),
        ("db_password", "x", True),
        ("passwd2", "x", True),
        ("apiKey", "x", True),
        ("aws_secret_access_key", "x", True),
        ("credentials", "x", True),
        ("token", "12345678", True),
        ("pwd", "x", True),
        ("db_pwd", "x", True),
        ("pw", "x", True),
        ("pw2", "x", True),
        ("user_pw", "x", True),
        ("pass_", "x", True),
        ("db_pass", "x", True),
        ("pin", "1234", True),
        ("auth_header", "x", True),
        ("auth_headers", "x", True),
        ("max_tokens", "128", False),
        ("auth", "x", False),
        ("author_header", "x", False),
        ("bypass", "x", False),
        ("compass", "x", False),
        ("passes", "x", False),
        ("should_pass", "x", False),
        ("spin", "x", False),
        ("led_pin", "13", False),
        ("pins", "x", False),
        ("pwm", "x", False),
        ("password_length", "x", False),
        ("key", "x", False),
        ("user", "x", False),
    ],
)
def test_a_name_tells_of_a_secret(name: str, text: str, is_so: bool) -> None:
    """
    Where it ends in a word for one, unless that counts tokens.
    """
    assert is_secret(name, text) is is_so


def test_an_id_that_comes_twice_is_one_id() -> None:
    """
    A node id that pytest names twice is the same test.
    """
    assert safe_ids(["test_a", "test_b", "test_a"]) == {"test_a": "test_a", "test_b": "test_b"}


def test_a_numbered_id_is_not_longer_than_others() -> None:
    """
    The number takes the place of the last characters.
    """
    ids = safe_ids([f"test[{'x' * 180}-token={name}]" for name in ("one", "two")])

    assert [len(safe) for safe in ids.values()] == [196, 198]
    assert max(len(safe) for safe in safe_ids([f"{'x' * 186}-token={n}]" for n in "abcdefghijkl"]).values()) == 200
