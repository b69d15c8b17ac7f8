"""docs/keys.md says of each secret and authority who has it, what it opens and how it changes."""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from ansible_collections.landslide.voting.plugins.lookup.held_keys import AUTHORITIES


def test_each_stands_in_the_table_with_all_that_is_to_be_said(root: Path) -> None:
    secrets = yaml.safe_load((root / "roles/common/vars/main/secrets.yml").read_text())
    rows = re.findall(
        r"^\| `(\w+)` \|(.+)\|(.+)\|(.+)\|$", (root / "docs/keys.md").read_text(), re.M
    )
    assert [name for name, *cells in rows if not all(cell.strip() for cell in cells)] == []
    names = {name for name, *_ in rows}
    assert names == {*secrets["__common_secrets"], "poll_id", *AUTHORITIES}
    assert len(rows) == len(names)


def test_what_rotates_in_two_steps_or_not_while_a_poll_is_open_is_said(root: Path) -> None:
    rules = yaml.safe_load((root / "roles/keys/vars/main.yml").read_text())
    for line in (root / "docs/keys.md").read_text().splitlines():
        for name in re.findall(r"^\| `(\w+)`", line):
            assert ("two steps" in line) == (name in rules["__keys_in_two_steps"])
            assert ("not while a poll is open" in line) == (name in rules["__keys_not_while_open"])
    assert set(rules["__keys_authorities"].items()) == set(AUTHORITIES.items())
