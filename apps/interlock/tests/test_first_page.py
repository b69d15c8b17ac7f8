"""The page for whoever has no cookie: from the cache, each time with a cookie of its own."""

import re
from collections.abc import Iterator
from dataclasses import replace
from hmac import digest

import pytest
from testing.edge import WEB, Edge, web
from testing.http_backend import Backend
from testing.waiting import wait_until

from .test_request_id import http2

LABELS = replace(WEB, languages=("en", "de", "ar"))
PAGE = [("Cache-Control", "max-age=1")]


@pytest.fixture
def shared(edge: Edge, backends: list[Backend]) -> Iterator[Edge]:
    """An edge before one frontend whose page may be kept for a second."""
    backends[0].headers = [*PAGE, ("Content-Type", "text/html; charset=utf-8")]
    edge.begin(web(backends[0], labels=LABELS))
    wait_until(lambda: edge.get("/x")[0] == 200)
    backends[0].requests.clear()
    yield edge


def asked(backend: Backend) -> list[str]:
    """The paths of requests, with the language that each was asked for."""
    found = []
    for _, path, headers, _ in backend.requests:
        wanted = [value for name, value in headers if name.lower() == "accept-language"]
        found.append(" ".join([path, *wanted]))
    return found


def test_many_see_one_page_and_each_gets_a_new_cookie(
    shared: Edge, backends: list[Backend]
) -> None:
    answers = [shared.get(f"/?utm={number}") for number in range(40)]
    assert {answer[:2] for answer in answers} == {(200, b"a")}
    # One a second, and the tests may take more than one.
    assert 1 <= len(backends[0].requests) <= 5
    cookies = [headers["Set-Cookie"] for *_, headers in answers]
    assert len(set(cookies)) == 40
    for cookie in cookies:
        value, flags = cookie.removeprefix("voter-any=").split("; ", 1)
        assert flags == "Max-Age=2592000; Path=/; HttpOnly; SameSite=Lax"
        payload, mac = value.rsplit(".", 1)
        assert re.fullmatch(r"new\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", payload)
        assert mac == digest(shared.site.new_voter_key.encode(), payload.encode(), "sha256").hex()


def test_nobody_else_may_keep_it(shared: Edge) -> None:
    for _ in range(2):
        headers = shared.get()[2]
        assert headers["Cache-Control"] == "no-store"
        assert "Age" not in headers
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_it_is_asked_for_with_nothing_of_a_visitor_but_the_language(
    shared: Edge, backends: list[Backend]
) -> None:
    shared.get(
        "/?who=me",
        "other.local",
        headers={
            "Accept-Language": "de-AT",
            "Cookie": "session=secret",
            "User-Agent": "mine",
            "X-Forwarded-For": "192.0.2.1",
            "If-Modified-Since": "Fri, 27 Nov 2099 03:15:44 GMT",
        },
    )
    ((method, path, headers, _),) = backends[0].requests
    assert (method, path) == ("GET", "/?de")
    assert {name.lower(): value for name, value in headers} == {
        "host": "frontend",
        "accept-language": "de",
        "x-edge-cookie": "set",
    }


@pytest.mark.parametrize(
    "headers",
    [
        {"Cookie": "voter-any=3.x"},
        {"Cookie": "a=b; __Host-voter=3.x"},
        {"Cookie": "voter=2.x"},
        {"Accept": "application/json"},
    ],
)
def test_who_may_be_known_or_is_a_program_is_asked_of_a_frontend(
    shared: Edge, backends: list[Backend], headers: dict[str, str]
) -> None:
    shared.get()
    backends[0].requests.clear()
    for _ in range(3):
        assert "Set-Cookie" not in shared.get(headers=headers)[2]
    assert asked(backends[0]) == ["/"] * 3
    assert all("X-Edge-Cookie" not in dict(request[2]) for request in backends[0].requests)


@pytest.mark.parametrize(("method", "path"), [("POST", "/"), ("GET", "/x")])
def test_nothing_else_is_shared(
    shared: Edge, backends: list[Backend], method: str, path: str
) -> None:
    backends[0].requests.clear()
    for _ in range(2):
        assert "Set-Cookie" not in shared.get(path, method=method)[2]
    assert len(backends[0].requests) == 2


def test_no_client_can_say_that_a_page_is_shared(shared: Edge, backends: list[Backend]) -> None:
    for spelled in ("X-Edge-Cookie", "x_edge_cookie"):
        shared.get("/x", headers={spelled: "set"})
    for _, _, headers, _ in backends[0].requests:
        assert not [name for name, _ in headers if "cookie" in name.lower()]


@pytest.mark.parametrize(
    ("wanted", "got"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", "en"),
        ("en;q=0.5,ar;q=0.7", "ar"),
        ("DE", "de"),
        ("fr", "en"),
        ("*", "en"),
        ("de;q=0", "en"),
        ("de;de,;;=,en;q=x", "de"),
    ],
)
def test_a_visitor_gets_the_language_that_he_would_rather_read(
    shared: Edge, backends: list[Backend], wanted: str, got: str
) -> None:
    shared.get(headers={"Accept-Language": wanted})
    shared.get(headers={"Accept-Language": wanted, "Cookie": "voter-any=x"})
    assert asked(backends[0]) == [f"/?{got} {got}", f"/ {got}"]


def test_without_a_language_it_is_the_pages_own(shared: Edge, backends: list[Backend]) -> None:
    shared.get()
    assert asked(backends[0]) == ["/?"]


def test_languages_do_not_mix(shared: Edge, backends: list[Backend]) -> None:
    for language in ("de", "en") * 5:
        shared.get(headers={"Accept-Language": language})
    assert set(asked(backends[0])) == {"/?de de", "/?en en"}


def test_it_is_anew_after_a_second(shared: Edge, backends: list[Backend]) -> None:
    assert shared.get()[1] == b"a"
    backends[0].name = "closed"
    wait_until(lambda: shared.get()[1] == b"closed", seconds=2)


def test_a_busy_frontend_is_no_page_of_before(shared: Edge, backends: list[Backend]) -> None:
    assert shared.get()[0] == 200
    backends[0].statuses["/healthz"] = 503
    wait_until(lambda: shared.get()[0] == 503)
    headers = shared.get()[2]
    assert "Set-Cookie" not in headers
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("status", [404, 500])
def test_no_cookie_is_made_for_what_is_no_page(
    shared: Edge, backends: list[Backend], status: int
) -> None:
    backends[0].statuses["/?"] = status
    for _ in range(2):
        answer = shared.get()
        assert answer[0] == status
        assert "Set-Cookie" not in answer[2]
    assert len(backends[0].requests) == 2


def test_a_page_with_a_cookie_is_kept_for_nobody(shared: Edge, backends: list[Backend]) -> None:
    backends[0].headers = [*PAGE, ("Set-Cookie", "voter-any=of-an-older-frontend")]
    for _ in range(3):
        assert shared.get()[2].get_all("Set-Cookie") == ["voter-any=of-an-older-frontend"]
    assert len(backends[0].requests) == 3


def test_with_https_only_the_cookie_is_for_https_only(edge: Edge, backends: list[Backend]) -> None:
    backends[0].headers = PAGE
    edge.begin(web(backends[0], labels=replace(LABELS, ssl_only=True)))
    wait_until(lambda: edge.get("/x", https=True)[0] == 200)
    status, _, headers = edge.get()
    assert (status, headers["Set-Cookie"]) == (308, None)
    status, _, headers = edge.get(https=True)
    assert status == 200
    assert re.fullmatch(
        r"__Host-voter=new\.\S+; Max-Age=2592000; Path=/; HttpOnly; SameSite=Lax; Secure",
        headers["Set-Cookie"],
    )
    assert "max-age=63072000" in headers["Strict-Transport-Security"]


def test_both_schemes_and_http2_share_a_page(shared: Edge, backends: list[Backend]) -> None:
    shared.get()
    shared.get(https=True)
    backends[0].requests.clear()
    shared.get(https=True)
    assert len(backends[0].requests) <= 1
    # Its helper asks for another path, which is not shared.
    assert http2(shared)


def test_pictures_are_kept(shared: Edge, backends: list[Backend]) -> None:
    backends[0].headers = [("Cache-Control", "public, max-age=31536000, immutable")]
    backends[0].requests.clear()
    for number in range(10):
        _, body, headers = shared.get(f"/0123.css?{number}", f"host{number}.local")
        assert body == b"a"
        assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert "Set-Cookie" not in headers
    assert asked(backends[0]) == ["/0123.css"]


def test_of_other_services_nothing_is_kept(edge: Edge, backends: list[Backend]) -> None:
    backends[0].headers = [("Cache-Control", "max-age=100")]
    edge.begin(replace(web(backends[0], labels=LABELS), name="shop"))
    wait_until(lambda: edge.get("/x")[0] == 200)
    backends[0].requests.clear()
    for _ in range(3):
        assert "Set-Cookie" not in edge.get()[2]
        edge.get("/a.css")
    assert len(backends[0].requests) == 6
