"""./landslide chaos, but for the faults themselves: those happen on a lab."""

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from landslide_cli import ROOT
from landslide_cli.__main__ import main
from landslide_cli.inventory import Inventory
from landslide_tools.chaos import page
from landslide_tools.chaos.command import USUAL, repetition
from landslide_tools.chaos.faults import Node, catalogue, spared, touched
from landslide_tools.chaos.noticed import failures, held_up
from landslide_tools.chaos.schedule import draw
from landslide_tools.load.series import speed
from landslide_tools.load_client.record import Vote

NODES = [
    Node("manager01", "manager", "192.0.2.11"),
    Node("interlock01", "interlock", "192.0.2.12"),
    Node("frontend01", "frontend", "192.0.2.20"),
    Node("frontend02", "frontend", "192.0.2.21"),
    Node("worker01", "worker", "192.0.2.200"),
    Node("store01", "store", "192.0.2.250"),
]
FAULTS = {fault.name: fault for fault in catalogue(NODES)}
TWO = [*NODES, Node("interlock02", "interlock", "192.0.2.13")]
PAIR = {fault.name: fault for fault in catalogue(TWO)}


def test_no_two_faults_have_one_name():
    assert len(FAULTS) == len(catalogue(NODES))


@pytest.mark.parametrize(
    "name",
    [
        "kill -9 of redis on frontend02",
        "full memory of redis on frontend01",
        "freeze of pg on store01",
        "stop of haproxy on interlock01",
        "freeze of the engine of manager01",
        "power loss of worker01",
        "cut between worker01 and store01",
        "half-cut: nothing from frontend01 to interlock01",
        "rolling update of worker",
        "a worker that does not start is rolled out",
        "cut between interlock01 and store01",
        "200 ms and 5 % loss from store01",
        "clock of frontend02 jumping",
        "stale names on worker01",
        "SIGSTOP and SIGCONT of worker on worker01",
    ],
)
def test_there_is_this_fault(name):
    assert name in FAULTS


def test_disks_of_their_own_can_be_filled_and_lose_what_is_not_on_them():
    with_disks = {fault.name for fault in catalogue([replace(node, disk=True) for node in NODES])}

    assert with_disks > FAULTS.keys()
    assert len(with_disks) == len(FAULTS) + 2 * len(NODES)
    assert "power loss of frontend01 and its disk" in with_disks
    assert "full disk of store01" in with_disks


def test_a_seed_is_a_schedule():
    faults = list(FAULTS.values())

    assert draw(7, faults, 3, 20) == draw(7, faults, 3, 20)
    assert len({tuple(draw(seed, faults, 3, 20)) for seed in range(50)}) == 50


def test_a_schedule_has_its_bounds():
    for seed in range(200):
        plan = draw(seed, list(FAULTS.values()), 3, 20)
        assert 1 <= len(plan) <= 3
        assert all(2 <= planned.begins < planned.ends <= 18 for planned in plan)


@pytest.mark.parametrize(
    ("names", "left"),
    [
        (["kill -9 of redis on frontend01"], True),
        (["kill -9 of redis on frontend01", "power loss of frontend02"], False),
        (["rolling update of frontend"], True),
        (["rolling update of everything"], False),
        (["rolling update of frontend", "freeze of frontend on frontend01"], False),
        (["power loss of store01", "reboot of manager01", "power loss of worker01"], True),
        (["kill -9 of interlock on interlock01"], True),
        (["kill -9 of haproxy on interlock01"], False),
        (["clock of interlock01 jumping", "clock of frontend01 an hour back"], True),
    ],
)
def test_voters_are_spared_while_there_is_a_way(names, left):
    assert spared([FAULTS[name] for name in names], NODES) is left


@pytest.mark.parametrize(
    ("names", "left", "addresses"),
    [
        (["kill -9 of haproxy on interlock02"], True, {"192.0.2.13"}),
        (["freeze of haproxy on interlock01", "power loss of interlock02"], False,
         {"192.0.2.12", "192.0.2.13"}),
        (["clock of interlock01 jumping"], True, {"192.0.2.12"}),
        (["clock of interlock01 jumping", "reboot of interlock02"], False,
         {"192.0.2.12", "192.0.2.13"}),
        (["cut between interlock02 and frontend01"], True, set()),
        (["clock of frontend01 jumping", "kill -9 of interlock on interlock01"], True, set()),
    ],
)  # fmt: skip
def test_one_load_balancer_spares_the_voters_of_the_other(names, left, addresses):
    faults = [PAIR[name] for name in names]

    assert spared(faults, TWO) is left
    assert touched(faults, TWO) == addresses


def test_of_the_only_load_balancer_with_a_wrong_clock_no_time_tells_the_order():
    assert touched([FAULTS["clock of interlock01 an hour back"]], NODES) == {"192.0.2.12"}


BROKEN = Vote("v", "a", 10, 5, 0, 0, balancer="one")
RECEIPT = Vote("v", "a", 20, 5, 200, 20, balancer="two")


@pytest.mark.parametrize(
    ("votes", "failed"),
    [
        ([RECEIPT], 0),
        # Pressed again, after the load balancer had gone with it.
        ([BROKEN, RECEIPT], 0),
        ([BROKEN._replace(status=502), RECEIPT], 0),
        ([BROKEN], 1),
        ([RECEIPT._replace(sent=5), BROKEN], 1),
        ([BROKEN, RECEIPT._replace(voter="w")], 1),
        # This one had no fault: it had no reason.
        ([BROKEN._replace(balancer="two"), RECEIPT], 1),
        ([BROKEN._replace(status=403), RECEIPT], 1),
        ([BROKEN._replace(status=409), RECEIPT], 1),
        # No load balancer let anybody in.
        ([BROKEN._replace(balancer="-"), RECEIPT], 1),
        ([BROKEN._replace(abandoned=True)], 0),
    ],
)
def test_a_vote_has_failed_whose_voter_was_left_alone(votes, failed):
    assert failures(votes, {"one"}) == failed


def test_a_disk_that_all_machines_wait_for_is_no_fault_of_theirs():
    assert not held_up({"disk_seconds": 0.9})
    assert held_up({"disk_seconds": 2.2})


@pytest.mark.parametrize(
    ("votes", "lasted", "gap"),
    [
        ([(1, 1), (2, 0), (5, 1), (6, 1)], 0, 4.0),
        ([(1, 1), (2, 1), (3, 0), (7, 0)], 6, 5.0),
        ([(1, 1), (2, 1), (3, 0), (7, 0)], 8, 7.0),
        ([(1, 0), (3, 0)], 0, 2.0),
    ],
)
def test_the_longest_gap_is_the_longest_time_without_a_receipt(votes, lasted, gap):
    sent = [Vote("v", "a", sent * 1_000_000, 0, 200, cast) for sent, cast in votes]

    assert speed(sent, lasted)["longest_gap"] == gap


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({}, "each counted exactly once"),
        ({"lost": 2}, "2 LOST"),
        ({"failed": 3}, "VOTES FAILED"),
        ({"failed": 3, "spared": False}, "each counted exactly once"),
        ({"failed": 3, "spared": False, "disk_seconds": 2.3}, "this machine's disk took 2.3 s"),
        ({"missed": True}, "did not happen: no such machine"),
    ],
)
def test_the_report_tells_what_went_wrong(wrong, said, tmp_path):
    result = {
        **{"seed": 7, "began": "today", "clients": 8, "report": "seed-7/report.html"},
        **{"acknowledged": 1234, "failed": 0, "spared": True, "longest_gap": 0.5},
        "disk_seconds": 0.1,
        **{
            "lost": 0,
            "doubled": 0,
            "ghosts": 0,
            "stale": 0,
            "ambiguous": 4,
            "recovery_seconds": 2.5,
        },
        "missed": False,
        "faults": [
            {"name": "power loss of store01", "from": 0.5, "to": 1.5, "problem": "no such machine"}
        ],
        "good": not wrong,
        **wrong,
    }
    page.write(tmp_path / "report.html", [result])
    text = (tmp_path / "report.html").read_text()

    assert said in page.summary(result)
    assert "4 ambiguous" in page.summary(result)
    assert "power loss of store01" in text
    assert ("1 of 1 rounds failed." in text) is bool(wrong)
    assert ("(the disk took 2.3 s)" in text) is ("disk_seconds" in wrong)


@pytest.mark.parametrize(
    ("alone", "only", "said"),
    [
        (False, "", "--rounds=1"),
        (False, "pg", "--rounds=1 --only=pg"),
        (True, "kill -9 of pg on store01", "--each '--only=kill -9 of pg on store01'"),
    ],
)
def test_a_schedule_is_drawn_again_by_the_command_that_its_report_tells(alone, only, said):
    inventory = Inventory(Path("lab"), ("@two.yml",))
    drawn = {"seed": 7, "alone": alone, "most": 3, "voting_seconds": 10}

    command = (
        f"./landslide chaos --inventory lab --extra-vars @two.yml {said}"
        " --seed=7 --most=3 --seconds=10"
    )
    assert repetition(inventory, only, USUAL, **drawn) == command
    assert repetition(inventory, only, {**USUAL, "in_flight": 1}, **drawn) == (
        f"{command} --in-flight=1"
    )


def test_machines_that_are_no_lab_are_left_alone():
    example = str(ROOT / "inventories" / "example")
    result = CliRunner().invoke(main, ["chaos", "--inventory", example])

    assert result.exit_code == 1
    assert "Faults are for a lab only" in result.output
