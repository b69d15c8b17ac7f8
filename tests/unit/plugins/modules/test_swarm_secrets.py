import base64
import hashlib
from typing import Any

import pytest
from ansible_collections.landslide.voting.plugins.module_utils import secret_names
from ansible_collections.landslide.voting.plugins.modules import swarm_secrets


class Swarm:
    """The engine's API, as far as the module uses it."""

    def __init__(self, identity: str = "an ID") -> None:
        self.identity = identity
        self.made: list[dict[str, Any]] = []

    def inspect_swarm(self) -> dict[str, str]:
        return {"ID": self.identity}

    def secrets(self) -> list[dict[str, Any]]:
        return self.made

    def create_secret(self, name: str, data: bytes, labels: dict[str, str]) -> None:
        self.made.append({"Spec": {"Name": name, "Labels": labels, "Data": data}})


class Ended(Exception):
    """Carries what the module returns."""


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(secret_names.COST, "n", 2)


def run(
    monkeypatch: pytest.MonkeyPatch, swarm: Swarm, check_mode: bool = False, **values: str
) -> dict[str, Any]:
    class Module:
        def __init__(self, **_: Any) -> None:
            self.params = {"secrets": [{"name": name, "value": values[name]} for name in values]}
            self.check_mode = check_mode

        def exit_json(self, **result: Any) -> None:
            raise Ended(result)

    monkeypatch.setattr(swarm_secrets, "AnsibleModule", Module)
    monkeypatch.setattr(swarm_secrets, "engine_api", lambda _module: swarm)
    with pytest.raises(Ended) as ended:
        swarm_secrets.main()
    result: dict[str, Any] = ended.value.args[0]
    return result


def test_a_secret_is_made_once_and_again_only_with_other_content(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    swarm = Swarm()
    first = run(monkeypatch, swarm, password="one", token="two\n")
    assert first["changed"]
    assert [made["Spec"]["Data"] for made in swarm.made] == [b"one", b"two\n"]
    assert [made["Spec"]["Name"] for made in swarm.made] == list(first["names"].values())
    assert run(monkeypatch, swarm, password="one", token="two\n") == first | {"changed": False}

    other = run(monkeypatch, swarm, password="one", token="two")
    assert other["changed"]
    assert other["names"]["password"] == first["names"]["password"]
    assert len(swarm.made) == 3


def test_check_mode_tells_the_names_and_makes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    swarm = Swarm()
    planned = run(monkeypatch, swarm, check_mode=True, password="one")
    assert planned["changed"]
    assert swarm.made == []
    assert run(monkeypatch, swarm, password="one") == planned


def test_nothing_that_is_shown_is_a_plain_hash_of_the_content(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    swarm = Swarm()
    run(monkeypatch, swarm, password="one")
    shown = str({key: value for key, value in swarm.made[0]["Spec"].items() if key != "Data"})
    plain = [hashlib.new(name, b"one") for name in ("md5", "sha1", "sha224", "sha256", "sha512")]
    for made in plain:
        assert made.hexdigest()[:12] not in shown
        assert base64.b64encode(made.digest()).decode()[:12] not in shown
    run(monkeypatch, elsewhere := Swarm("another ID"), password="one")
    assert elsewhere.made[0]["Spec"]["Name"] != swarm.made[0]["Spec"]["Name"]


def test_a_service_without_secrets_asks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(Swarm, "inspect_swarm")
    assert run(monkeypatch, Swarm()) == {"changed": False, "names": {}}
