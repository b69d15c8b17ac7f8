"""The inventory a command works on."""

import pytest
from landslide_cli import ROOT
from landslide_cli.errors import Problem
from landslide_cli.inventory import Inventory


def test_the_lab_is_known_by_its_group():
    assert Inventory(ROOT / "inventories" / "lab").is_lab
    assert not Inventory(ROOT / "inventories" / "example").is_lab


def test_both_inventories_have_every_tier():
    for name in ("lab", "example"):
        groups = Inventory(ROOT / "inventories" / name).groups
        assert all(groups[tier] for tier in ("manager", "interlock", "frontend", "worker", "store"))


def test_one_that_cannot_be_read_is_told_with_the_reason(tmp_path):
    (tmp_path / "hosts.yml").write_text("all:\n  hosts: [a, b\n")

    with pytest.raises(Problem, match=r"(?s)no hosts that can be read.*hosts\.yml"):
        _ = Inventory(tmp_path / "hosts.yml").groups


def test_variables_are_passed_on_one_by_one(tmp_path):
    inventory = Inventory(tmp_path, ("a=1", "@more.yml"))

    assert inventory.arguments == [
        "--inventory",
        str(tmp_path),
        "--extra-vars",
        "a=1",
        "--extra-vars",
        "@more.yml",
    ]
