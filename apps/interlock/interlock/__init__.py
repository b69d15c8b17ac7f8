"""Interlock: keeps HAProxy's servers equal to the running tasks of a Docker Swarm."""
