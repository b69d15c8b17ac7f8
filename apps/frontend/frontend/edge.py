"""What the load balancer vouches for: that it received a request, which one, and when. No I/O."""

import hmac
import re
from collections.abc import Sequence
from uuid import uuid4

from frontend.errors import NotThroughEdge, ServiceUnavailable

# RFC 9562: the first 48 bits are milliseconds since the Unix epoch.
UUID7 = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.ASCII
).fullmatch


class Edge:
    """Knows the load balancers by their tokens. Each marks a request with a UUIDv7 that survives
    its own retries, so that a vote which it sends twice is one voter's, and of one time.
    """

    def __init__(self, tokens: Sequence[bytes]) -> None:
        self._tokens = tuple(tokens)

    def received(self, token: str, request_id: str) -> tuple[str, int]:
        """The request's id, and when it was received: microseconds since the epoch.

        Raises NotThroughEdge where there is no token. Raises ServiceUnavailable for one that is not
        known here, as another frontend may know it, and for an id that has no time.
        """
        if not token:
            raise NotThroughEdge
        if not self._knows(token):
            raise ServiceUnavailable("the load balancer's token is unknown")
        request_id = request_id.lower()
        if not UUID7(request_id):
            raise ServiceUnavailable("the load balancer's request id is no UUIDv7")
        return request_id, int(request_id[:8] + request_id[9:13], 16) * 1000

    def new_voter(self, token: str, request_id: str) -> str:
        """An id for somebody who comes to see the page: the request's, else any."""
        request_id = request_id.lower()
        return request_id if self._knows(token) and UUID7(request_id) else str(uuid4())

    def _knows(self, token: str) -> bool:
        given = token.encode()
        return any(hmac.compare_digest(given, known) for known in self._tokens)
