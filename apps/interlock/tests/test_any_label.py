"""Whatever text stands in labels: HAProxy takes the configuration, and no other service notices."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from interlock.edge import Site
from interlock.labels import TABLE
from interlock.render import render
from interlock.topology import Topology, build
from interlock.values import BACKEND_OPTIONS

from .test_render import SITE, complaints

# What HAProxy reads as more than a part of a word.
SHARP = st.lists(
    st.sampled_from(
        [
            *(
                " ",
                "\n",
                "\r\n",
                "\0",
                "#",
                "'",
                '"',
                "\\",
                "%[src]",
                "%",
                "$HOME",
                "{",
                " } || { a",
            ),
            *("\n    server evil 192.0.2.1:80", ",", ")", "]", "/..", "//", "é", "٣"),
        ]
    ),
    min_size=1,
    max_size=4,
).map("".join)
NASTY = SHARP | st.sampled_from(
    [
        *("", "/", "/a/../b", "/a%2fb", "forwardfor", "httpchk", "votingapp.local", "-a", "a."),
        *("-1", "0", "1", "65536", "99999999999", "1s", "100", "1h"),
    ]
)
HOSTS = st.from_regex(r"[a-z]{4,8}", fullmatch=True)
GOOD: dict[str, st.SearchStrategy[str]] = {
    "hostname": HOSTS,
    "domain": st.sampled_from(["local", "example.org", ".".join(["x" * 62] * 3)]),
    "alias_domain": HOSTS,
    "alias_domain.7": HOSTS,
    "port": st.just("8000"),
    "network": st.just("mynet"),
    "context_root": HOSTS.map("/{}".format) | st.sampled_from(["/a.b/~c/", "/" + "x" * 499]),
    "context_root_rewrite": st.sampled_from(["true", "TRUE", "false"]),
    "ssl_only": st.sampled_from(["true", "false"]),
    "ssl_backend": st.sampled_from(["true", "false"]),
    "ssl_backend_tls_verify": st.sampled_from(["none", "required"]),
    "health_check": st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40).map(
        "/{}".format
    ),
    "health_check_interval": st.sampled_from(["5000", "2s", "100ms", "3600s"]),
    "balance_algorithm": st.sampled_from(["leastconn", "random", "first"]),
    "backend_option.0": st.sampled_from(BACKEND_OPTIONS),
    "backend_option.1": st.sampled_from(BACKEND_OPTIONS),
    "max_connections": st.just("10"),
    "languages": st.sampled_from(["en", "de-at, en,ar"]),
    "default": st.sampled_from(["false"] * 9 + ["true"]),
}
# With a host name, or it would be no service of ours.
RIGHT = st.fixed_dictionaries(
    {"hostname": HOSTS}, optional={k: v for k, v in GOOD.items() if k != "hostname"}
)


def wrong(name: str) -> st.SearchStrategy[dict[str, str]]:
    """Labels of which only the one called `name` is wrong, if any."""
    values = st.tuples(GOOD[name], SHARP).map("".join) | NASTY | st.text(max_size=20)
    return st.builds(
        lambda right, value: {f"interlock.{k}": v for k, v in (right | {name: value}).items()},
        RIGHT,
        values,
    )


def service(name: str, labels: dict[str, str]) -> dict[str, Any]:
    port = {"TargetPort": 8000, "PublishedPort": 8000, "PublishMode": "host"}
    return {
        "ID": name,
        "CreatedAt": "2026" if name == "web" else "2027",
        "Spec": {"Name": name, "Labels": labels, "EndpointSpec": {"Ports": [port]}},
    }


def task(service: str) -> dict[str, Any]:
    running = {"DesiredState": "running", "Status": {"State": "running"}}
    return {"ID": service, "ServiceID": service, "NodeID": "n1"} | running


WEB = service("web", {"interlock.hostname": "votingapp.local", "interlock.default": "true"})
NODE = {
    "ID": "n1",
    "Spec": {"Availability": "active"},
    "Description": {"Hostname": "n1"},
    "Status": {"State": "ready", "Addr": "192.0.2.1"},
}


def topology(name: str, labels: dict[str, str]) -> Topology:
    """Of the older service `web` and of one with these labels."""
    services = [service(name, labels), WEB]
    return build(services, [task(s["ID"]) for s in services], [NODE])


ALONE = build([WEB], [task("web")], [NODE])


def lines_of_web(text: str) -> list[str]:
    """The lines that lead to it and those of its own, in their order."""
    lines = text.splitlines()
    routes = ("    use_backend web ", "    default_backend ")
    start = lines.index("backend web")
    end = next((n for n in range(start, len(lines)) if lines[n] == ""), len(lines))
    return [line for line in lines if line.startswith(routes)] + lines[start:end]


@pytest.fixture(scope="module")
def site(certificates: Path) -> Site:
    return replace(SITE, certificate=str(certificates / "site.pem"))


def test_every_label_is_tried() -> None:
    assert {name.partition(".")[0] for name in GOOD} == {label.name for label in TABLE}


# Each example is a run of HAProxy, for twenty services.
@pytest.mark.parametrize("name", GOOD)
@settings(
    max_examples=5,
    # To shrink a failure is worth hundreds of runs.
    phases=[Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_no_label_breaks_haproxy_or_touches_another_service(
    site: Site, haproxy_binary: Path, tmp_path: Path, name: str, data: st.DataObject
) -> None:
    others = data.draw(st.lists(wrong(name), min_size=20, max_size=20))
    found = {f"other{n}": topology(f"other{n}", labels) for n, labels in enumerate(others)}
    for other, one in found.items():
        assert lines_of_web(render(site, one)) == lines_of_web(render(site, ALONE))
        assert {s.name for s in one.services} in ({"web"}, {"web", other})
    # One run of HAProxy for all of them.
    services = [s for one in found.values() for s in one.services if s.name != "web"]
    text = render(site, Topology((*services, *ALONE.services)))
    assert complaints(haproxy_binary, tmp_path / "haproxy.cfg", text) == ""
    # No line that the labels brought along: each server is one that a task runs.
    servers = [line.split() for line in text.splitlines() if line.lstrip().startswith("server ")]
    assert servers == [["server", "n1-8000", "192.0.2.1:8000"]] * (len(services) + 1)
