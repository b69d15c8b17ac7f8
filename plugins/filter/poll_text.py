"""Writes a poll as the apps read it."""

from __future__ import annotations

DOCUMENTATION = r"""
name: poll_text
short_description: Write a poll as the apps read it
version_added: 0.1.0
author:
  - Landslide (@landslide)
description:
  - Turns the definition of a poll into JSON that holds its pictures, so that it is one file.
  - The same poll is the same text.
positional: directory, poll_id
options:
  _input:
    description: The definition, in which P(landslide.voting.poll_problems#filter) finds no problem.
    type: dict
    required: true
  directory:
    description: Where the pictures are whose path is a relative one.
    type: path
    required: true
  poll_id:
    description: What tells this poll from every other one, of C(a-z0-9-).
    type: str
    required: true
seealso:
  - plugin: landslide.voting.poll_problems
    plugin_type: filter
"""

EXAMPLES = r"""
text: "{{ poll_definition | landslide.voting.poll_text(inventory_dir, 'tea-2026') }}"
"""

RETURN = r"""
_value:
  description: The poll as JSON.
  type: str
"""

import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

MEDIA_TYPES = {
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
}


def poll_text(definition: Mapping[str, Any], directory: str, poll_id: str) -> str:
    """Return the poll as JSON; the arguments are documented above."""
    choices = []
    for choice in definition["choices"]:
        choices.append(dict(choice))
        if "picture" in choice:
            choices[-1]["picture"] = data_url(choice["picture"], Path(directory))
    # YAML makes a time of what looks like one.
    return json.dumps({"id": poll_id, **definition, "choices": choices}, default=datetime.isoformat)


def data_url(picture: str, directory: Path) -> str:
    """Return a picture, which is SVG or the path of a file, as a URL that holds it (RFC 2397)."""
    if picture.startswith("<svg"):
        kind, content = MEDIA_TYPES[".svg"], picture.encode()
    else:
        path = directory / picture
        kind, content = MEDIA_TYPES[path.suffix.lower()], path.read_bytes()
    return f"data:{kind};base64,{b64encode(content).decode()}"


class FilterModule:
    """Hands the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by its name."""
        return {"poll_text": poll_text}
