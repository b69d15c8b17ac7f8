"""A frontend that is set up wrongly says so when it starts, not when somebody votes."""

from pathlib import Path

import pytest
from frontend.config import Config


def test_secrets_are_read_from_files_and_stay_out_of_the_repr(environ: dict[str, str]) -> None:
    config = Config.from_environ(environ)
    assert config.cookie_key == b"a-cookie-key-for-tests"
    for secret in (config.cookie_key.decode(), config.edge_token.decode(), config.queue_password):
        assert secret not in repr(config)


@pytest.mark.parametrize(
    "name", ["NODE_NAME", "POLL_FILE", "QUEUE_PASSWORD_FILE", "COOKIE_KEY_FILE", "EDGE_TOKEN_FILE"]
)
def test_a_missing_setting_is_named(environ: dict[str, str], name: str) -> None:
    del environ[name]
    with pytest.raises(ValueError, match=name):
        Config.from_environ(environ)


@pytest.mark.parametrize("name", ["COOKIE_KEY_FILE", "EDGE_TOKEN_FILE", "QUEUE_PASSWORD_FILE"])
def test_an_empty_secret_is_refused(environ: dict[str, str], name: str) -> None:
    Path(environ[name]).write_text("\n")
    with pytest.raises(ValueError, match=name):
        Config.from_environ(environ)


@pytest.mark.parametrize("value", ["0", "-1", "inf", "nan", "soon"])
def test_a_timeout_that_makes_no_sense_is_refused(environ: dict[str, str], value: str) -> None:
    with pytest.raises(ValueError, match="QUEUE_TIMEOUT"):
        Config.from_environ(environ | {"QUEUE_TIMEOUT": value})
