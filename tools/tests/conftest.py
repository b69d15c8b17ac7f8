"""The real servers of the apps' tests, which the load client votes through."""

pytest_plugins = [
    "testing.haproxy_server",
    "testing.edge",
    "testing.swarm_api",
    "testing.postgres_server",
    "testing.redis_server",
    "testing.poll",
]
