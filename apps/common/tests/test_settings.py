"""A setting that cannot work is named in one sentence."""

from pathlib import Path

import pytest
from common.settings import file, positive, required
from common.store import StoreConfig
from testing.internal_tls import directory_of


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    assert required({"NODE_NAME": "store"}, "NODE_NAME") == "store"
    for environ in ({}, {"NODE_NAME": ""}):
        with pytest.raises(ValueError, match=r"^NODE_NAME is not set$"):
            required(environ, "NODE_NAME")
    with pytest.raises(ValueError, match=r"^KEY_FILE: there is no file /nowhere$"):
        file({"KEY_FILE": "/nowhere"}, "KEY_FILE")


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "many", ""])
def test_a_number_is_above_zero(value: str) -> None:
    with pytest.raises(ValueError, match=r"^SECONDS (is not a number|has to be above zero)$"):
        positive({"SECONDS": value}, "SECONDS", "1")
    assert positive({}, "SECONDS", "1.5") == 1.5


def test_a_store_has_defaults_but_for_its_password(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("secret")
    environ = {
        "PG_PASSWORD_FILE": str(tmp_path / "password"),
        "TLS_DIRECTORY": str(directory_of("results")),
    }
    store = StoreConfig.from_environ(environ, "results")
    assert (store.host, store.port, store.database) == ("tasks.pg", 5432, "landslide")
    assert store.user == "results"
    with pytest.raises(ValueError, match=r"^PG_PASSWORD_FILE is not set$"):
        StoreConfig.from_environ({}, "results")
    missing = f"^internal_ca: there is no file {tmp_path}/internal_ca$"
    with pytest.raises(ValueError, match=missing):
        StoreConfig.from_environ(environ | {"TLS_DIRECTORY": str(tmp_path)}, "results")
