import hashlib
import re
from collections.abc import Sequence

import pytest
from ansible_collections.landslide.voting.plugins.filter.cluster_keys import (
    FilterModule,
    cluster_keys,
)
from ansible_collections.landslide.voting.plugins.module_utils import secret_names

KEYS = {"cookie_key": ["old cookie"], "test_token": ["token"], "swarm_api_authority": ["-----CA"]}


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(secret_names.COST, "n", 2)


def secret(name: str, *values: str) -> str:
    return f"{name}_{hashlib.sha256(chr(10).join(values).encode()).hexdigest()[:12]}"


def known(keys: dict[str, Sequence[str]]) -> dict[str, str]:
    labels: dict[str, str] = cluster_keys(keys, {}, [])["labels"]
    return labels


def problems(
    keys: dict[str, Sequence[str]], labels: dict[str, str], *used: str, **pending: str
) -> tuple[list[str], list[str]]:
    compared = cluster_keys(keys, labels, used, pending)
    return compared["missing"], compared["different"]


def test_the_filter_has_its_name() -> None:
    assert FilterModule().filters() == {"cluster_keys": cluster_keys}


def test_a_new_cluster_gets_a_label_for_each_key_and_keeps_those_of_others() -> None:
    labels = cluster_keys(KEYS, {"owner": "us"}, [])["labels"]
    assert labels.pop("owner") == "us"
    assert set(labels) == {f"landslide.key.{name}" for name in KEYS}
    assert all(re.fullmatch("scrypt:[0-9a-f]{32}:[0-9a-f]{32}", label) for label in labels.values())


def test_labels_that_are_right_stay_as_they_are() -> None:
    labels = known(KEYS)
    compared = cluster_keys({**KEYS, "test_token": [" token\n"]}, labels, [])
    assert compared == {"missing": [], "different": [], "labels": labels}


def test_equal_values_have_different_fingerprints() -> None:
    assert len(set(known({"a": ["same"], "b": ["same"]}).values())) == 2


def test_a_controller_without_them_is_told_which() -> None:
    keys = {"cookie_key": [], "test_token": ["another"], "swarm_api_authority": ["-----CA"]}
    assert problems(keys, known(KEYS)) == (["cookie_key"], ["test_token"])


def test_what_is_missing_keeps_its_label() -> None:
    labels = known(KEYS)
    assert cluster_keys({"cookie_key": []}, labels, [])["labels"] == labels


def test_a_key_that_is_new_in_this_version_is_nobody_elses() -> None:
    labels = known(KEYS)
    assert problems({**KEYS, "new_key": []}, labels, secret("cookie_key", "old cookie")) == ([], [])
    compared = cluster_keys({**KEYS, "new_key": ["made since"]}, labels, [])
    assert set(compared["labels"]) - set(labels) == {"landslide.key.new_key"}


def test_a_label_counts_for_more_than_what_services_use() -> None:
    assert problems(KEYS, known(KEYS), secret("test_token", "of an older roll-out")) == ([], [])


def test_a_cluster_without_fingerprints_is_asked_by_its_secrets() -> None:
    used = [secret("cookie_key", "old cookie"), secret("swarm_api_ca", "-----CA")]
    assert problems(KEYS, {}, *used, secret("overview_key", "of another")) == ([], [])
    others = {"cookie_key": [], "test_token": [], "swarm_api_authority": ["-----another"]}
    assert problems(others, {}, *used) == (["cookie_key"], ["swarm_api_authority"])


def test_names_of_this_version_tell_nothing_without_the_swarms_id() -> None:
    keys = {"cookie_key": ["new", "old"]}
    used = [secret_names.secret_name("cookie_key", "new\nold", "swarm")]
    assert cluster_keys(keys, {}, used, {}, "swarm")["different"] == []
    assert cluster_keys(keys, {}, used, {}, "another")["different"] == ["cookie_key"]
    assert cluster_keys({"cookie_key": ["guess"]}, {}, used, {}, "swarm")["different"]


def test_its_services_may_use_an_old_value_besides() -> None:
    used = [secret("test_token", "token"), secret("test_token", "older")]
    assert problems(KEYS, {}, *used) == ([], [])


@pytest.mark.parametrize("used", [("old",), ("new",), ("old", "new"), ("new", "old")])
@pytest.mark.parametrize("ours", [("old", "new"), ("new", "old")])
def test_a_cluster_without_fingerprints_may_be_amid_a_rotation(
    ours: Sequence[str], used: Sequence[str]
) -> None:
    assert problems({"cookie_key": ours}, {}, secret("cookie_key", *used)) == ([], [])


def test_a_rotation_knows_both_and_so_has_everybody_else_to() -> None:
    labels = known({"cookie_key": ["new", "old"]})
    assert problems({"cookie_key": ["old", "new"]}, labels) == ([], [])
    assert problems({"cookie_key": ["new", "old", "next"]}, labels) == ([], [])
    # A copy of the state from before, or one from which the old key was removed too early.
    assert problems({"cookie_key": ["old"]}, labels) == ([], ["cookie_key"])
    assert problems({"cookie_key": ["new"]}, labels) == ([], ["cookie_key"])


def test_a_rotation_that_was_interrupted_is_the_controllers_own() -> None:
    labels = known({"test_token": ["new"]})
    assert problems({"test_token": ["old"]}, labels) == ([], ["test_token"])
    assert problems({"test_token": ["old"]}, labels, test_token="new") == ([], [])
    # Not used yet, so not to be known yet.
    own = {"test_token": ["old"]}
    compared = cluster_keys(own, known(own), [], {"test_token": "new"})
    assert compared["labels"] == cluster_keys(own, compared["labels"], [])["labels"]


def test_fingerprints_of_a_later_version_are_not_guessed_at() -> None:
    with pytest.raises(ValueError, match="update Landslide"):
        cluster_keys(KEYS, {"landslide.key.cookie_key": "argon2:00:00"}, [])


def test_guessing_a_fingerprint_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert secret_names.COST["n"] * secret_names.COST["r"] * 128 >= 16 * 2**20
