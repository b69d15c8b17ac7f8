"""Fixtures that every app's tests share: real servers, each in a directory of its own."""

pytest_plugins = [
    "testing.docker_engine",
    "testing.haproxy_server",
    "testing.http_backend",
    "testing.postgres_server",
    "testing.redis_server",
    "testing.swarm_api",
]
