"""What voters meet where no frontend is left: a page of HAProxy's own."""

from collections.abc import Callable

import pytest
from common.languages import LANGUAGES
from testing.browser import DESK, PHONE, Visitor
from testing.edge import Edge
from testing.http_backend import Backend
from testing.waiting import wait_until


@pytest.mark.parametrize(
    "look", [{"viewport": PHONE}, {"viewport": DESK, "color_scheme": "dark"}], ids=["phone", "dark"]
)
def test_it_is_for_everybody(
    running: Edge, backends: list[Backend], visit: Callable[..., Visitor], look: dict[str, object]
) -> None:
    for backend in backends:
        backend.statuses["/healthz"] = 503
    wait_until(lambda: running.get()[0] == 503)
    visitor = visit(f"http://127.0.0.1:{running.port}", **look)
    page = visitor.go()
    headings = page.get_by_role("heading")
    assert headings.first.inner_text() == "Many people are here right now"
    languages = page.locator("section").evaluate_all("sections => sections.map(s => s.lang)")
    assert languages == list(LANGUAGES)
    # Its style is what its policy lets in.
    assert page.locator("main").evaluate("main => getComputedStyle(main).display") == "grid"
    visitor.check(f"busy-{'dark' if 'color_scheme' in look else 'phone'}")
