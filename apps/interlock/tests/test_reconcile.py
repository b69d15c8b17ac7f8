"""Carrying out the plan, round by round, leads from any servers to the wanted ones."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from interlock.labels import Labels
from interlock.reconcile import FORCED_DRAIN, FORCED_MAINT, Key, Present, Wanted, desired, plan
from interlock.topology import Server, Service, Topology

from .test_render import SITE

ADDRESSES = st.sampled_from(["192.0.2.1", "192.0.2.2", "2001:db8::1"])
PORTS = st.sampled_from([8000, 8001])
KEYS = st.tuples(st.sampled_from(["web", "api"]), st.sampled_from(["n1", "n2", "n3"]))


@st.composite
def wanted_servers(draw: st.DrawFn) -> dict[Key, Wanted]:
    servers = {}
    for key in draw(st.sets(KEYS)):
        servers[key] = Wanted(Server(key[1], draw(ADDRESSES), draw(PORTS)), "check inter 1000")
    return servers


PRESENT = st.dictionaries(
    KEYS,
    st.builds(
        Present,
        ADDRESSES,
        PORTS,
        st.sampled_from([0, FORCED_MAINT, FORCED_DRAIN, FORCED_MAINT | FORCED_DRAIN]),
        st.integers(0, 2),
    ),
)


def carry_out(command: str, servers: dict[Key, Present]) -> None:
    """What HAProxy does on a command, as its management guide has it."""
    match command.split():
        case ["add", "server", name, endpoint, *options]:
            assert key(name) not in servers and "check" in options
            address, _, port = endpoint.rpartition(":")
            servers[key(name)] = Present(address.strip("[]"), int(port), FORCED_MAINT, 0)
        case ["enable", "health", name]:
            assert key(name) in servers
        case ["set", "server", name, "state", state]:
            bits = {"ready": 0, "drain": FORCED_DRAIN, "maint": FORCED_MAINT}[state]
            servers[key(name)] = replace(servers[key(name)], admin_state=bits)
        case ["set", "server", name, "addr", address, "port", port]:
            moved = replace(servers[key(name)], address=address, port=int(port))
            servers[key(name)] = moved
        case ["shutdown", "sessions", "server", name]:
            servers[key(name)] = replace(servers[key(name)], busy=0)
        case ["del", "server", name]:
            now = servers[key(name)]
            assert now.admin_state & FORCED_MAINT
            if not now.busy:
                del servers[key(name)]
        case _:
            raise AssertionError(command)


def key(name: str) -> Key:
    backend, _, server = name.partition("/")
    return backend, server


@given(wanted_servers(), PRESENT, st.booleans())
def test_the_plan_leads_to_what_is_wanted(
    wanted: dict[Key, Wanted], servers: dict[Key, Present], overdue: bool
) -> None:
    for _ in range(6):
        for command in plan(wanted, servers, frozenset(servers) if overdue else frozenset()):
            carry_out(command, servers)
        # Requests end, one a round.
        servers = {k: replace(v, busy=max(0, v.busy - 1)) for k, v in servers.items()}
    assert plan(wanted, servers, frozenset()) == ()
    serving = {k: (v.address, v.port) for k, v in servers.items() if v.admin_state == 0}
    assert serving == {k: (v.server.address, v.server.port) for k, v in wanted.items()}
    assert servers.keys() == wanted.keys()


@given(wanted_servers(), PRESENT)
def test_no_request_is_cut(wanted: dict[Key, Wanted], present: dict[Key, Present]) -> None:
    commands = plan(wanted, present, frozenset())
    assert not any(command.startswith("shutdown") for command in commands)
    for k, now in present.items():
        if now.busy and not now.admin_state:
            assert f"set server {'/'.join(k)} state maint" not in commands


@given(wanted_servers(), KEYS, ADDRESSES, PORTS)
def test_one_change_touches_one_server(
    wanted: dict[Key, Wanted], k: Key, address: str, port: int
) -> None:
    settled = {name: Present(w.server.address, w.server.port, 0, 1) for name, w in wanted.items()}
    name = "/".join(k)
    new = Wanted(Server(k[1], address, port), "check inter 1000")
    for command in plan(wanted | {k: new}, settled, frozenset()):
        assert name in command.split()
    without = {other: server for other, server in wanted.items() if other != k}
    for command in plan(without, settled, frozenset()):
        assert name in command.split()


def test_new_servers_come_before_old_ones_drain() -> None:
    wanted = {("web", "z"): Wanted(Server("z", "192.0.2.1", 1), "check inter 1000")}
    present = {("web", "a"): Present("192.0.2.2", 1, 0, 0)}
    commands = plan(wanted, present, frozenset())
    assert commands[0].startswith("add server web/z ")
    assert commands[-1] == "set server web/a state drain"


def test_in_a_thousand_services_one_change_touches_one_server() -> None:
    servers = tuple(Server(f"n{n}-8000", f"192.0.2.{n}", 8000) for n in range(5))
    services = [Service(f"app{n}", Labels((f"app{n}.local",)), servers) for n in range(1000)]

    def wanted() -> dict[Key, Wanted]:
        return desired(SITE, Topology(tuple(services)))

    settled = {key: Present(w.server.address, w.server.port, 0, 1) for key, w in wanted().items()}
    assert len(settled) == 5000
    assert plan(wanted(), settled, frozenset()) == ()
    services[500] = replace(services[500], servers=servers[1:])
    commands = plan(wanted(), settled, frozenset())
    assert commands == ("set server app500/n0-8000 state drain",)
    moved = replace(servers[0], address="198.51.100.1")
    services[500] = replace(services[500], servers=(moved, *servers[1:]))
    commands = plan(wanted(), settled, frozenset())
    assert commands == ("set server app500/n0-8000 addr 198.51.100.1 port 8000",)
