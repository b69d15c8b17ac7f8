"""What this machine must have, and what is said where it has not."""

import shutil
from pathlib import Path
from unittest.mock import Mock

import pytest
from landslide_cli import engine, preflight
from landslide_cli.errors import Problem


@pytest.fixture
def no_engine(monkeypatch, tmp_path):
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setattr(engine, "SOCKET", tmp_path / "docker.sock")
    monkeypatch.setattr(engine.shutil, "which", lambda name, path: f"/usr/sbin/{name}")


def test_a_nearly_full_disk_is_told_once(monkeypatch, tmp_path):
    usage = Mock(free=int(2.5 * preflight.GIB))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)

    (problem,) = preflight.disk_problems([tmp_path, tmp_path / "not" / "there"])

    assert "2.5 GB free" in problem
    assert "8 GB" in problem


def test_enough_room_is_no_problem(monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Mock(free=preflight.FREE_DISK))

    assert preflight.disk_problems([Path("/")]) == []


def test_an_engine_that_is_there_is_used_as_it_is():
    engine.check(Mock(**{"info.return_value": {"SecurityOptions": ["name=seccomp"]}}))


def test_an_engine_without_root_is_refused():
    client = Mock(**{"info.return_value": {"SecurityOptions": ["name=rootless"]}})

    with pytest.raises(Problem, match="rootless"):
        engine.check(client)


def test_one_that_can_be_started_is_no_problem(no_engine):
    engine.check(None)


def test_without_the_right_to_use_docker_it_says_how_to_get_it(no_engine, monkeypatch):
    engine.SOCKET.touch()
    monkeypatch.setattr(engine.os, "access", lambda path, mode: False)

    with pytest.raises(Problem, match=r"usermod -aG docker"):
        engine.check(None)


def test_without_any_engine_it_says_so(no_engine, monkeypatch):
    monkeypatch.setattr(engine.shutil, "which", lambda name, path: None)

    with pytest.raises(Problem, match=r"Install docker\.io"):
        engine.check(None)


def test_an_engine_elsewhere_that_is_silent_is_named(no_engine, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")

    with pytest.raises(Problem, match=r"tcp://127\.0\.0\.1:1"):
        engine.start()
