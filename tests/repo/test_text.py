"""What the repository says, and what it must not say."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

# Where packages come from is the business of each machine's own settings.
REGISTRY = re.compile(
    r"\b(pypi\.org|pythonhosted\.org|deb\.debian\.org|security\.debian\.org|ftp\.\w+\.debian\.org"
    r"|archive\.ubuntu\.com|registry\.npmjs\.org|galaxy\.ansible\.com|ghcr\.io|quay\.io|docker\.io/)"
)
SECRET = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|\b(AKIA|ghp_|xox[bp]-)[0-9A-Za-z]{12,}"
    r"|(?i:password|passwd|secret|token)[\w-]*[\"']?\s*[:=]\s*[\"']?(?=\w*\d)[A-Za-z0-9+/]{12,}[\"']?\s*$",
    re.M,
)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


def texts(tracked: list[Path]) -> dict[Path, str]:
    """Return the text of each file but the locks, images and this one."""
    return {
        path: path.read_text()
        for path in tracked
        if path != Path(__file__)
        and path.suffix not in {".png", ".ico", ".jpg"}
        and not re.fullmatch(r"requirements.*\.txt", path.name)
    }


def own_mirrors() -> set[str]:
    """Return the hosts that this machine fetches packages from."""
    said = subprocess.run(
        ["pip", "config", "list"], check=True, capture_output=True, text=True
    ).stdout
    for path in Path("/etc/apt").glob("sources.list*"):
        files = [path] if path.is_file() else sorted(path.iterdir())
        said += "".join(file.read_text() for file in files)
    hosts = {urlsplit(url).hostname or "" for url in re.findall(r"https?://[^\s'\"]+", said)}
    return hosts - {"", "localhost", "127.0.0.1"}


def test_no_registry_or_mirror_is_named(tracked: list[Path]) -> None:
    mirrors = own_mirrors()
    named = [
        str(path)
        for path, text in texts(tracked).items()
        if REGISTRY.search(text) or any(host in text for host in mirrors)
    ]
    assert named == []


def test_nothing_looks_like_a_secret(tracked: list[Path]) -> None:
    found = [
        f"{path}: {match.group()}"
        for path, text in texts(tracked).items()
        for match in SECRET.finditer(text)
    ]
    assert found == []


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, made as the usual forges make them."""
    headings = re.findall(r"^#+ +(.+?) *$", page.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_links_between_pages_resolve(tracked: list[Path]) -> None:
    broken = []
    for page in (path for path in tracked if path.suffix == ".md"):
        for target in LINK.findall(page.read_text()):
            if re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = target.partition("#")
            there = (page.parent / name).resolve() if name else page
            if not there.exists() or (anchor and anchor not in anchors(there)):
                broken.append(f"{page}: {target}")
    assert broken == []
