"""From the Docker API's answers to servers."""

from typing import Any

import pytest
from interlock.labels import Labels
from interlock.topology import Server, Topology, build
from testing.docker_engine import Engine


def topology(engine: Engine) -> Topology:
    return build(engine.services, engine.tasks, engine.nodes)


def servers(engine: Engine) -> tuple[Server, ...]:
    (service,) = topology(engine).services
    return service.servers


@pytest.fixture
def web(engine: Engine) -> Engine:
    """A service `web` with a task on each of the nodes n1 and n2, at ports 8001 and 8002."""
    engine.add_service("web", "votingapp", domain="local", health_check="/healthz")
    engine.add_task("web", "n1", 8001)
    engine.add_task("web", "n2", 8002)
    return engine


N1 = Server("n1-8001", "127.0.0.1", 8001)
N2 = Server("n2-8002", "127.0.0.1", 8002)


def test_running_tasks_are_servers(web: Engine) -> None:
    (service,) = topology(web).services
    labels = Labels(("votingapp.local",), health_check="/healthz")
    assert (service.name, service.labels) == ("web", labels)
    assert service.servers == (N1, N2)
    assert topology(web).problems == ()


def test_an_unlabelled_service_is_left_alone(web: Engine) -> None:
    web.services[0]["Spec"]["Labels"] = None
    assert topology(web) == Topology(())


@pytest.mark.parametrize("state", ["new", "pending", "starting", "failed", "shutdown", "complete"])
def test_only_running_tasks_serve(web: Engine, state: str) -> None:
    web.tasks[0]["Status"]["State"] = state
    assert servers(web) == (N2,)


@pytest.mark.parametrize("wish", ["shutdown", "remove"])
def test_a_task_that_is_to_stop_serves_nobody_more(web: Engine, wish: str) -> None:
    web.tasks[0]["DesiredState"] = wish
    assert servers(web) == (N2,)


def test_the_next_task_on_the_node_takes_the_name_over(web: Engine) -> None:
    web.tasks[0]["DesiredState"] = "shutdown"
    web.add_task("web", "n1", 8001)["ID"] = "another"
    assert servers(web) == (N1, N2)


@pytest.mark.parametrize(
    ("state", "availability"),
    [("down", "active"), ("disconnected", "active"), ("ready", "pause"), ("ready", "drain")],
)
def test_a_node_that_is_not_ready_and_active_serves_nothing(
    web: Engine, state: str, availability: str
) -> None:
    web.nodes[1]["Status"]["State"] = state
    web.nodes[1]["Spec"]["Availability"] = availability
    assert servers(web) == (N2,)


def test_a_new_leader_that_has_not_heard_from_a_node_changes_nothing(web: Engine) -> None:
    web.nodes[1]["Status"]["State"] = "unknown"
    assert servers(web) == (N1, N2)


def test_all_nodes_down_is_the_managers_mistake(web: Engine) -> None:
    for node in web.nodes:
        node["Status"]["State"] = "down"
    assert servers(web) == (N1, N2)


@pytest.mark.parametrize("address", ["", "0.0.0.0", "frontend01"])
def test_a_node_without_a_usable_address_serves_nothing(web: Engine, address: str) -> None:
    web.nodes[1]["Status"]["Addr"] = address
    assert servers(web) == (N2,)


def test_the_port_comes_from_the_services_endpoint_where_the_task_says_none(web: Engine) -> None:
    web.services[0]["Endpoint"]["Spec"]["Ports"][0]["PublishedPort"] = 8001
    del web.tasks[0]["Status"]["PortStatus"]
    assert servers(web) == (N1, N2)


def test_ports_of_the_routing_mesh_do_not_count(web: Engine) -> None:
    web.services[0]["Endpoint"]["Spec"]["Ports"][0]["PublishMode"] = "ingress"
    assert topology(web).services == ()


def port(target: int, published: int, protocol: str = "tcp") -> dict[str, Any]:
    ports = {"TargetPort": target, "PublishedPort": published}
    return ports | {"PublishMode": "host", "Protocol": protocol}


def test_the_port_label_chooses_among_ports(web: Engine) -> None:
    web.services[0]["Endpoint"]["Spec"]["Ports"] += [port(9000, 9001), port(9000, 9001, "udp")]
    assert "port (no label)" in topology(web).problems[0]
    web.services[0]["Spec"]["Labels"]["interlock.port"] = "9000"
    assert {server.port for server in servers(web)} == {9001}


def test_a_wrong_label_costs_its_own_service_only(web: Engine) -> None:
    web.add_service("api", "api.local", port="http")
    found = topology(web)
    assert [service.name for service in found.services] == ["web"]
    assert found.problems == ("service api is left out: port 'http' is no number from 1 to 65535",)


def test_a_disputed_host_stays_with_the_older_service(web: Engine) -> None:
    web.add_service("aaa", "votingapp.local")
    found = topology(web)
    assert [service.name for service in found.services] == ["web"]
    assert "already belongs to service web" in found.problems[0]


@pytest.mark.parametrize("value", ["false", "yes", ""])
def test_a_task_speaks_tls_if_its_own_container_has_the_label(web: Engine, value: str) -> None:
    # The service's labels are of its newest version, tasks may be of an older one.
    web.services[0]["Spec"]["Labels"]["interlock.ssl_backend"] = "true"
    web.tasks[0]["Spec"] = {"ContainerSpec": {"Labels": {"interlock.internal_tls": value}}}
    web.tasks[1]["Spec"] = {"ContainerSpec": {"Labels": {"interlock.internal_tls": "true"}}}
    assert servers(web) == (N1, Server("n2-8002-tls", "127.0.0.1", 8002, internal_tls=True))
    assert topology(web).problems == ()


def test_order_of_the_answers_does_not_matter(web: Engine) -> None:
    web.add_service("api", "api.local")
    backwards = build(web.services[::-1], web.tasks[::-1], web.nodes[::-1])
    assert backwards == topology(web)
