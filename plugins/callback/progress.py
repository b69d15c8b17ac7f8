"""Tells another program how a playbook gets on, as lines of JSON."""

from __future__ import annotations

DOCUMENTATION = r"""
name: progress
type: aggregate
short_description: Tell another program how a playbook gets on
version_added: 1.0.0
description:
  - Writes one JSON object a line, with C(event) C(play), C(task), C(retry), C(failed) or C(end),
    so that nobody has to parse what is meant for people.
author:
  - Landslide (@landslide)
options:
  fd:
    description: The open file descriptor to write to. Without it, nothing is written.
    type: int
    env:
      - name: LANDSLIDE_PROGRESS_FD
"""

import json
import os
from collections.abc import Mapping
from typing import Any

from ansible.plugins.callback import CallbackBase

LAST_LINES = 10
META = ("meta", "ansible.builtin.meta")


def message_of(content: Mapping[str, Any]) -> str:
    """Return the message of a result, with the end of what a command wrote."""
    message = content.get("msg", "")
    # assert and fail take lists of sentences too
    sentences = message if isinstance(message, list) else [message]
    output = str(content.get("stderr") or content.get("stdout") or "").strip().splitlines()
    return "\n".join([*map(str, sentences), *output[-LAST_LINES:]])


class CallbackModule(CallbackBase):  # type: ignore[misc]  # Ansible has no types
    """An aggregate callback: it runs beside the one that writes to the terminal."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "landslide.voting.progress"
    CALLBACK_NEEDS_ENABLED = True

    def _write(self, event: str, **fields: Any) -> None:
        descriptor = self.get_option("fd")
        if descriptor is not None:
            line = json.dumps({"event": event, **fields}, default=str) + "\n"
            os.write(descriptor, line.encode())

    def _failed(self, result: Any) -> None:
        content = result.result
        items = [item for item in content.get("results", ()) if item.get("failed")]
        self._write(
            "failed",
            host=result.host.get_name(),
            task=result.task.name or result.task.action,
            message=" ".join(message_of(item) for item in items or [content]),
            unreachable=bool(content.get("unreachable")),
        )

    def v2_playbook_on_play_start(self, play: Any) -> None:
        """Tell the play's name."""
        self._write("play", name=play.get_name())

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        """Tell the task's name, without the role's, which the play stands for.

        What only ends a play or a host is no work: a play that has nothing else to do is no step.
        """
        if task.action not in META:
            self._write("task", name=task.name or task.action)

    def v2_playbook_on_handler_task_start(self, task: Any) -> None:
        """Tell the handler's name: Ansible tells handlers apart from tasks, nobody else does."""
        self._write("task", name=task.name or task.action)

    def v2_runner_retry(self, result: Any) -> None:
        """Tell the last line of a command that is tried again, for it may say how far it is."""
        content = result.result
        lines = str(content.get("stderr") or content.get("stdout") or "").strip().splitlines()
        self._write("retry", task=result.task.name, message=lines[-1] if lines else "")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Tell what failed, unless the playbook expects it."""
        if not ignore_errors:
            self._failed(result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """Tell which host could not be reached."""
        self._failed(result)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Tell each host's counts, and what the playbooks handed over by set_stats."""
        hosts = {host: stats.summarize(host) for host in stats.processed}
        self._write("end", hosts=hosts, data=stats.custom.get("_run", {}))
