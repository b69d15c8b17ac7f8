"""What HAProxy prints, and a HAProxy that prints nothing."""

import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from interlock.reconcile import Present
from interlock.runtime import HAProxyError, Runtime, parse_servers

STATE = """\
1
# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_port
3 web 1 n1-8000 192.0.2.1 2 0 1 8000
3 web 2 n2-8000 2001:db8::1 2 8 1 8001

"""
CONNECTIONS = """\
# bkname/svname bkid/svid addr port - purge_delay used_cur used_max idle_per_thr[2]
web/n1-8000 3/1 192.0.2.1 8000 - 5000 7 9 0 0

"""


def test_servers_are_read() -> None:
    assert parse_servers(STATE, CONNECTIONS) == {
        ("web", "n1-8000"): Present("192.0.2.1", 8000, 0, 7),
        ("web", "n2-8000"): Present("2001:db8::1", 8001, 8, 0),
    }


def test_no_servers() -> None:
    assert parse_servers("1\n# be_id be_name\n\n", "# bkname/svname\n\n") == {}


def test_a_silent_socket_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "silent.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        runtime = Runtime(path, path, timeout=0.1, reload_timeout=0.1)
        with pytest.raises(HAProxyError, match="does not answer `show info`"):
            runtime.fingerprint()
        with pytest.raises(HAProxyError, match="does not answer `reload`"):
            runtime.reload()


def test_no_socket_is_an_error_of_ours(tmp_path: Path) -> None:
    runtime = Runtime(tmp_path / "none", tmp_path / "none")
    with pytest.raises(HAProxyError):
        runtime.servers()


def test_a_master_that_a_reload_takes_away_for_a_moment_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "master.sock"
    with (
        socket.socket(socket.AF_UNIX) as former,
        socket.socket(socket.AF_UNIX) as listener,
        ThreadPoolExecutor() as pool,
    ):
        former.bind(str(path))
        reloading = pool.submit(Runtime(path, path).reload)
        path.unlink()
        listener.bind(str(path))
        listener.listen()
        connection, _ = listener.accept()
        assert connection.recv(100) == b"reload\n"
        connection.sendall(b"Success=1\n")
        connection.close()
        reloading.result()
