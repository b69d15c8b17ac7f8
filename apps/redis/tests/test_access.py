"""Who may do what with the queue: its part, and nothing else."""

import socket
import ssl
from contextlib import suppress

import pytest
import redis
from common.internal_tls import InternalTLS
from redis.exceptions import NoPermissionError, ResponseError
from testing.internal_tls import directory_of
from testing.redis_server import PASSWORDS, SHIPPED, RedisServer

VOTE = "XADD ballots NOMKSTREAM * voter v"


def ask(server: RedisServer, user: str, command: str) -> object:
    with server.client(user) as client:
        return client.execute_command(*command.split())


def by_tcp(server: RedisServer, name: str, authority: str = "ours") -> ssl.SSLSocket:
    """A connection with the certificate of a service, by some authority."""
    context = InternalTLS.from_environ({"TLS_DIRECTORY": str(directory_of("worker"))}).client
    if (name, authority) != ("worker", "ours"):
        tls = directory_of(name, authority)
        context.load_cert_chain(tls / "internal_certificate", tls / "internal_key")
    connection = socket.create_connection((server.host, server.port), timeout=5)
    return context.wrap_socket(connection, server_hostname="tasks.redis")


@pytest.mark.parametrize("first", ["PING", "AUTH any", "AUTH default any", "HELLO 2", "RESET"])
def test_nobody_gets_in_without_a_name(redis_server: RedisServer, first: str) -> None:
    # The default user has all rights, for the log's sake; so nobody may ever be it.
    with by_tcp(redis_server, "worker") as stranger:
        answers = stranger.makefile("rb")
        for command in (first, "PING", "INFO", VOTE):
            stranger.sendall(f"{command}\r\n".encode())
            answer = answers.readline()
            assert answer.startswith((b"-NOAUTH", b"-WRONGPASS", b"-ERR AUTH")) or (
                command == "RESET" and answer == b"+RESET\r\n"
            )


def test_nobody_gets_in_without_a_certificate_of_the_internal_authority(
    redis_server: RedisServer,
) -> None:
    with socket.create_connection((redis_server.host, redis_server.port), timeout=5) as plain:
        plain.sendall(b"PING\r\n")
        with suppress(ConnectionResetError):
            assert plain.recv(100) == b""
    # By TLS 1.3 a client is told only when it reads.
    stranger = by_tcp(redis_server, "worker", "another")
    with stranger, pytest.raises(ssl.SSLError, match="alert unknown ca"):
        stranger.recv(100)


def test_a_server_without_the_queues_certificate_is_told_nothing(
    redis_server: RedisServer,
) -> None:
    tls = directory_of("pg")
    redis_server.stop()
    redis_server.start(
        *("--tls-cert-file", str(tls / "internal_certificate")),
        *("--tls-key-file", str(tls / "internal_key")),
    )
    with pytest.raises(ssl.SSLCertVerificationError, match="not valid for 'tasks"):
        by_tcp(redis_server, "worker")


def test_health_can_ping_and_tell_which_queue_it_is(redis_server: RedisServer) -> None:
    with redis.Redis(
        unix_socket_path=str(redis_server.socket_path), username="health", password="any"
    ) as client:
        assert client.ping()
        assert client.get("queue:id") is None
        for command in ("INFO", "GET ballots", "SET queue:id x", "XLEN ballots", VOTE):
            with pytest.raises(NoPermissionError):
                client.execute_command(*command.split())


def test_a_frontend_adds_ballots(redis_server: RedisServer) -> None:
    redis_server.open_intake()
    assert ask(redis_server, "frontend", VOTE)
    assert ask(redis_server, "frontend", "EXISTS ballots") == 1
    assert ask(redis_server, "frontend", "EXISTS ballots:closed") == 0
    assert ask(redis_server, "frontend", "EXISTS ballots:waiting") == 0
    assert ask(redis_server, "frontend", "GET ballots:accepted") is None
    assert ask(redis_server, "frontend", "SET witness:any 1")
    assert ask(redis_server, "frontend", "HSET doubts any:1 mac") == 1
    with redis_server.client("frontend") as client:
        script = "return {redis.call('GET', 'ballots:accepted'), redis.call('SET', KEYS[2], 2)}"
        assert client.eval(script, 3, "ballots", "witness:any", "doubts")
    assert ask(redis_server, "frontend", "PING")


@pytest.mark.parametrize(
    "command",
    [
        "XRANGE ballots - +",
        "XLEN ballots",
        "DEL ballots",
        "XDEL ballots 1-1",
        "XADD ballots:closed * voter v",
        "XADD other * voter v",
        "RENAME ballots ballots:closed",
        "SET queue:id x",
        "SET ballots:waiting x",
        "FLUSHALL",
        "CONFIG GET maxmemory",
        "ACL LIST",
        "KEYS *",
        "SHUTDOWN",
        "SET ballots:accepted x",
        "HSET ballots:accepted a b",
        "DEL witness:any",
        "DEL doubts",
        "HDEL doubts any:1",
        "HGETALL doubts",
        "GET queue:id",
        "EVAL return(redis.call('GET','queue:id')) 0",
        "EVAL return(redis.call('XRANGE',KEYS[1],'-','+')) 1 ballots",
        "EVAL return(redis.call('DEL',KEYS[1])) 1 ballots",
        "EVAL return(redis.call('SET','ballots:accepted','x')) 0",
        "EVAL return(1) 1 ballots:accepted",
        "SCRIPT FLUSH",
        "SUBSCRIBE ballots",
    ],
)
def test_a_frontend_can_neither_read_nor_undo_a_vote(
    redis_server: RedisServer, command: str
) -> None:
    redis_server.open_intake()
    # Of a command within a script Redis says it in other words.
    with pytest.raises(ResponseError, match=r"[Nn]o permissions|executing the script can't"):
        ask(redis_server, "frontend", command)


def test_a_worker_opens_reads_acknowledges_and_closes_by_tcp(redis_server: RedisServer) -> None:
    tls = directory_of("worker")
    with redis.Redis(
        host=redis_server.host,
        port=redis_server.port,
        ssl=True,
        ssl_ca_certs=str(tls / "internal_ca"),
        ssl_certfile=str(tls / "internal_certificate"),
        ssl_keyfile=str(tls / "internal_key"),
        username="worker",
        password=PASSWORDS["worker"],
        decode_responses=True,
        socket_timeout=5,
    ) as worker:
        assert worker.info("server")
        assert worker.set("queue:id", "an-id", nx=True)
        assert worker.get("queue:id") == "an-id"
        assert worker.set("ballots:accepted", "2 any a,b,test")
        assert worker.exists("ballots", "ballots:closed") == 0
        worker.xgroup_create("ballots", "counters", id="0", mkstream=True)
        for _ in range(2):
            ask(redis_server, "frontend", VOTE)
        [[_, [[entry, fields]]]] = worker.xreadgroup("counters", "w", {"ballots": ">"}, count=1)
        assert fields == {"voter": "v"}
        assert worker.xpending("ballots", "counters")["pending"] == 1
        with worker.pipeline() as both:
            both.xack("ballots", "counters", entry)
            both.xdel("ballots", entry)
            assert both.execute() == [1, 1]
        worker.rename("ballots", "ballots:closed")
        assert worker.xinfo_stream("ballots:closed")["entries-added"] == 2
        [group] = worker.xinfo_groups("ballots:closed")
        assert (group["name"], group["pending"]) == ("counters", 0)
        assert {c["name"] for c in worker.xinfo_consumers("ballots:closed", "counters")} >= {"w"}
        assert worker.xlen("ballots:closed") == 1
        worker.rename("ballots:closed", "ballots:retired")
        assert worker.xlen("ballots:retired") == 1


@pytest.mark.parametrize(
    "command",
    [
        VOTE,
        "DEL ballots",
        "FLUSHALL",
        "CONFIG SET maxmemory 1",
        "SET other x",
        "SHUTDOWN",
        # Its word against the frontends' would be worth nothing if it could change theirs.
        "SET witness:any 1",
        "GET witness:any",
        "HSET doubts any:1 mac",
        "EVAL return(1) 0",
        "EVALSHA any 0",
    ],
)
def test_a_worker_can_neither_vote_nor_wipe(redis_server: RedisServer, command: str) -> None:
    redis_server.open_intake()
    with pytest.raises(NoPermissionError):
        ask(redis_server, "worker", command)


def test_a_closed_queue_takes_no_late_vote_and_is_not_made_anew(redis_server: RedisServer) -> None:
    redis_server.open_intake()
    ask(redis_server, "worker", "RENAME ballots ballots:closed")
    assert ask(redis_server, "frontend", VOTE) is None
    assert ask(redis_server, "frontend", "EXISTS ballots") == 0


def test_without_its_rules_the_queue_does_not_start(redis_server: RedisServer) -> None:
    redis_server.kill()
    (redis_server.directory / "users.acl").unlink()
    with pytest.raises(RuntimeError, match=r"users\.acl"):
        redis_server.start()


def test_every_rule_is_on_one_line_and_takes_a_hash_not_a_password() -> None:
    for line in (SHIPPED / "users.acl.j2").read_text().splitlines():
        assert line.startswith("user ")
        assert ">" not in line
