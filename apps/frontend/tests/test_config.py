"""A frontend that is set up wrongly says so when it starts, not when somebody votes."""

from pathlib import Path

import pytest
from frontend.config import Config

from .conftest import COOKIE_KEY, EDGE_TOKEN, ENTRY_KEY, NEW_VOTER_KEY, TEST_TOKEN

SECRETS = [
    "QUEUE_PASSWORD_FILE",
    "COOKIE_KEY_FILE",
    "NEW_VOTER_KEY_FILE",
    "EDGE_TOKEN_FILE",
    "ENTRY_KEY_FILE",
    "TEST_TOKEN_FILE",
]


def test_secrets_are_read_from_files_and_stay_out_of_the_repr(environ: dict[str, str]) -> None:
    config = Config.from_environ(environ)
    assert config.cookie_keys == (COOKIE_KEY.encode(),)
    for secret in (
        *(COOKIE_KEY, NEW_VOTER_KEY, EDGE_TOKEN, ENTRY_KEY, TEST_TOKEN),
        config.queue_password,
    ):
        assert secret not in repr(config)


@pytest.mark.parametrize("name", ["NODE_NAME", "POLL_FILE", *SECRETS])
def test_a_missing_setting_is_named(environ: dict[str, str], name: str) -> None:
    del environ[name]
    with pytest.raises(ValueError, match=name):
        Config.from_environ(environ)


@pytest.mark.parametrize("name", SECRETS)
def test_an_empty_secret_is_refused(environ: dict[str, str], name: str) -> None:
    Path(environ[name]).write_text("\n")
    with pytest.raises(ValueError, match=name):
        Config.from_environ(environ)


@pytest.mark.parametrize("value", ["0", "-1", "inf", "nan", "soon"])
def test_a_timeout_that_makes_no_sense_is_refused(environ: dict[str, str], value: str) -> None:
    with pytest.raises(ValueError, match="QUEUE_TIMEOUT"):
        Config.from_environ(environ | {"QUEUE_TIMEOUT": value})


@pytest.mark.parametrize("name", ["COOKIE_KEY_FILE", "NEW_VOTER_KEY_FILE", "EDGE_TOKEN_FILE"])
def test_what_rotates_is_one_a_line_and_each_line_is_a_secret(
    environ: dict[str, str], name: str
) -> None:
    Path(environ[name]).write_text("the-new-one-of-two\nthe-old-one-of-two\n")
    config = Config.from_environ(environ)
    both = (b"the-new-one-of-two", b"the-old-one-of-two")
    assert both in (config.cookie_keys, config.new_voter_keys, config.edge_tokens)
    Path(environ[name]).write_text("the-new-one-of-two\nshort\n")
    with pytest.raises(ValueError, match=name):
        Config.from_environ(environ)


@pytest.mark.parametrize("name", ["a b", "a\\b", "a\tb", "n\xf6de", "n" * 256])
def test_a_name_that_workers_would_reject_is_refused(environ: dict[str, str], name: str) -> None:
    with pytest.raises(ValueError, match="NODE_NAME"):
        Config.from_environ(environ | {"NODE_NAME": name})


@pytest.mark.parametrize("value", ["", "yes", "True", "1"])
def test_https_only_is_true_or_false(environ: dict[str, str], value: str) -> None:
    with pytest.raises(ValueError, match="HTTPS_ONLY"):
        Config.from_environ(environ | {"HTTPS_ONLY": value})
