import json
from base64 import b64decode
from pathlib import Path

import yaml
from ansible_collections.landslide.voting.plugins.filter.poll_text import FilterModule, poll_text
from testing.poll_mistakes import COFFEE, POLL, TEA


def test_a_poll_without_pictures_is_the_same_in_json() -> None:
    assert json.loads(poll_text(POLL, "/nowhere", "tea-2026")) == POLL | {"id": "tea-2026"}


def test_pictures_are_part_of_the_text(tmp_path: Path) -> None:
    (tmp_path / "coffee.JPG").write_bytes(b"\xff\xd8")
    choices = [TEA | {"picture": "<svg/>"}, COFFEE | {"picture": "coffee.JPG"}]
    text = poll_text({**POLL, "choices": choices}, str(tmp_path), "tea-2026")
    tea, coffee = (choice["picture"].split(",") for choice in json.loads(text)["choices"])
    assert (tea[0], b64decode(tea[1])) == ("data:image/svg+xml;base64", b"<svg/>")
    assert (coffee[0], b64decode(coffee[1])) == ("data:image/jpeg;base64", b"\xff\xd8")


def test_a_bare_time_of_yaml_is_written_with_its_zone() -> None:
    times = yaml.safe_load("closes_at: 2026-12-01T18:30:00Z")
    text = poll_text({**POLL, **times}, "/", "tea-2026")
    assert json.loads(text)["closes_at"] == "2026-12-01T18:30:00+00:00"


def test_the_filter_has_its_name() -> None:
    assert FilterModule().filters() == {"poll_text": poll_text}
