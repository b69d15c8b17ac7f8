"""The swarm-api as shipped: who may ask, and for what."""

import http.client
import ssl
import time
from pathlib import Path

import pytest
from testing.docker_engine import Engine
from testing.swarm_api import SwarmApi
from testing.waiting import wait_until

READABLE = ["version", "nodes", "services", "tasks", "events"]


def ask(
    api: SwarmApi, who: str | None, method: str, path: str, body: bytes | None = None
) -> http.client.HTTPResponse:
    context = ssl.create_default_context(cafile=str(api.directory / "ca.crt"))
    if who is not None:
        context.load_cert_chain(api.directory / f"{who}.crt", api.directory / f"{who}.key")
    connection = http.client.HTTPSConnection("127.0.0.1", api.port, timeout=5, context=context)
    try:
        connection.request(method, path, body)
        return connection.getresponse()
    finally:
        connection.close()


@pytest.mark.parametrize("name", READABLE)
@pytest.mark.parametrize("prefix", ["", "/v1.45"])
def test_interlock_reads(swarm_api: SwarmApi, engine: Engine, prefix: str, name: str) -> None:
    assert ask(swarm_api, "interlock", "GET", f"{prefix}/{name}?filters=%7B%7D").status == 200
    assert engine.requests == [("GET", f"{prefix}/{name}")]


def test_the_overview_reads_nodes_and_services_only(swarm_api: SwarmApi, engine: Engine) -> None:
    for path in ("/nodes", "/services?status=true"):
        assert ask(swarm_api, "overview", "GET", path).status == 200
    for path in ("/tasks", "/events", "/version", "/v1.45/nodes", "/services/web"):
        assert ask(swarm_api, "overview", "GET", path).status == 403
    assert ask(swarm_api, "overview", "POST", "/services").status == 403
    assert engine.requests == [("GET", "/nodes"), ("GET", "/services")]


def test_every_answer_has_the_managers_time(swarm_api: SwarmApi, engine: Engine) -> None:
    engine.broken = True
    for path, status in (("/time", 204), ("/services", 500), ("/secrets", 403)):
        before = time.time()
        answer = ask(swarm_api, "interlock", "GET", path)
        assert answer.status == status
        assert before - 0.1 <= int(answer.headers["X-Time"]) / 1e6 <= time.time() + 0.1
    # It needs no engine that answers, nor does the overview need it.
    assert ("GET", "/time") not in engine.requests
    assert ask(swarm_api, "overview", "GET", "/time").status == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *((method, "/services") for method in ("POST", "PUT", "DELETE", "PATCH", "HEAD")),
        # Create, change, run something.
        ("POST", "/v1.45/services/create"),
        ("POST", "/v1.45/services/web/update?version=1"),
        ("DELETE", "/v1.45/services/web"),
        ("POST", "/v1.45/nodes/n1/update?version=1"),
        ("POST", "/v1.45/swarm/leave?force=true"),
        ("POST", "/v1.45/containers/create"),
        ("POST", "/v1.45/containers/x/start"),
        ("POST", "/v1.45/containers/x/exec"),
        ("POST", "/v1.45/exec/x/start"),
        ("POST", "/v1.45/containers/x/attach"),
        ("GET", "/v1.45/containers/x/attach/ws"),
        ("POST", "/v1.45/build"),
        ("POST", "/session"),
        ("POST", "/v1.45/plugins/pull"),
        *(
            ("GET", path)
            for path in (
                "/",
                "/swarm",
                "/info",
                "/networks",
                "/secrets",
                "/containers/x/archive?path=/",
                "/services/web/logs?stdout=true",
                "/configs",
                "/containers/json",
                "/v1.45/swarm",
                "/services/",
                "/services/web",
                "//services",
                "/services/../swarm",
                "/services/%2e%2e/swarm",
                "/v1.45/v1.45/services",
                "/vx.y/services",
                "/%73ervices",
                "/services%0a",
                "/swarm?/services",
            )
        ),
    ],
)
def test_all_else_is_forbidden(swarm_api: SwarmApi, engine: Engine, method: str, path: str) -> None:
    assert ask(swarm_api, "interlock", method, path).status == 403
    assert engine.requests == []


def test_a_body_is_forbidden(swarm_api: SwarmApi, engine: Engine) -> None:
    assert ask(swarm_api, "interlock", "GET", "/services", b"{}").status == 403
    assert engine.requests == []


def test_another_name_is_forbidden(swarm_api: SwarmApi, engine: Engine) -> None:
    assert ask(swarm_api, "other", "GET", "/services").status == 403
    assert engine.requests == []


@pytest.mark.parametrize("who", [None, "foreign"])
def test_no_certificate_of_ours_no_connection(
    swarm_api: SwarmApi, engine: Engine, who: str | None
) -> None:
    # TLS 1.3: the server's refusal may reach the client as an alert or as a closed connection.
    with pytest.raises((ssl.SSLError, ConnectionError, http.client.RemoteDisconnected)):
        ask(swarm_api, who, "GET", "/services")
    assert engine.requests == []


def test_refusals_are_logged_and_reads_are_not(swarm_api: SwarmApi, tmp_path: Path) -> None:
    ask(swarm_api, "interlock", "GET", "/services")
    ask(swarm_api, "interlock", "GET", "/secrets")
    log = tmp_path / "swarm-api" / "haproxy.log"
    wait_until(lambda: "/secrets" in log.read_text())
    (line,) = [line for line in log.read_text().splitlines() if " GET " in line]
    assert line.endswith('127.0.0.1 "interlock" 403 PR GET "/secrets"')
