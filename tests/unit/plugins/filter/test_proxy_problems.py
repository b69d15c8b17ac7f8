from typing import Any

import pytest
from ansible_collections.landslide.voting.plugins.filter.proxy_problems import (
    FilterModule,
    proxy_problems,
)


def problems(**variables: Any) -> list[str]:
    found: list[str] = proxy_problems({"node01": variables}, ["node01"])
    return found


def test_the_filter_has_its_name() -> None:
    assert FilterModule().filters() == {"proxy_problems": proxy_problems}


@pytest.mark.parametrize(
    "proxy",
    [
        "",
        "http://proxy.example.org:3128",
        "http://192.0.2.1:3128/",
        "https://[2001:db8::1]:3129",
        "http://landslide:p%40ss-w0rd~!@proxy:8080",
        "http://landslide@proxy:8080",
    ],
)
def test_an_url_with_a_port_is_a_proxy(proxy: str) -> None:
    assert problems(common_http_proxy=proxy) == []


@pytest.mark.parametrize(
    "proxy",
    [
        "proxy.example.org:3128",
        "http://proxy.example.org",
        "socks5://proxy:1080",
        "http://landslide:pass@word@proxy:3128",
        "http://landslide:it's@proxy:3128",
        "http://landslide:$HOME@proxy:3128",
        'http://landslide:a"b@proxy:3128',
        "http://landslide:two words@proxy:3128",
        "http://proxy:3128\nPATH=/tmp",
        "http://proxy:3128/path",
        3128,
    ],
)
def test_anything_else_is_refused_and_not_shown(proxy: Any) -> None:
    (problem,) = problems(common_http_proxy=proxy)
    assert problem.startswith("node01: common_http_proxy is not http://HOST:PORT or")
    assert str(proxy) not in problem


def test_exceptions_are_names_addresses_and_networks() -> None:
    good = ["mirror.example.org", ".example.org", "192.0.2.0/24", "2001:db8::/32", "*.example.org"]
    assert problems(common_no_proxy=good) == []
    assert problems(common_no_proxy=["a,b"]) == [
        "node01: common_no_proxy has 'a,b', which is no name, address or network"
    ]
    assert problems(common_no_proxy="a,b") == ["node01: common_no_proxy is no list"]


def test_hosts_with_the_same_problem_are_named_together() -> None:
    wrong = {"common_no_proxy": "a"}
    hostvars: dict[str, dict[str, Any]] = {"a01": wrong, "b01": {}, "c01": wrong}
    assert proxy_problems(hostvars, hostvars) == ["a01, c01: common_no_proxy is no list"]
