from pathlib import Path

import pytest
from ansible_collections.landslide.voting.plugins.module_utils.preflight.firewalls import (
    active_firewalls,
)

UNITS = "nftables.service loaded active exited nftables\nufw.service loaded active exited ufw\n"


@pytest.mark.parametrize(
    ("setting", "active"), [("yes", ["nftables", "ufw"]), ("no", ["nftables"])]
)
def test_ufw_is_active_only_where_it_is_switched_on(
    tmp_path: Path, setting: str, active: list[str]
) -> None:
    conf = tmp_path / "ufw.conf"
    conf.write_text(f"# /etc/ufw/ufw.conf\nENABLED={setting}\n")
    assert active_firewalls(lambda: UNITS, conf) == active


def test_a_bare_machine_has_none(tmp_path: Path) -> None:
    assert active_firewalls(lambda: "", tmp_path / "ufw.conf") == []
