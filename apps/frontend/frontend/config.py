"""The frontend's settings: the one place that reads the environment and the files it names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from frontend.poll import Poll

MIN_SECRET_LENGTH = 16


@dataclass(frozen=True)
class Config:
    """What a frontend needs to know. Secrets stay out of its repr, and so out of any traceback."""

    poll: Poll
    node: str
    queue_socket: str
    queue_user: str
    queue_password: str = field(repr=False)
    cookie_key: bytes = field(repr=False)
    edge_token: bytes = field(repr=False)
    queue_timeout: float
    threads: int

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Config":
        """Read the settings.

        Required: NODE_NAME, POLL_FILE, QUEUE_PASSWORD_FILE, COOKIE_KEY_FILE, EDGE_TOKEN_FILE.
        Optional: QUEUE_SOCKET, QUEUE_USER, QUEUE_TIMEOUT (seconds), FRONTEND_THREADS (per process).
        Raises ValueError, naming the setting, for one that is missing or makes no sense.
        """
        return cls(
            poll=Poll.from_json(_file(environ, "POLL_FILE").read_text()),
            node=_required(environ, "NODE_NAME"),
            queue_socket=environ.get("QUEUE_SOCKET", "/run/queue/redis.sock"),
            queue_user=environ.get("QUEUE_USER", "frontend"),
            queue_password=_secret(environ, "QUEUE_PASSWORD_FILE"),
            cookie_key=_secret(environ, "COOKIE_KEY_FILE").encode(),
            edge_token=_secret(environ, "EDGE_TOKEN_FILE").encode(),
            queue_timeout=_positive(environ, "QUEUE_TIMEOUT", "2"),
            threads=int(_positive(environ, "FRONTEND_THREADS", "8")),
        )


def _required(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "")
    if not value:
        raise ValueError(f"{name} is not set")
    return value


def _file(environ: Mapping[str, str], name: str) -> Path:
    path = Path(_required(environ, name))
    if not path.is_file():
        raise ValueError(f"{name}: there is no file {path}")
    return path


def _secret(environ: Mapping[str, str], name: str) -> str:
    # An empty key would sign for anybody, and an empty token would match a header that is absent.
    secret = _file(environ, name).read_text().strip()
    if len(secret) < MIN_SECRET_LENGTH:
        raise ValueError(f"{name}: a secret has {MIN_SECRET_LENGTH} characters or more")
    return secret


def _positive(environ: Mapping[str, str], name: str, default: str) -> float:
    try:
        value = float(environ.get(name, default))
    except ValueError as error:
        raise ValueError(f"{name} is not a number") from error
    if not 0 < value < float("inf"):
        raise ValueError(f"{name} has to be above zero")
    return value
