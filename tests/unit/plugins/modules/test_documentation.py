"""What a module documents is what it takes."""

from types import ModuleType
from typing import Any

import pytest
import yaml
from ansible_collections.landslide.voting.plugins.modules import preflight, swarm_service_wait

MODULES = [preflight, swarm_service_wait]


class Taken(Exception):
    """Carries what a module has handed to AnsibleModule."""


def arguments(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    def take(**arguments: Any) -> None:
        raise Taken(arguments)

    monkeypatch.setattr(module, "AnsibleModule", take)
    with pytest.raises(Taken) as taken:
        module.main()
    taken_arguments: dict[str, Any] = taken.value.args[0]
    return taken_arguments


@pytest.mark.parametrize("module", MODULES)
def test_options_are_documented_as_they_are(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    documented = yaml.safe_load(module.DOCUMENTATION)["options"]
    for option in documented.values():
        del option["description"]
    assert documented == arguments(module, monkeypatch)["argument_spec"]


@pytest.mark.parametrize("module", MODULES)
def test_check_mode_is_supported(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    assert arguments(module, monkeypatch)["supports_check_mode"]


@pytest.mark.parametrize("module", MODULES)
def test_examples_and_returns_are_yaml(module: ModuleType) -> None:
    assert yaml.safe_load(module.EXAMPLES)
    assert yaml.safe_load(module.RETURN)
