"""What a request says, read straight from the WSGI environ (PEP 3333)."""

from typing import TYPE_CHECKING

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header, parse_options_header

from frontend.errors import FormTooLarge, HTTPError

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

FORM = "application/x-www-form-urlencoded"
MAX_FORM_BYTES = 16 * 1024


class Request:
    """One request. Header values are text as WSGI gives it: Latin-1, and whatever a client sent."""

    def __init__(self, environ: "WSGIEnvironment") -> None:
        self._environ = environ

    @property
    def cookies(self) -> str:
        """Whatever cookies were sent, ours and other sites'."""
        return str(self._environ.get("HTTP_COOKIE", ""))

    @property
    def request_id(self) -> str:
        """X-Request-ID: the load balancer's, or any client's; see `edge_token`."""
        return str(self._environ.get("HTTP_X_REQUEST_ID", ""))

    @property
    def edge_token(self) -> str:
        """X-Edge-Token: by this the load balancer proves that it is one."""
        return str(self._environ.get("HTTP_X_EDGE_TOKEN", ""))

    @property
    def edge_sets_cookie(self) -> bool:
        """X-Edge-Cookie: the load balancer gives the visitor a cookie, and many the same page.

        It lets no client's through; whoever gets past it makes a page without a cookie, no more.
        """
        return "HTTP_X_EDGE_COOKIE" in self._environ

    @property
    def test_token(self) -> str:
        """X-Test-Token: by this whoever proves a deployment may cast the test vote."""
        return str(self._environ.get("HTTP_X_TEST_TOKEN", ""))

    @property
    def is_cross_site(self) -> bool:
        """Whether the browser says that a page of another origin sends this.

        Old browsers say it by Origin alone. Programs say neither, and have no one's cookie.
        """
        if site := self._environ.get("HTTP_SEC_FETCH_SITE"):
            return bool(site not in ("same-origin", "none"))
        origin = self._environ.get("HTTP_ORIGIN")
        return bool(origin and origin.partition("://")[2] != self._environ.get("HTTP_HOST"))

    @property
    def accept_language(self) -> str:
        """The languages that the visitor reads, as RFC 9110 writes them."""
        return str(self._environ.get("HTTP_ACCEPT_LANGUAGE", ""))

    @property
    def wants_json(self) -> bool:
        """Whether the client would rather have JSON than a page. No browser names it for a page."""
        accept = self._environ.get("HTTP_ACCEPT", "")
        if "application/json" not in accept:
            return False
        kinds = parse_accept_header(accept, MIMEAccept)
        return kinds["text/html"] <= kinds["application/json"] > 0

    def form(self) -> bytes:
        """The body of a form.

        Raises HTTPError: 415 for another kind of body, 413 for more than MAX_FORM_BYTES, whether
        announced or sent in chunks, 400 where less came than was announced.
        """
        kind = self._environ.get("CONTENT_TYPE", "")
        if kind != FORM and parse_options_header(kind)[0].lower() != FORM:
            raise HTTPError(415, f"A vote is a form with the field `vote`, sent as {FORM}.")
        announced = self._environ.get("CONTENT_LENGTH", "")
        if announced.isdecimal():
            return self._announced(int(announced))
        # A body in chunks ends where the server says that it ends.
        body: bytes = self._environ["wsgi.input"].read(MAX_FORM_BYTES + 1)
        if len(body) > MAX_FORM_BYTES:
            raise FormTooLarge
        return body

    def _announced(self, length: int) -> bytes:
        if length > MAX_FORM_BYTES:
            raise FormTooLarge
        body: bytes = self._environ["wsgi.input"].read(length)
        # Half a form may look like a whole one: `vote=a` is how `vote=abc` begins.
        if len(body) < length:
            raise HTTPError(400, "The form did not arrive in full.")
        return body
