"""Fixtures that every app's tests share: real servers, each in a directory of its own."""

# A plugin comes after those that it imports, or pytest cannot rewrite their assertions.
pytest_plugins = [
    "testing.browser",
    "testing.docker_engine",
    "testing.haproxy_server",
    "testing.http_backend",
    "testing.edge",
    "testing.swarm_api",
    "testing.postgres_server",
    "testing.redis_server",
    "testing.disk",
    "testing.failing_io",
    "testing.poll",
]
