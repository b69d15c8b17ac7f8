"""A frontend of its own for each test, behind a load balancer, with the poll that is shipped."""

import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from interlock.labels import Labels
from interlock.topology import Server as Target
from interlock.topology import Service
from testing.edge import Edge
from testing.redis_server import RedisServer

from ..conftest import EDGE_TOKEN, NEW_VOTER_KEY, Server, accept

VARIABLES = Path(__file__).parents[4] / "roles/common/vars/main/poll.yml"
ARABIC = {
    "title": "قطط أم كلاب؟",
    "question": "أيهما أفضل، القطط أم الكلاب؟",
    "choices": {"a": "القطط", "b": "الكلاب"},
}


def shipped_poll() -> dict[str, Any]:
    """Cats or dogs, as the playbook ships it, and in Arabic, too."""
    variables = yaml.safe_load(VARIABLES.read_text())
    poll: dict[str, Any] = variables["__common_cats_or_dogs"]
    for choice in poll["choices"]:
        picture = variables[choice["picture"].strip("{} ")]
        choice["picture"] = f"data:image/svg+xml;base64,{b64encode(picture.encode()).decode()}"
    poll["translations"]["ar"] = ARABIC
    return poll | {"id": "cats-or-dogs", "opens_at": "2126-12-01T19:00:00+01:00"}


@pytest.fixture
def poll(environ: dict[str, str]) -> dict[str, Any]:
    """What is asked, to be changed before the site is used."""
    environ["NODE_NAME"] = "frontend02"
    return shipped_poll()


@pytest.fixture
def site(
    poll: dict[str, Any],
    environ: dict[str, str],
    redis_server: RedisServer,
    tmp_path: Path,
    edge: Edge,
) -> Iterator[str]:
    Path(environ["POLL_FILE"]).write_text(json.dumps(poll))
    keys = sorted([*(choice["key"] for choice in poll["choices"]), "test"])
    accept(redis_server, f"2 {poll['id']} {','.join(keys)}")
    server = Server(environ, tmp_path / "server.log")
    # Without a health check: the pages are the frontend's own, whatever has happened to the queue.
    labels = Labels(hosts=(), default=True, languages=("en", "de", "ar"))
    target = Target("node", "127.0.0.1", server.port, internal_tls=True)
    service = Service("frontend", labels, (target,))
    edge.change(edge_token=EDGE_TOKEN, new_voter_key=NEW_VOTER_KEY)
    edge.begin(service)
    yield f"http://127.0.0.1:{edge.port}"
    server.stop()
