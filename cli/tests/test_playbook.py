"""Runs of real playbooks that touch nothing, heard through the callback plugin."""

import signal
import threading

import click
import pytest
from ansible.parsing.vault import VaultLib, VaultSecret
from click.testing import CliRunner
from landslide_cli import playbook
from landslide_cli.errors import Stopped
from landslide_cli.inventory import Inventory, inventory_options

HOSTS = "[frontend]\nfrontend01\nfrontend02\n[all:vars]\nansible_connection=local\n"


@pytest.fixture
def inventory(tmp_path):
    path = tmp_path / "hosts.ini"
    path.write_text(HOSTS)
    return Inventory(path)


@pytest.fixture
def run(tmp_path, inventory):
    """Return a function that runs one play of `tasks` and returns its outcome and its events."""

    def run(tasks, inventory=inventory):
        path = tmp_path / "play.yml"
        path.write_text(f"- name: Frontends\n  hosts: frontend\n  gather_facts: false\n{tasks}")
        events = []
        outcome = playbook.run([str(path)], inventory, tmp_path / "log" / "up.log", events.append)
        return outcome, events

    return run


def test_plays_and_tasks_are_told_in_order(run):
    outcome, events = run("  tasks: [{name: One, debug: }, {name: Two, debug: }]")

    assert outcome.returncode == 0
    assert [event["event"] for event in events] == ["play", "task", "task", "end"]
    assert (outcome.play, outcome.task) == ("Frontends", "Two")


@pytest.mark.parametrize("module", ["meta", "ansible.builtin.meta"])
def test_a_play_that_ends_at_once_has_no_task(run, module):
    _, events = run(f"  tasks: [{{name: Done before, {module}: end_play}}, {{debug: }}]")

    assert [event["event"] for event in events] == ["play", "end"]


def test_what_playbooks_hand_over_arrives(run):
    outcome, _ = run('  tasks: [{set_stats: {data: {addresses: {Vote: "http://x/"}}}}]')

    assert outcome.data == {"addresses": {"Vote": "http://x/"}}


@pytest.mark.parametrize(("group", "strategy"), [("lab", "mitogen_linear"), ("store", None)])
def test_only_a_lab_is_run_by_mitogen(tmp_path, monkeypatch, group, strategy):
    monkeypatch.delenv("ANSIBLE_STRATEGY", raising=False)
    path = tmp_path / "hosts.ini"
    path.write_text(f"[{group}]\nstore01\n")

    assert playbook.environment(3, Inventory(path)).get("ANSIBLE_STRATEGY") == strategy


def test_a_failure_is_told_with_its_hosts_and_message(run, tmp_path):
    outcome, _ = run("  tasks: [{name: Broken, fail: {msg: No room.}}]")

    assert outcome.returncode != 0
    (failure,) = outcome.failures
    assert (failure.play, failure.task, failure.message) == ("Frontends", "Broken", "No room.")
    assert sorted(failure.hosts) == ["frontend01", "frontend02"]
    assert "No room." in (tmp_path / "log" / "up.log").read_text()


def test_each_failed_item_of_a_loop_tells_its_message(run):
    outcome, _ = run("  tasks: [{name: Each, fail: {msg: 'No {{ item }}.'}, loop: [room, time]}]")

    assert outcome.failures[0].message == "No room. No time."


def test_a_command_that_fails_tells_what_it_wrote_last(run):
    outcome, _ = run("  tasks: [{name: Ask, shell: echo why >&2; exit 3}]")

    assert outcome.failures[0].message == "non-zero return code\nwhy"


def test_a_command_that_is_tried_again_tells_how_far_it_is(run):
    _, events = run(
        "  tasks: [{name: Wait, shell: echo 3 wait >&2; false, register: x, until: x.rc == 0, "
        "retries: 1, delay: 0, failed_when: false}]"
    )

    told = [(event["task"], event["message"]) for event in events if event["event"] == "retry"]
    assert set(told) == {("Wait", "3 wait")}


def test_variables_given_with_the_inventory_are_set(run, inventory):
    given = Inventory(inventory.path, ("word=hello",))
    outcome, _ = run(
        '  tasks: [{set_stats: {data: {word: "{{ word }}"}, aggregate: false}}]', given
    )

    assert outcome.data == {"word": "hello"}


def test_interrupted_it_ends_ansible_and_says_so(tmp_path, inventory):
    # A shell starts what it runs in the background deaf to interrupts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    path = tmp_path / "play.yml"
    path.write_text(
        "- name: Long\n  hosts: frontend\n  gather_facts: false\n"
        "  tasks: [{pause: {seconds: 60}}]\n"
    )
    main = threading.main_thread().ident

    def interrupt(event):
        if event["event"] == "task":
            signal.pthread_kill(main, signal.SIGINT)

    with pytest.raises(Stopped):
        playbook.run([str(path)], inventory, tmp_path / "up.log", interrupt)


@pytest.fixture
def vault(tmp_path, inventory):
    """A variable of all hosts that only the password "open sesame" unlocks."""
    secret = VaultLib([("default", VaultSecret(b"open sesame"))]).encrypt("word: hello\n")
    variables = tmp_path / "group_vars" / "all.yml"
    variables.parent.mkdir()
    variables.write_bytes(secret)
    return inventory


TELL = '  tasks: [{set_stats: {data: {word: "{{ word }}"}, aggregate: false}}]'


def test_a_vault_is_opened_by_a_password_that_was_asked_for(run, vault):
    given = Inventory(vault.path, passwords=(("--vault-password-file", "open sesame"),))
    outcome, _ = run(TELL, given)

    assert outcome.data == {"word": "hello"}
    assert "sesame" not in repr(given)


def test_a_vault_is_opened_by_a_file(run, vault, tmp_path):
    password = tmp_path / "password"
    password.write_text("open sesame\n")
    told = []

    @click.command()
    @inventory_options
    def command(inventory):
        outcome, _ = run(TELL, inventory)
        told.append(outcome.data)

    arguments = ["-i", str(vault.path), "--vault-password-file", str(password)]
    result = CliRunner().invoke(command, arguments)

    assert result.exit_code == 0, result.output
    assert told == [{"word": "hello"}]


def test_the_password_of_sudo_is_asked_for_and_reaches_it(run, inventory, tmp_path, monkeypatch):
    monkeypatch.setenv("ANSIBLE_BECOME_ALLOW_SAME_USER", "true")
    sudo, given = tmp_path / "sudo", tmp_path / "given"
    monkeypatch.setenv("ANSIBLE_BECOME_EXE", str(sudo))
    # Called as sudo -H -S -p PROMPT -u USER COMMAND
    sudo.write_text(
        '#!/bin/sh\nwhile [ "$1" != -p ]; do shift; done\nprintf %s "$2" >&2\n'
        f'IFS= read -r word\necho "$word" >>{given}\nshift 4\nexec "$@"\n'
    )
    sudo.chmod(0o755)

    @click.command()
    @inventory_options
    def command(inventory):
        run("  become: true\n  tasks: [{command: id}]", inventory)

    arguments = ["-i", str(inventory.path), "-K"]
    result = CliRunner().invoke(command, arguments, input="open sesame\n")

    assert result.exit_code == 0, result.output
    assert "sesame" not in result.output
    assert set(given.read_text().splitlines()) == {"open sesame"}
