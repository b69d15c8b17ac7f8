"""From a topology to the text of haproxy.cfg. Pure: the same topology, the same text."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256

from .topology import Server, Service, Topology

# The same words in the file and on `add server`, which knows no default-server line.
SERVER_OPTIONS = "check inter 1s fall 2 rise 1"
# A ballot is some hundred bytes. It must fit HAProxy's buffer (16 KiB), or it cannot be retried.
BODY_LIMIT = 8192

_BUSY_PAGE = (
    "<!doctype html><html lang=en><meta charset=utf-8>"
    "<meta name=viewport content='width=device-width'><title>Please try again</title>"
    "<h1>Many people are here right now</h1>"
    "<p>Please wait a few seconds and try again.</p></html>"
)


@dataclass(frozen=True)
class Site:
    """What the host, not the Swarm, decides. Addresses in HAProxy's notation."""

    http_bind: str
    metrics_bind: str
    admin_socket: str
    edge_token: str = field(repr=False)
    stats_password: str = field(repr=False)


def fingerprint(site: Site, topology: Topology) -> str:
    """A word for all of the configuration but its servers: where it differs, a reload is due."""
    bare = Topology(tuple(replace(service, servers=()) for service in topology.services))
    return sha256(_text(site, bare, "").encode()).hexdigest()[:16]


def render(site: Site, topology: Topology) -> str:
    """The text of haproxy.cfg. Its global description is the fingerprint, shown by `show info`."""
    return _text(site, topology, fingerprint(site, topology))


def endpoint(server: Server) -> str:
    """ADDRESS:PORT as HAProxy reads it."""
    address = f"[{server.address}]" if ":" in server.address else server.address
    return f"{address}:{server.port}"


def _text(site: Site, topology: Topology, mark: str) -> str:
    lines = [*_head(site, mark), *_edge(site, topology.services)]
    for service in topology.services:
        lines += _backend(service)
    return "\n".join(lines) + "\n"


def _head(site: Site, mark: str) -> Iterator[str]:
    yield f"""\
# Written by Interlock. Changes are lost at its next round.
global
    description {_quote(mark)}
    log stdout format raw local0 info
    stats socket {_quote(site.admin_socket)} mode 660 level admin expose-fd listeners
    # maxconn follows from the container's file limit, up to this one.
    fd-hard-limit 200000
    # Live result streams never end by themselves; their browsers come back.
    hard-stop-after 30s
    mworker-max-reloads 4

defaults
    mode http
    log global
    # No address, no cookie, no request ID, no query: the log must not tell who voted.
    log-format "%tr %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %ts %ac/%fc/%bc/%sc/%rc %HM %{{+Q}}HPO"
    option dontlognull
    option dontlog-normal
    option http-ignore-probes
    # The whole request is here before a server sees it: slow senders cost no server thread.
    option http-buffer-request
    timeout http-request 5s
    timeout http-keep-alive 5s
    timeout client 10s
    timeout client-fin 5s
    timeout connect 2s
    timeout queue 5s
    timeout server 10s
    timeout check 3s
    # A retried vote is the same vote: voter and X-Request-ID are already in the request.
    retries 3
    option redispatch 1
    retry-on conn-failure empty-response response-timeout 503"""
    for status in (502, 503, 504):
        yield (
            f'    http-error status {status} content-type "text/html; charset=utf-8" '
            f"string {_quote(_BUSY_PAGE)} hdr Retry-After 5 hdr Cache-Control no-store"
        )
    yield f"""
frontend metrics
    bind {site.metrics_bind}
    http-request use-service prometheus-exporter if {{ path /metrics }}
    http-request deny deny_status 404"""


def _edge(site: Site, services: tuple[Service, ...]) -> Iterator[str]:
    yield f"""
frontend edge
    bind {site.http_bind}
    # WSGI cannot tell X_Edge_Token from X-Edge-Token: no name with an underscore passes.
    http-request del-header _ -m sub
    http-request del-header X-Forwarded- -m beg
    http-request del-header Forwarded
    http-request set-header X-Request-ID %[uuid(7)]
    http-request set-header X-Edge-Token {_quote(site.edge_token.replace("%", "%%"))}
    http-request set-header X-Forwarded-For %[src]
    http-request set-header X-Forwarded-Proto http
    http-request deny deny_status 413 if {{ req.body_size gt {BODY_LIMIT} }}
    stats enable
    stats uri /haproxy?stats
    stats realm Landslide
    stats auth {_quote(f"admin:{site.stats_password}")}
    stats hide-version
    stats refresh 5s"""
    for service in services:
        for host in service.hosts:
            yield f"    use_backend {service.name} if {{ req.hdr(host),host_only -i {host} }}"
    default = next((service.name for service in services if service.default), None)
    if default is not None:
        yield f"    default_backend {default}"


def _backend(service: Service) -> Iterator[str]:
    yield ""
    yield f"backend {service.name}"
    yield f"    balance {service.balance}"
    yield "    # A stream of events may be silent for long."
    yield (
        "    http-response set-timeout server 1h"
        " if { res.hdr(content-type) -m beg text/event-stream }"
    )
    if service.health_check is not None:
        yield "    option httpchk"
        yield (
            f"    http-check send meth GET uri {_quote(service.health_check)}"
            f" ver HTTP/1.1 hdr Host {service.hosts[0]}"
        )
        yield "    http-check expect status 200"
    for server in service.servers:
        # A restarted HAProxy must not send anyone to a task that is about to stop.
        if not server.draining:
            yield f"    server {server.name} {endpoint(server)} {SERVER_OPTIONS}"


def _quote(word: str) -> str:
    # Within single quotes HAProxy takes everything as it stands.
    return "'" + word.replace("'", "'\\''") + "'"
