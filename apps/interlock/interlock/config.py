"""The environment, read once."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .edge import Rates, Site


@dataclass(frozen=True)
class Config:
    """The container's settings; times in seconds."""

    swarm_api: tuple[str, ...]
    other_load_balancers: tuple[str, ...]
    tls_ca: str
    tls_cert: str
    tls_key: str
    haproxy_config: Path
    haproxy_admin_socket: Path
    haproxy_master_socket: Path
    metrics_bind: str
    site: Site = field(repr=False)
    tick: float
    debounce_min: float
    debounce_max: float


def from_env(env: Mapping[str, str]) -> Config:
    """Config from `env`; KeyError, OSError or ValueError name what is missing or wrong."""
    admin_socket = Path(env["HAPROXY_ADMIN_SOCKET"])
    return Config(
        swarm_api=tuple(url.strip() for url in env["SWARM_API"].split(",")),
        other_load_balancers=tuple(env.get("OTHER_LOAD_BALANCERS", "").replace(",", " ").split()),
        tls_ca=env["TLS_CA"],
        tls_cert=env["TLS_CERT"],
        tls_key=env["TLS_KEY"],
        haproxy_config=Path(env["HAPROXY_CONFIG"]),
        haproxy_admin_socket=admin_socket,
        haproxy_master_socket=Path(env["HAPROXY_MASTER_SOCKET"]),
        metrics_bind=env.get("METRICS_BIND", "127.0.0.1:8405"),
        site=Site(
            http_bind=env.get("HTTP_BIND", ":80"),
            https_bind=env.get("HTTPS_BIND", ":443"),
            https_port=int(env.get("HTTPS_PORT", "443")),
            metrics_bind=env.get("HAPROXY_METRICS_BIND", "127.0.0.1:8404"),
            admin_socket=str(admin_socket),
            certificate=env["SITE_CERTIFICATE"],
            internal_ca=env["INTERNAL_CA"],
            edge_token=_secret(env["EDGE_TOKEN_FILE"]),
            new_voter_key=_secret(env["NEW_VOTER_KEY_FILE"]),
            ticket_secret=_secret(env["TICKET_SECRET_FILE"]),
            stats_password=_secret(env["STATS_PASSWORD_FILE"]),
            stats_networks=_networks(env.get("STATS_NETWORKS", "")),
            proxy_protocol=_networks(env.get("PROXY_PROTOCOL", "")),
            forwarded_for=_networks(env.get("FORWARDED_FOR", "")),
            rates=Rates(
                flag=_rate(env.get("RATE_FLAG", "0")),
                slow=_rate(env.get("RATE_SLOW", "0")),
                refuse=_rate(env.get("RATE_REFUSE", "0")),
            ),
        ),
        tick=float(env.get("TICK", "2")),
        debounce_min=float(env.get("DEBOUNCE_MIN", "0.2")),
        debounce_max=float(env.get("DEBOUNCE_MAX", "2")),
    )


def _networks(value: str) -> tuple[str, ...]:
    return tuple(str(ipaddress.ip_network(word.strip())) for word in value.split(",") if word)


def _rate(value: str) -> int:
    rate = int(value)
    if rate < 0:
        raise ValueError(f"a rate is not less than 0, as {rate} is")
    return rate


def _secret(path: str) -> str:
    secret = Path(path).read_text().strip()
    # It becomes a word of HAProxy's configuration and a header's value.
    if not secret or not all("!" <= character <= "~" for character in secret):
        raise ValueError(f"{path} must hold one word of printable ASCII characters")
    return secret
