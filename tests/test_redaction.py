"""
What looks like a secret.
"""

import pytest

from paceline.redaction import is_secret, without_secrets


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("test_in[password=hunter2]", "test_in[password=***]"),
        ("test_in[https://hooks.slack.com/services/T0AB/B0CD/xyzXYZ]", "test_in[https://hooks.slack.com/services/***]"),
        ("test_in[https://discord.com/api/webhooks/123/abcDEF]", "test_in[https://discord.com/api/webhooks/123/***]"),
        (
            "test_in[https://shop.webhook.office.com/webhookb2/0f1e@2d3c/IncomingWebhook/9a8b/7c6d]",
            "test_in[https://shop.webhook.office.com/webhookb2/***]",
        ),
        (
            "test_in[https://prod-1.westeurope.logic.azure.com:443/workflows/0a1b/triggers/manual]",
            "test_in[https://prod-1.westeurope.logic.azure.com:443/workflows/***]",
        ),
        (
            "test_in[https://events.pagerduty.com/integration/0123abcd/enqueue]",
            "test_in[https://events.pagerduty.com/integration/***]",
        ),
        ("test_in[routing_key=0123abcd]", "test_in[routing_key=***]"),
        ("test_in[integration_key=0123abcd]", "test_in[integration_key=***]"),
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
        ("test_in[sk_live_abcdefgh]", "test_in[***]"),
        ("test_in[rk_test_abcdefgh1]", "test_in[***]"),
        ("test_in[npm_a1B2a1B2a1B2a1B2a1B2a1B2a1B2a1B2a1B2]", "test_in[***]"),
        ("test_in[pypi-AgEIcHlwaS5vcmcCJDU3]", "test_in[***]"),
        ("test_in[hf_AbCdEfGhIjKlMnOpQrStUvWxYz01234567]", "test_in[***]"),
        ("test_in[dop_v1_0af90af90af90af90af90af9]", "test_in[***]"),
        ("test_in[SG.ngeVfQFYQlKU0ufo8x5d1A.TwL2iGABf9DHoTf-09kqeF8t]", "test_in[***]"),
        ("test_in[AccountName=shop;AccountKey=Eby8vdM02xNOcqFlqUw==]", "test_in[AccountName=shop;AccountKey=***]"),
        ("test_in[https://shop.example/c?sv=2&sig=abc%2F]", "test_in[https://shop.example/c?sv=2&sig=***]"),
        ("test_in[/c?X-Amz-Signature=4f2c&page=2]", "test_in[/c?X-Amz-Signature=***&page=2]"),
        ("test_in[https://0123456789abcdef0123456789abcdef@errors.example/1]", "test_in[https://***@errors.example/1]"),
        ("test_in[--password hunter2 --verbose]", "test_in[--password *** --verbose]"),
        ("test_in[mysql --db-password 'hunter2']", "test_in[mysql --db-password '***']"),
        ("test_in[curl -u bob:hunter2]", "test_in[curl -u bob:***]"),
        ("test_in[curl --user bob:hunter2 -v]", "test_in[curl --user bob:*** -v]"),
        ("test_in[bob:hunter2@shop.example]", "test_in[bob:***@shop.example]"),
        ("test_in[bob:hunter2@10.0.0.1:21]", "test_in[bob:***@10.0.0.1:21]"),
        ("test_in[Cookie: theme=dark; sid=hunter2]", "test_in[Cookie: ***]"),
        ("test_in[auth=basic:hunter2]", "test_in[auth=***]"),
        ("test_in[password='correct horse',user=ann]", "test_in[password='***',user=ann]"),
        ('test_in[--token "correct horse" -v]', 'test_in[--token "***" -v]'),
        ("test_in[password='hunter2]", "test_in[password='***]"),
        ("test_in[Authorization: Token hunter2]", "test_in[Authorization: Token ***]"),
        ("test_in[password2=hunter2]", "test_in[password2=***]"),
    ],
)
def test_secrets_are_masked(text: str, safe: str) -> None:
    """
    Known shapes of credentials, and values that call themselves secret, are replaced by three asterisks.
    """
    assert without_secrets(text) == safe


@pytest.mark.parametrize(
    "text",
    [
        "tests/test_auth.py::test_token_expired[password-reset]",
        "tests/test_auth.py::TestToken::test_login",
        "tests/test_secrets.py::TestPassword::test_reset[1]",
        "tests/test_api.py::test_authorization[admin]",
        "test_add[basic operations]",
        "test_add[Basic arithmetic-Basic Authentication-Bearer assurance]",
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
        "test_in[sk_test_connection]",
        "test_in[npm_install-hf_hub-pypi-server-SG.1.2]",
        "test_in[--password-stdin -u root]",
        "test_in[--max-tokens 128]",
        "test_in[docker run -u 1000:1000]",
        "test_in[python:3.12@sha256:4f2c4f2c4f2c]",
        "test_in[mailto:robert@shop.example]",
        "test_in[git@shop.example:tools/cart]",
        "test_in[def:signature=none]",
        "test_in[dsn=sqlite:///:memory:]",
        "test_in[sort_key=name,primary_key=id]",
        "test_in[should_pass=no]",
    ],
)
def test_ordinary_words_are_left_alone(text: str) -> None:
    """
    A test may be about tokens and passwords without having any.
    """
    assert without_secrets(text) == text


_SECRET_NAMES = """
    password db_password passwd2 PASSWORD userPassword passphrase password_hash pwd db_pwd pw pw2 user_pw userpw rootpw
    pass_ db_pass dbpass userpass smtp_pass secret secret_value client_secret credential credentials creds
    token github_token accessToken token_value apiKey api_key x_api_key aws_secret_access_key secret_key SECRET_KEY
    client_secret_key clientSecretKey encryption_key signing_key master_key hmac_key ssh_key storage_key account_key
    AccountKey license_key private_key jwt bearer auth basic_auth dbAuth auth_header auth_headers authorization
    otp totp pin pin_code cvv cvv2 cvc cookie session_cookie set_cookie session_id sessionId dsn sentry_dsn
"""
_OTHER_NAMES = """
    key keys key_name sort_key primary_key foreign_key cache_key monkey author author_header authors auth_mode oauth
    authority session sessions session_count cookies_enabled cookie_count max_tokens_used token_count tokenizer
    password_length secretary credit option laptop bypass compass passes should_pass passenger spin led_pin pins pwm
    cv dsn_count user account storage license master signing bearing signature
"""


@pytest.mark.parametrize("name", _SECRET_NAMES.split())
def test_a_name_tells_of_a_secret(name: str) -> None:
    """
    Where it ends in words for one, however it is written; in a text as for a parameter.
    """
    assert is_secret(name, "hunter2x")
    assert without_secrets(f"test_in[ann-{name}=hunter2x]") == f"test_in[ann-{name}=***]"


@pytest.mark.parametrize("name", _OTHER_NAMES.split())
def test_other_names_tell_of_none(name: str) -> None:
    """
    A word may be part of another one, or of a name that ends in something else.
    """
    assert not is_secret(name, "hunter2x")
    assert without_secrets(f"test_in[ann-{name}=hunter2x]") == f"test_in[ann-{name}=hunter2x]"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("max_tokens", "128"),
        ("auth", "basic"),
        ("proxy_auth", "None"),
        ("session_id", "3"),
        ("cookies", "true"),
        ("dsn", "sqlite:///:memory:"),
        ("dsn", "postgresql://db/shop"),
    ],
)
def test_some_values_are_no_secrets_whatever_their_name(name: str, text: str) -> None:
    """
    Sizes, words for how it is done, and addresses without a user.
    """
    assert not is_secret(name, text)
    assert without_secrets(f"test_in[{name}={text}]") == f"test_in[{name}={text}]"


@pytest.mark.parametrize(
    ("name", "text"),
    [("token", "12345678"), ("auth", "basic-hunter2"), ("otp", "123456"), ("dsn", "https://4f2c@errors.example/1")],
)
def test_a_secret_may_begin_like_another_value(name: str, text: str) -> None:
    """
    The whole of it has to be a size, a word, or an address without a user.
    """
    assert is_secret(name, text)
