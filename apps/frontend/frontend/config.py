"""The frontend's settings: the one place that reads the environment and the files it names."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from common.internal_tls import InternalTLS
from common.settings import file, positive, required

from frontend.poll import Poll

MIN_SECRET_LENGTH = 16
# What workers accept: printable ASCII without the space and the backslash.
NODE_NAME = re.compile(r"[!-\[\]-~]{1,255}")


@dataclass(frozen=True)
class Config:
    """What a frontend needs to know. Secrets stay out of its repr, and so out of any traceback."""

    poll: Poll
    node: str
    queue_socket: str
    queue_user: str
    queue_password: str = field(repr=False)
    cookie_keys: tuple[bytes, ...] = field(repr=False)
    new_voter_keys: tuple[bytes, ...] = field(repr=False)
    edge_tokens: tuple[bytes, ...] = field(repr=False)
    entry_key: bytes = field(repr=False)
    test_token: bytes = field(repr=False)
    tls: InternalTLS
    https_only: bool
    queue_timeout: float
    connections: int

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Config":
        """Read the settings.

        Required: NODE_NAME, POLL_FILE, QUEUE_PASSWORD_FILE, COOKIE_KEY_FILE (a key a line, of which
        the first signs and each is accepted), NEW_VOTER_KEY_FILE and EDGE_TOKEN_FILE (one a line,
        each is accepted), ENTRY_KEY_FILE, TEST_TOKEN_FILE.
        Optional: TLS_DIRECTORY (see InternalTLS), HTTPS_ONLY (`true` or `false`),
        FRONTEND_CONNECTIONS, QUEUE_SOCKET, QUEUE_USER, QUEUE_TIMEOUT (seconds).
        Raises ValueError, naming the setting, for one that is missing or makes no sense.
        """
        return cls(
            poll=Poll.from_json(file(environ, "POLL_FILE").read_text()),
            node=_node(environ),
            queue_socket=environ.get("QUEUE_SOCKET", "/run/queue/redis.sock"),
            queue_user=environ.get("QUEUE_USER", "frontend"),
            queue_password=_secret(environ, "QUEUE_PASSWORD_FILE"),
            cookie_keys=_secrets(environ, "COOKIE_KEY_FILE"),
            new_voter_keys=_secrets(environ, "NEW_VOTER_KEY_FILE"),
            edge_tokens=_secrets(environ, "EDGE_TOKEN_FILE"),
            entry_key=_secret(environ, "ENTRY_KEY_FILE").encode(),
            test_token=_secret(environ, "TEST_TOKEN_FILE").encode(),
            tls=InternalTLS.from_environ(environ),
            https_only=_boolean(environ, "HTTPS_ONLY"),
            queue_timeout=positive(environ, "QUEUE_TIMEOUT", "2"),
            connections=int(positive(environ, "FRONTEND_CONNECTIONS", "2048")),
        )


def _node(environ: Mapping[str, str]) -> str:
    # Part of every entry: with another name workers would reject all votes.
    name = required(environ, "NODE_NAME")
    if not NODE_NAME.fullmatch(name):
        raise ValueError("NODE_NAME: 1 to 255 printable ASCII characters, no space, no backslash")
    return name


def _secret(environ: Mapping[str, str], name: str) -> str:
    return _long_enough(name, file(environ, name).read_text().strip())


def _secrets(environ: Mapping[str, str], name: str) -> tuple[bytes, ...]:
    """One or more, a line each."""
    lines = file(environ, name).read_text().strip().splitlines()
    return tuple(_long_enough(name, line.strip()).encode() for line in lines or [""])


def _long_enough(name: str, secret: str) -> str:
    # An empty key would sign for anybody, and an empty token would match a header that is absent.
    if len(secret) < MIN_SECRET_LENGTH:
        raise ValueError(f"{name}: a secret has {MIN_SECRET_LENGTH} characters or more")
    return secret


def _boolean(environ: Mapping[str, str], name: str) -> bool:
    value = environ.get(name, "false")
    if value not in ("true", "false"):
        raise ValueError(f"{name} is neither true nor false")
    return value == "true"
