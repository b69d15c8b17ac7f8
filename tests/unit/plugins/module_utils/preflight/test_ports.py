import os
import socket
from pathlib import Path

from ansible_collections.landslide.voting.plugins.module_utils.preflight.ports import (
    Holder,
    bound_sockets,
    check_ports,
    find_holders,
    port_problems,
)

TABLE = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 46104 1
   1: C823A8C0:89AA 1423A8C0:0949 01 00000000:00000000 02:000000AA 00000000     0        0 43767 2
"""


def test_only_waiting_sockets_are_bound() -> None:
    assert bound_sockets(TABLE) == {80: {"46104"}}


def test_docker_and_the_kernel_may_hold_a_port() -> None:
    bound: dict[str, dict[int, set[str]]] = {"tcp": {80: {"1"}}, "udp": {4789: {"2"}}}
    holders = {"1": Holder(7, "docker-proxy", True)}
    assert port_problems(["80/tcp", "4789/udp", "443/tcp"], bound, holders) == []


def test_another_process_is_named_once_for_both_families() -> None:
    bound: dict[str, dict[int, set[str]]] = {"tcp": {80: {"1", "2"}}, "udp": {}}
    nginx = Holder(812, "nginx", False)
    assert port_problems(["80/tcp"], bound, {"1": nginx, "2": nginx}) == [
        "port 80/tcp is taken by nginx (process 812)"
    ]


def make_process(proc: Path, name: str, cgroup: str) -> None:
    (proc / "7/fd").mkdir(parents=True)
    (proc / "7/fd/3").symlink_to("socket:[46104]")
    (proc / "7/comm").write_text(f"{name}\n")
    (proc / "7/cgroup").write_text(cgroup)


def test_a_process_in_a_container_is_docker(tmp_path: Path) -> None:
    make_process(tmp_path, "haproxy", f"0::/system.slice/docker-{'0a' * 32}.scope\n")
    assert find_holders(["46104"], tmp_path) == {"46104": Holder(7, "haproxy", True)}


def test_a_service_beside_docker_is_not(tmp_path: Path) -> None:
    make_process(tmp_path, "nginx", "0::/system.slice/docker-helper.service\n")
    assert find_holders(["46104"], tmp_path) == {"46104": Holder(7, "nginx", False)}


def test_a_listener_of_this_process_is_found() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        problem = check_ports([f"{port}/tcp", f"{port}/udp"])
    assert len(problem) == 1
    assert problem[0].startswith(f"port {port}/tcp is taken by ")
    assert problem[0].endswith(f"(process {os.getpid()})")


def test_what_answers_for_services_to_come_is_none_of_others(tmp_path: Path) -> None:
    make_process(tmp_path, "python3", "0::/system.slice/landslide-answer-ports-7.service\n")
    assert find_holders(["46104"], tmp_path)["46104"].docker
