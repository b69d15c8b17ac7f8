"""The configuration is a pure function of the topology."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from interlock.render import Site, fingerprint, render
from interlock.topology import Server, Service, Topology

SITE = Site("127.0.0.1:8080", "127.0.0.1:8404", "/tmp/admin.sock", "token", "password")

NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)
SERVERS = st.builds(Server, NAMES, st.ip_addresses().map(str), st.integers(1, 65535), st.booleans())
SERVICES = st.builds(
    Service,
    name=NAMES,
    hosts=st.lists(NAMES, min_size=1, max_size=3, unique=True).map(tuple),
    health_check=st.none() | st.just("/healthz"),
    balance=st.sampled_from(["roundrobin", "leastconn"]),
    default=st.booleans(),
    servers=st.lists(SERVERS, max_size=4, unique_by=lambda s: s.name).map(tuple),
)
TOPOLOGIES = st.lists(SERVICES, max_size=4, unique_by=lambda s: s.name).map(
    lambda services: Topology(tuple(services))
)


@given(TOPOLOGIES)
def test_every_server_that_takes_requests_is_there_once(topology: Topology) -> None:
    lines = render(SITE, topology).splitlines()
    for service in topology.services:
        start = lines.index(f"backend {service.name}")
        section = lines[start + 1 :]
        section = section[: section.index("")] if "" in section else section
        found = [line.split()[1] for line in section if line.startswith("    server ")]
        assert found == [server.name for server in service.servers if not server.draining]


@given(TOPOLOGIES, st.data())
def test_one_servers_change_touches_one_line(topology: Topology, data: st.DataObject) -> None:
    choices = [(i, j) for i, s in enumerate(topology.services) for j in range(len(s.servers))]
    if not choices:
        return
    i, j = data.draw(st.sampled_from(choices))
    service = topology.services[i]
    moved = replace(service.servers[j], address="192.0.2.1", port=7, draining=False)
    servers = (*service.servers[:j], moved, *service.servers[j + 1 :])
    services = list(topology.services)
    services[i] = replace(service, servers=servers)
    changed = Topology(tuple(services))
    assert fingerprint(SITE, changed) == fingerprint(SITE, topology)
    before = set(render(SITE, topology).splitlines())
    after = set(render(SITE, changed).splitlines())
    assert len(after - before) <= 1
    assert len(before - after) <= 1


@given(TOPOLOGIES, TOPOLOGIES)
def test_the_fingerprint_tells_structures_apart(one: Topology, other: Topology) -> None:
    def structure(topology: Topology) -> list[Service]:
        return [replace(service, servers=()) for service in topology.services]

    same = fingerprint(SITE, one) == fingerprint(SITE, other)
    # A default after the first one means nothing, in the file either.
    if structure(one) == structure(other):
        assert same
    if [(s.name, s.hosts) for s in one.services] != [(s.name, s.hosts) for s in other.services]:
        assert not same


def test_a_new_secret_is_a_new_structure() -> None:
    assert fingerprint(SITE, Topology(())) != fingerprint(
        replace(SITE, edge_token="other"), Topology(())
    )


def test_secrets_stay_out_of_the_repr() -> None:
    assert "token'" not in repr(SITE)
    assert "password'" not in repr(SITE)


@pytest.mark.parametrize("secret", ["plain", "a'b", 'a"b', "a$HOME", "a%[src]", "a\\b", "a#b"])
def test_haproxy_accepts_it(haproxy_binary: Path, tmp_path: Path, secret: str) -> None:
    servers = (Server("n-1", "127.0.0.1", 1), Server("n-2", "2001:db8::1", 2))
    services = (
        Service("web", ("votingapp.local", "a.org"), "/h?x='%[y]", "roundrobin", True, servers),
        Service("results.app_x-1", ("results.local",), None, "leastconn", False, ()),
    )
    site = Site("127.0.0.1:8080", "127.0.0.1:8404", "/tmp/admin.sock", secret, secret)
    config = tmp_path / "haproxy.cfg"
    config.write_text(render(site, Topology(services)))
    check = subprocess.run(
        [haproxy_binary, "-c", "-f", config], capture_output=True, text=True, timeout=20
    )
    assert (check.returncode, check.stderr) == (0, "")
