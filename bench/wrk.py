"""wrk, Debian's package, as a container on a lab's network."""

import re
from io import BytesIO

from landslide_tools.load.lab import Lab

IMAGE = b"""
    FROM localhost/debian:trixie
    RUN apt-get update && apt-get install -y --no-install-recommends wrk
"""


def build(lab: Lab) -> str:
    """Build the image, unless it is there; return its name."""
    name = f"{lab.network}-wrk"
    lab.client.images.build(
        fileobj=BytesIO(IMAGE), tag=name, labels=lab.labels, network_mode=lab.network, rm=True
    )
    return name


def run(lab: Lab, url: str, *, connections: int, seconds: int, header: str = "") -> int:
    """Fetch `url` as fast as it goes; return the number of requests.

    Raises RuntimeError where one is refused, or a connection fails.
    """
    command = ["wrk", "--threads", "2", "--connections", str(connections)]
    command += ["--duration", f"{seconds}s", "--timeout", "10s"]
    command += ["--header", header] if header else []
    said = lab.client.containers.run(
        build(lab), [*command, url], network=lab.network, labels=lab.labels, remove=True
    ).decode()
    if "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(said)
    return int(re.findall(r"(\d+) requests in", said)[0])
