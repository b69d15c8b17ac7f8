import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from ansible_collections.landslide.voting.plugins.module_utils.preflight.probe import (
    probe_problems,
    unanswered_ports,
)

ANSWERER = Path(__file__).parents[5] / "roles/preflight/files/answer_ports.py"
OWN = "127.0.0.1"
PEERS = {"manager": OWN}
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="reads datagrams beside whoever has them")


def free_port(kind: int) -> int:
    with socket.socket(socket.AF_INET, kind) as found:
        found.bind((OWN, 0))
        port: int = found.getsockname()[1]
        return port


@contextmanager
def answering(tmp_path: Path, *ports: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run the answerer as systemd would, until it says that it is ready."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(str(tmp_path / "notify"))
        notify.settimeout(20)
        child = subprocess.Popen(
            [sys.executable, ANSWERER, OWN, *ports],
            env={"NOTIFY_SOCKET": str(tmp_path / "notify")},
        )
        try:
            assert notify.recv(64) == b"READY=1"
            yield child
        finally:
            child.kill()
            child.wait()


@as_root
def test_ports_of_a_bare_node_answer(tmp_path: Path) -> None:
    ports = [f"{free_port(socket.SOCK_STREAM)}/tcp", f"{free_port(socket.SOCK_DGRAM)}/udp"]
    with answering(tmp_path, *ports):
        assert unanswered_ports(OWN, PEERS, {"manager": ports}) == {}


@as_root
def test_two_runs_at_a_time_do_not_disturb_each_other(tmp_path: Path) -> None:
    ports = [f"{free_port(socket.SOCK_STREAM)}/tcp", f"{free_port(socket.SOCK_DGRAM)}/udp"]
    with ExitStack() as later:
        with answering(tmp_path, *ports):
            (tmp_path / "later").mkdir()
            later.enter_context(answering(tmp_path / "later", *ports))
        assert unanswered_ports(OWN, PEERS, {"manager": ports}) == {}


@as_root
def test_ports_that_the_engine_has_answer_too(tmp_path: Path) -> None:
    with (
        socket.create_server((OWN, 0)) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
    ):
        udp.bind((OWN, 0))
        ports = [f"{tcp.getsockname()[1]}/tcp", f"{udp.getsockname()[1]}/udp"]
        with answering(tmp_path, *ports):
            assert unanswered_ports(OWN, PEERS, {"manager": ports}) == {}


def test_ports_that_do_not_answer_are_named() -> None:
    ports = [f"{free_port(socket.SOCK_STREAM)}/tcp", f"{free_port(socket.SOCK_DGRAM)}/udp"]
    assert unanswered_ports(OWN, PEERS, {"manager": ports}) == {"manager": ports}


@as_root
def test_other_datagrams_are_left_to_whom_they_are_for(tmp_path: Path) -> None:
    port = free_port(socket.SOCK_DGRAM)
    with (
        answering(tmp_path, f"{port}/udp"),
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
    ):
        other.settimeout(1)
        for text in (b"hello", b""):
            other.sendto(text, (OWN, port))
        assert unanswered_ports(OWN, PEERS, {"manager": [f"{port}/udp"]}) == {}
        with pytest.raises(TimeoutError):
            other.recv(64)


def test_a_sentence_names_both_ends_and_the_ports() -> None:
    silent = {"manager": ["2377/tcp", "7946/udp"]}
    assert probe_problems({"manager": "192.0.2.1"}, silent) == [
        "cannot reach manager (192.0.2.1) on port 2377/tcp, 7946/udp"
    ]
