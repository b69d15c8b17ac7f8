#!/usr/bin/python
"""Waits until services of a Docker Swarm have become what they are to be."""

from __future__ import annotations

DOCUMENTATION = r"""
module: swarm_service_wait
short_description: Wait until services of a Docker Swarm have converged
version_added: 0.1.0
description:
  - Waits until no update is in progress and each node that a global service is meant for, or each
    replica of a replicated one, runs exactly one task of the service's present spec. With a health
    check, a task runs only once it has passed it.
  - Fails, with the task's own error and the end of its log, as soon as an update is paused or
    rolled back, or tasks fail again and again; and when the time is up. Of a task that is not
    healthy by then, such as a database that recovers, the log is shown, too.
  - Runs on a manager. Changes nothing.
author:
  - Landslide (@landslide)
requirements:
  - docker (the Python SDK)
options:
  services:
    description: The names of the services.
    type: list
    elements: str
    required: true
  updated:
    description:
      - Those of O(services) that the caller has just made or changed. All of them if omitted.
      - An ended rollback of another one is history, since that service has the spec that is wanted.
    type: list
    elements: str
  timeout:
    description: How long to wait for all services together, in seconds.
    type: int
    default: 120
attributes:
  check_mode:
    description: Looks once, does not wait, and never fails.
    support: full
  diff_mode:
    description: Has nothing to show.
    support: none
"""

EXAMPLES = r"""
- name: Every service has converged
  landslide.voting.swarm_service_wait:
    services: [pg, redis, frontend]
    timeout: 180
"""

RETURN = r"""
services:
  description: What each service was like at the last check.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The service's name.
      type: str
    state:
      description: V(converged), V(waiting) or V(failed).
      type: str
    reason:
      description: What it waits for or why it failed.
      type: str
elapsed:
  description: Seconds waited.
  returned: always
  type: float
  sample: 3.2
"""

import traceback
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.landslide.voting.plugins.module_utils.convergence.verdict import (
    Verdict,
    judge,
)
from ansible_collections.landslide.voting.plugins.module_utils.convergence.waiting import (
    Verdicts,
    wait,
)

try:
    import docker
    import requests
except ImportError:
    MISSING = traceback.format_exc()
else:
    MISSING = ""
    UNANSWERED = (docker.errors.DockerException, requests.exceptions.RequestException)

LOG_LINES = 20
# For how long every task must have been running.
SETTLE_SECONDS = 2
# After so many tasks in a row have failed in one place there is no more waiting.
MAX_FAILURES = 3


def check(params: dict[str, Any]) -> Verdicts:
    """Judge every service; a manager that does not answer now may do so later."""
    try:
        api = docker.from_env(timeout=10).api
        services = {service["Spec"]["Name"]: service for service in api.services()}
        nodes, tasks = api.nodes(), api.tasks()
    except UNANSWERED as error:
        verdict = Verdict("waiting", f"the manager does not answer: {error}")
        return dict.fromkeys(params["services"], verdict)
    verdicts = dict.fromkeys(params["services"], Verdict("failed", "there is no such service"))
    updated = params["services"] if params["updated"] is None else params["updated"]
    for name in verdicts.keys() & services.keys():
        verdicts[name] = judge(
            services[name],
            [task for task in tasks if task["ServiceID"] == services[name]["ID"]],
            nodes,
            updated=name in updated,
            max_failures=MAX_FAILURES,
            window=params["timeout"],
        )
    return verdicts


def read_log(service: str, task_id: str) -> list[str]:
    """Return the last lines of one task; Docker puts the task's id before each line."""
    try:
        chunks = docker.from_env(timeout=10).api.service_logs(
            service, stdout=True, stderr=True, tail=LOG_LINES, details=True
        )
        lines = b"".join(chunks).decode(errors="replace").splitlines()
    except UNANSWERED as error:
        return [f"the log cannot be read: {error}"]
    marked = (line.partition(" ") for line in lines)
    return [text for mark, _, text in marked if f"task.id={task_id}" in mark]


def explain(verdicts: Verdicts) -> str:
    """Say of every service that has not converged why, with the log of the task to blame."""
    lines = []
    for name, verdict in verdicts.items():
        if verdict.state != "converged":
            lines.append(f"{name}: {verdict.reason}")
        if verdict.task_id:
            lines += [f"  {line}" for line in read_log(name, verdict.task_id)]
    return "\n".join(lines)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "services": {"type": "list", "elements": "str", "required": True},
            "updated": {"type": "list", "elements": "str"},
            "timeout": {"type": "int", "default": 120},
        },
        supports_check_mode=True,
    )
    params = module.params
    if not MISSING:
        timeout = 0 if module.check_mode else params["timeout"]
        good, verdicts, elapsed = wait(lambda: check(params), timeout, SETTLE_SECONDS)
    elif module.check_mode:
        absent = Verdict("waiting", "the Docker SDK for Python is not there yet")
        good, verdicts, elapsed = False, dict.fromkeys(params["services"], absent), 0.0
    else:
        module.fail_json(msg=missing_required_lib("docker"), exception=MISSING)
    services = [
        {"name": name, "state": verdict.state, "reason": verdict.reason}
        for name, verdict in verdicts.items()
    ]
    if good or module.check_mode:
        module.exit_json(changed=False, services=services, elapsed=round(elapsed, 1))
    module.fail_json(msg=explain(verdicts), services=services, elapsed=round(elapsed, 1))


if __name__ == "__main__":
    main()
