"""Writes docs/settings.md and the roles' README.md: python3 tools/settings_page.py.

The page is made of the roles' argument specs. Galaxy takes no role without a README.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "settings.md"
# What most people set comes first.
FIRST = ("common", "frontend", "worker", "store", "interlock", "swarm", "registry", "images")
HEAD = """\
# Settings

Written by `tools/settings_page.py` from the roles' argument specs: change those.

Every setting is a variable of the inventory: `group_vars/all.yml` for the whole cluster,
`group_vars/<tier>.yml` for a tier (`manager`, `interlock`, `frontend`, `worker`, `store`),
`host_vars/<host>.yml` for a host, a vault, or `-e`. Ansible's precedence decides; the default
counts where the inventory is silent.

- A Swarm service has one specification. Settings of `frontend`, `worker`, `store` and `swarm`
  have one value for all hosts of the tier.
- What several roles use has one value for the whole cluster, and may stand in the `group_vars` of
  the tier that its name begins with; of the load balancers (`interlock`) for `site_`, of the
  managers for `cluster_`, `poll_`, `registry_` and `swarm_`.
- Hosts with different values of such a setting are named, and refused, before anything is
  changed.
- `node_address` is required for every host: its address on the network that all share.
- A secret may stand in the inventory or a vault, for all hosts of the tiers that hold it.
  Otherwise it is made when it is first needed, in `secrets` of `cluster_state_directory`.
"""


def yaml_of(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def given(content: Any) -> Iterator[str]:
    """Return each variable that a play, or a task, hands to a role: a user has no say in it."""
    if isinstance(content, list):
        for entry in content:
            yield from given(entry)
    elif isinstance(content, dict):
        yield from content.get("vars") or ()
        for value in content.values():
            yield from given(value)


def settings(root: Path = ROOT) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the options of each role that are for users, by their names."""
    files = [*root.glob("playbooks/**/*.yml"), *root.glob("roles/*/tasks/*.yml")]
    arguments = {name for file in files for name in given(yaml_of(file))}
    found = {}
    for spec in sorted(root.glob("roles/*/meta/argument_specs.yml")):
        entries = yaml_of(spec)["argument_specs"].values()
        public: dict[str, dict[str, Any]] = {}
        for name, option in (item for entry in entries for item in entry["options"].items()):
            if name not in arguments:
                public.setdefault(name, option)
        if public:
            found[spec.parents[1].name] = public
    return found


def shown(option: dict[str, Any]) -> str:
    """Return what stands in the column of defaults."""
    if option.get("required"):
        return "required"
    if "default" not in option:
        return ""
    value = option["default"]
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    text = yaml.safe_dump(value, default_flow_style=True, width=1000).removesuffix("...\n").strip()
    return f"`{text}`"


def page(root: Path = ROOT) -> str:
    """Return the whole page."""
    found = settings(root)
    parts = [HEAD]
    for role in [*FIRST, *sorted(set(found) - set(FIRST))]:
        (title, *_) = (
            entry["short_description"]
            for entry in yaml_of(root / "roles" / role / "meta/argument_specs.yml")[
                "argument_specs"
            ].values()
        )
        rows = ["| setting | type | default | |", "| --- | --- | --- | --- |"]
        for name, option in found[role].items():
            description = option["description"].replace("|", "\\|")
            description = re.sub(r"\b[CMOVP]\(([^)]*)\)", r"`\1`", " ".join(description.split()))
            rows.append(f"| `{name}` | {option['type']} | {shown(option)} | {description} |")
        parts.append(f"## {role}\n\n{title}.\n\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def readmes(root: Path = ROOT) -> dict[Path, str]:
    """Return the README.md of each role, by its path."""
    with_settings = settings(root)
    found = {}
    for meta in sorted(root.glob("roles/*/meta/main.yml")):
        role = meta.parents[1]
        lines = [f"# {role.name}", "", yaml_of(meta)["galaxy_info"]["description"] + "."]
        if role.name in with_settings:
            lines += ["", f"[Settings](../../docs/settings.md#{role.name})"]
        found[role / "README.md"] = "\n".join([*lines, ""])
    return found


if __name__ == "__main__":
    for path, text in {PAGE: page(), **readmes()}.items():
        path.write_text(text, encoding="utf-8")
