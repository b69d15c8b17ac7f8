from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.landslide.voting.plugins.filter import poll_problems as plugin
from ansible_collections.landslide.voting.plugins.filter.poll_problems import (
    FilterModule,
    poll_problems,
)
from common.languages import LANGUAGES
from testing.poll_mistakes import COFFEE, GERMAN, MISTAKES, POLL, TEA

ROOT = Path(__file__).parents[4]


def test_a_poll_that_can_be_asked_passes(tmp_path: Path) -> None:
    (tmp_path / "tea.svg").write_text("<svg/>")
    choices = [TEA | {"picture": "tea.svg"}, COFFEE | {"picture": "<svg/>"}]
    assert poll_problems({**POLL, "choices": choices}, str(tmp_path)) == []


def test_the_filter_has_its_name() -> None:
    assert FilterModule().filters() == {"poll_problems": poll_problems}


@pytest.mark.parametrize(("changes", "sentence"), MISTAKES)
def test_each_mistake_has_one_sentence(changes: dict[str, Any], sentence: str) -> None:
    (problem,) = poll_problems({**POLL, **changes}, "/nowhere")
    assert problem.startswith(sentence)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"clsoes_at": 1}, "the poll has no setting clsoes_at; is closes_at meant?"),
        ({"results_before_closing": "never"}, "the poll's results_before_closing is neither"),
        ({"opens_at": "noon"}, "the poll's opens_at is no time such as"),
        ({"choices_reworded": "yes"}, "the poll's choices_reworded is neither true nor false"),
        ({"closes_at": "2026-12-01T20:00:00"}, "the poll's closes_at names no zone: 2026-12-01T20"),
        ({"opens_at": "2026-12-01"}, "the poll's opens_at names no zone: 2026-12-01; end it"),
        ({"closes_at": "infinity"}, "the poll's closes_at is no time such as"),
        ({"closes_at": "2026-12-01T18:30:00+01:00"}, "the poll closes before it opens"),
        ({"translations": ["de"]}, "the poll's translations are no mapping"),
        ({"translations": {"de": "Tee"}}, "the poll's translation to de is no mapping"),
        ({"translations": {"de": GERMAN | {"choices": []}}}, "the poll's translation to de needs"),
        ({"choices": [TEA, COFFEE | {"image": "x"}]}, "choice 2 of the poll has no setting image"),
        ({"choices": [TEA, COFFEE | {"picture": "x.gif"}]}, "choice 2 of the poll has a picture"),
        ({"choices": [TEA, COFFEE | {"picture": "x.svg"}]}, "choice 2 of the poll has a picture"),
    ],
)
def test_what_only_the_playbook_can_tell_has_one_sentence(
    changes: dict[str, Any], sentence: str
) -> None:
    (problem,) = poll_problems({**POLL, **changes}, "/nowhere")
    assert problem.startswith(sentence)


def test_pictures_that_are_too_heavy_are_told_their_weight(tmp_path: Path) -> None:
    (tmp_path / "tea.png").write_bytes(bytes(20_000))
    choices = [choice | {"picture": "tea.png"} for choice in (TEA, COFFEE)]
    (problem,) = poll_problems({**POLL, "choices": choices}, str(tmp_path))
    assert problem == "the poll's pictures have 40000 bytes; together they may have 32768"


def test_all_mistakes_are_told_at_once() -> None:
    assert len(poll_problems({"choices": [TEA | {"color": "red"}, 7]}, "/nowhere")) == 4
    assert poll_problems(None, "/nowhere") == ["the poll is no mapping of settings"]


def test_a_bare_time_of_yaml_is_taken() -> None:
    times = yaml.safe_load("{opens_at: infinity, closes_at: 2026-12-01T18:30:00Z}")
    assert poll_problems({**POLL, **times}, "/nowhere") == []


def test_a_bare_time_of_yaml_needs_a_zone_too() -> None:
    times = yaml.safe_load("{opens_at: 2026-12-01, closes_at: 2026-12-01 18:30:00}")
    problems = poll_problems({**POLL, **times}, "/nowhere")
    assert problems == [
        "the poll's opens_at names no zone: 2026-12-01; end it with Z for UTC, or +01:00",
        "the poll's closes_at names no zone: 2026-12-01 18:30:00; end it with Z for UTC, or +01:00",
    ]


def test_a_poll_can_be_asked_in_what_the_pages_talk() -> None:
    assert sorted(LANGUAGES) == plugin.LANGUAGES


def test_the_example_in_the_documentation_passes(tmp_path: Path) -> None:
    page = (ROOT / "docs/poll.md").read_text()
    example = page.split("```yaml\n")[1].split("```")[0]
    (tmp_path / "group_vars/pictures").mkdir(parents=True)
    (tmp_path / "group_vars/pictures/tea.svg").write_text("<svg/>")
    definition = yaml.safe_load(example)["poll_definition"]
    assert poll_problems(definition, str(tmp_path)) == []
    assert set(definition) == set(plugin.SETTINGS)
