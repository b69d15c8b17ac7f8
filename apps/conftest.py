"""Fixtures that every app's tests share: real servers, each in a directory of its own."""

pytest_plugins = ["testing.redis_server", "testing.postgres_server"]
