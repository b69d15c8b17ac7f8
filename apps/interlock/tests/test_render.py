"""The configuration is a pure function of the topology."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from interlock.edge import Rates, Site
from interlock.labels import Labels
from interlock.render import fingerprint, render, server_options
from interlock.tickets import keys
from interlock.topology import Server, Service, Topology
from interlock.values import BACKEND_OPTIONS, BALANCE_ALGORITHMS, TLS_VERIFY
from testing.internal_tls import directory_of

SITE = Site(
    "127.0.0.1:8080",
    "127.0.0.1:8443",
    "127.0.0.1:8404",
    "/tmp/admin.sock",
    "site.pem",
    str(directory_of("interlock") / "internal_ca"),
    "token",
    "key",
    "secret",
    "password",
)

NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)
SERVERS = st.builds(Server, NAMES, st.ip_addresses().map(str), st.integers(1, 65535), st.booleans())
LABELS = st.builds(
    Labels,
    hosts=st.lists(NAMES, min_size=1, max_size=3, unique=True).map(tuple),
    context_root=st.none() | NAMES.map("/{}".format),
    context_root_rewrite=st.booleans(),
    ssl_only=st.booleans(),
    ssl_backend=st.booleans(),
    ssl_backend_tls_verify=st.sampled_from(TLS_VERIFY),
    health_check=st.none() | st.just("/healthz"),
    health_check_interval=st.sampled_from([100, 1000]),
    balance_algorithm=st.sampled_from(BALANCE_ALGORITHMS),
    backend_option=st.lists(st.sampled_from(BACKEND_OPTIONS), max_size=2).map(tuple),
    max_connections=st.none() | st.just(500),
    default=st.booleans(),
    languages=st.sampled_from([(), ("en",), ("en", "de-at")]),
)
SERVICES = st.builds(
    Service,
    NAMES,
    LABELS,
    st.lists(SERVERS, max_size=4, unique_by=lambda s: s.name).map(tuple),
)
TOPOLOGIES = st.lists(SERVICES, max_size=4, unique_by=lambda s: s.name).map(
    lambda services: Topology(tuple(services))
)


def bare(topology: Topology) -> list[Service]:
    return [replace(service, servers=()) for service in topology.services]


@given(TOPOLOGIES)
def test_every_server_is_there_once(topology: Topology) -> None:
    lines = render(SITE, topology).splitlines()
    for service in topology.services:
        start = lines.index(f"backend {service.name}")
        section = lines[start + 1 :]
        section = section[: section.index("")] if "" in section else section
        found = [line.split()[1] for line in section if line.startswith("    server ")]
        assert found == [server.name for server in service.servers]


@given(TOPOLOGIES, st.data())
def test_one_servers_change_touches_one_line(topology: Topology, data: st.DataObject) -> None:
    choices = [(i, j) for i, s in enumerate(topology.services) for j in range(len(s.servers))]
    if not choices:
        return
    i, j = data.draw(st.sampled_from(choices))
    service = topology.services[i]
    moved = replace(service.servers[j], address="192.0.2.1", port=7)
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
    same = fingerprint(SITE, one) == fingerprint(SITE, other)
    # A default after the first one means nothing, in the file either.
    if bare(one) == bare(other):
        assert same
    if [(s.name, s.labels.routes) for s in one.services] != [
        (s.name, s.labels.routes) for s in other.services
    ]:
        assert not same


@given(LABELS, LABELS)
def test_what_a_server_is_told_belongs_to_the_structure(one: Labels, other: Labels) -> None:
    # Servers that are there keep their options until a reload.
    def print_of(labels: Labels) -> str:
        return fingerprint(SITE, Topology((Service("web", labels, ()),)))

    def options(labels: Labels) -> str:
        return server_options(SITE, Service("web", labels, ()))

    changed = replace(
        one,
        health_check_interval=other.health_check_interval,
        max_connections=other.max_connections,
        ssl_backend=other.ssl_backend,
        ssl_backend_tls_verify=other.ssl_backend_tls_verify,
    )
    assert (print_of(one) == print_of(changed)) == (options(one) == options(changed))


@pytest.mark.parametrize(
    "change",
    [
        {"edge_token": "other"},
        {"new_voter_key": "other"},
        {"certificate": "other.pem"},
        {"internal_ca": "other.crt"},
        {"rates": Rates(flag=9)},
    ],
)
def test_a_change_of_the_site_is_a_new_structure(change: dict[str, str]) -> None:
    labels = Labels(("votingapp.local",), languages=("en",))
    topology = Topology((Service("frontend", labels, ()),))
    assert fingerprint(SITE, topology) != fingerprint(replace(SITE, **change), topology)


def test_secrets_stay_out_of_the_repr() -> None:
    assert "token'" not in repr(SITE)
    assert "key'" not in repr(SITE)
    assert "secret'" not in repr(SITE)
    assert "password'" not in repr(SITE)


def complaints(haproxy: Path, config: Path, text: str) -> str:
    """What HAProxy finds wrong with a configuration; nothing where it takes it."""
    # Any keys will do.
    config.with_name("tickets").write_text("".join(f"{key}\n" for key in keys("secret", 0)))
    config.write_text(text.replace("tls-ticket-keys ''", "tls-ticket-keys tickets"))
    check = subprocess.run(
        [haproxy, "-c", "-f", config],
        cwd=config.parent,
        capture_output=True,
        text=True,
        timeout=20,
    )
    return f"exit code {check.returncode}: {check.stderr}" if check.returncode else check.stderr


@pytest.mark.parametrize("secret", ["plain", "a'b", 'a"b', "a$HOME", "a%[src]", "a\\b", "a#b"])
def test_haproxy_accepts_any_secret(
    haproxy_binary: Path, certificates: Path, tmp_path: Path, secret: str
) -> None:
    servers = (Server("n-1", "127.0.0.1", 1), Server("n-2", "2001:db8::1", 2, True))
    labels = Labels(
        ("votingapp.local", "a.org"),
        health_check="/h?x='%[y]",
        default=True,
        languages=("en", "de"),
    )
    services = (
        Service("frontend", labels, servers),
        Service("results.app_x-1", Labels(("results.local",), balance_algorithm="leastconn"), ()),
    )
    site = replace(
        SITE,
        certificate=str(certificates / "site.pem"),
        edge_token=secret,
        new_voter_key=secret,
        stats_password=secret,
        proxy_protocol=("192.0.2.0/24", "2001:db8::/32"),
        forwarded_for=("192.0.2.0/24", "2001:db8::/32"),
        rates=Rates(1, 2, 3),
    )
    text = render(site, Topology(services))
    assert complaints(haproxy_binary, tmp_path / "haproxy.cfg", text) == ""


@pytest.mark.parametrize("rates", [Rates(flag=1), Rates(slow=1), Rates(refuse=1)])
def test_haproxy_accepts_each_rate_alone(
    haproxy_binary: Path, certificates: Path, tmp_path: Path, rates: Rates
) -> None:
    site = replace(SITE, certificate=str(certificates / "site.pem"), rates=rates)
    assert complaints(haproxy_binary, tmp_path / "haproxy.cfg", render(site, Topology(()))) == ""
