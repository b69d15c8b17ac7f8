from pathlib import Path
from typing import Any

from ansible_collections.landslide.voting.plugins.lookup.held_keys import LookupModule

SECRETS = ["cookie_key", "test_token"]


def held(directory: Path, **options: Any) -> dict[str, Any]:
    (read,) = LookupModule().run([str(directory)], {}, secrets=SECRETS, **options)
    result: dict[str, Any] = read
    return result


def fill(directory: Path, **files: str) -> None:
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def test_an_empty_state_directory_has_none_and_stays_empty(tmp_path: Path) -> None:
    directory = tmp_path / "state"
    assert set(map(tuple, held(directory)["values"].values())) == {()}
    assert set(held(directory)["pending"].values()) == {""}
    assert not directory.exists()


def test_all_that_is_there_is_read(tmp_path: Path) -> None:
    files = {
        "secrets/cookie_key": "ours\n",
        "secrets/cookie_key.next": "coming\n",
        "poll_id": "abc\n",
        "pki/swarm-api/ca.crt": "CA\n",
        "pki.next/site/ca.crt": "another CA\n",
    }
    fill(tmp_path, **files)
    read = held(tmp_path, accepted={"cookie_key": ["old"]})
    assert {name: value for name, value in read["values"].items() if value} == {
        "cookie_key": ["ours", "old"],
        "poll_id": ["abc"],
        "swarm_api_authority": ["CA"],
    }
    assert {name: value for name, value in read["pending"].items() if value} == {
        "cookie_key": "coming",
        "site_authority": "another CA",
    }


def test_the_inventory_has_the_last_word(tmp_path: Path) -> None:
    fill(tmp_path, **{"secrets/test_token": "made"})
    assert held(tmp_path, given={"test_token": "given"})["values"]["test_token"] == ["given"]
