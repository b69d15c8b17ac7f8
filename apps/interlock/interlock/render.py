"""From a topology to the text of haproxy.cfg. Pure: the same topology, the same text."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from hashlib import sha256

from . import first_page
from .edge import Site, edge, head, quote, to_https
from .labels import Labels
from .topology import Server, Service, Topology

# Mozilla's guidelines, as for the ciphers.
_SET_HSTS = "set-header Strict-Transport-Security max-age=63072000 if { var(txn.https) -m bool }"
# As many for each server as it works off in some seconds; who comes then is better told at once.
_QUEUE = 10
# The service that takes votes. The edge token makes voters and the order of votes: no label gives
# it to another service.
_VOTING = frozenset({"frontend"})


def fingerprint(site: Site, topology: Topology) -> str:
    """A word for all of the configuration but its servers: where it differs, a reload is due."""
    bare = Topology(tuple(replace(service, servers=()) for service in topology.services))
    return sha256(_text(site, bare, "").encode()).hexdigest()[:16]


def render(site: Site, topology: Topology) -> str:
    """The text of haproxy.cfg. Its global description is the fingerprint, shown by `show info`."""
    return _text(site, topology, fingerprint(site, topology))


def secrets(site: Site) -> tuple[str, ...]:
    """The words of haproxy.cfg that nobody may read in a log."""
    return site.edge_token, first_page.key(site), site.stats_password


def endpoint(server: Server) -> str:
    """ADDRESS:PORT as HAProxy reads it."""
    address = f"[{server.address}]" if ":" in server.address else server.address
    return f"{address}:{server.port}"


def server_options(site: Site, service: Service) -> str:
    """Words after a server's address: on `add server`, which knows no default-server line, too.

    What is for one server alone is in `own_option`."""
    labels = service.labels
    interval = labels.health_check_interval
    # The second check, which decides, comes sooner.
    words = [f"check inter {interval} fastinter {interval // 2} fall 2 rise 1"]
    if labels.max_connections is not None:
        words.append(f"maxconn {labels.max_connections}")
    if labels.tls_verify is not None:
        words.append(f"ssl verify {labels.tls_verify}")
        if labels.tls_verify == "required":
            words.append("ca-file @system-ca")
        if labels.hosts:
            name = labels.hosts[0]
            words.append(f"sni str({name}) check-sni {name} verifyhost {name}")
    if _has_internal_tls(service):
        # For the servers with `ssl`.
        words.append(f"ca-file {site.internal_ca} verify required verifyhost frontend")
    return " ".join(words)


def own_option(service: Service, server: Server) -> str:
    """What a server has for itself, beside `server_options`, after a space."""
    if not server.internal_tls or not _has_internal_tls(service):
        return ""
    # Checks that name a port are by plain HTTP: they have no secret, and do not wait for handshakes
    # when all voters come at once. `no-check-ssl` is not for servers that are added.
    return f" ssl port {server.port}"


def _has_internal_tls(service: Service) -> bool:
    # Its certificate is for nobody else, and the label of the service comes first.
    return service.name in _VOTING and not service.labels.ssl_backend


def _text(site: Site, topology: Topology, mark: str) -> str:
    lines = [*head(site, mark), *edge(site), *_routes(topology.services), *first_page.CACHE]
    for service in topology.services:
        lines += _backend(site, service)
    return "\n".join(lines) + "\n"


def _routes(services: Collection[Service]) -> Iterator[str]:
    roots: list[tuple[str, str]] = []
    bound = [
        host
        for service in services
        if service.labels.ssl_only and service.labels.context_root is None
        for host in service.labels.hosts
    ]
    if bound:
        # Not in the backend, which never sees what is refused or said here.
        yield from _acl("ssl_only_host", bound)
        yield f"    http-after-response {_SET_HSTS} ssl_only_host"
    for service in services:
        if service.labels.context_root is None:
            yield from (
                f"    use_backend {service.name} if {{ var(txn.host) -m str {host} }}"
                for host in service.labels.hosts
            )
        else:
            roots.append((service.labels.context_root, service.name))
    # Of two paths, one within the other, the longer one; both only where no host name decides.
    for root, name in sorted(roots, key=lambda pair: (-len(pair[0]), pair)):
        yield f"    use_backend {name} if {{ path {root} }} || {{ path_beg {root}/ }}"
    default = next((service.name for service in services if service.labels.default), None)
    if default is not None:
        yield f"    default_backend {default}"


def _backend(site: Site, service: Service) -> Iterator[str]:
    labels = service.labels
    yield f"\nbackend {service.name}"
    yield f"    balance {labels.balance_algorithm}"
    yield from (f"    option {option}" for option in labels.backend_option)
    if service.name in _VOTING:
        token = quote(site.edge_token.replace("%", "%%"))
        yield f"    http-request set-header X-Edge-Token {token}"
    if labels.ssl_only:
        yield from _ssl_only(site, labels)
    if labels.max_connections is not None:
        # Refused without a look at the choice; counted as haproxy_backend_requests_denied_total.
        limit = _QUEUE * labels.max_connections
        yield (
            f"    http-request deny deny_status 503 if {{ avg_queue({service.name}) ge {limit} }}"
        )
    if labels.languages:
        yield from _language(labels)
    if service.name in _VOTING and labels.languages and labels.context_root is None:
        yield from first_page.rules(site, service)
    if labels.context_root_rewrite and labels.context_root is not None:
        yield f"    http-request set-path /%[path,bytes({len(labels.context_root) + 1})]"
    yield "    # A stream of events may be silent for long."
    yield (
        "    http-response set-timeout server 1h"
        " if { res.hdr(content-type) -m beg text/event-stream }"
    )
    yield from _check(labels)
    yield f"    default-server {server_options(site, service)}"
    for server in service.servers:
        yield f"    server {server.name} {endpoint(server)}{own_option(service, server)}"


def _language(labels: Labels) -> Iterator[str]:
    own, known = labels.languages[0], ";".join(labels.languages)
    tags = f"req.fhdr(accept-language),lower,language({known},{own})"
    yield (
        f"    http-request set-header Accept-Language {quote(f'%[{tags}]')}"
        " if { req.hdr(accept-language) -m found }"
    )


def _ssl_only(site: Site, labels: Labels) -> Iterator[str]:
    yield "    acl encrypted var(txn.https) -m bool"
    # Nobody is sent to a host that only the request names.
    as_asked = f"    {to_https(site, '%[var(txn.host)]')} if !encrypted"
    if labels.context_root is None:
        yield from _acl("own_host", labels.hosts)
        yield f"{as_asked} own_host"
        yield f"    {to_https(site, labels.hosts[0])} if !encrypted"
    else:
        # By a path it is reached at any host, whose name HAProxy has checked to be one.
        yield as_asked
        yield f"    http-after-response {_SET_HSTS}"


def _acl(name: str, hosts: Iterable[str]) -> Iterator[str]:
    # A line for each: a line has room for some sixty words.
    yield from (f"    acl {name} var(txn.host) -m str {host}" for host in hosts)


def _check(labels: Labels) -> Iterator[str]:
    if labels.health_check is None:
        return
    host = f" ver HTTP/1.1 hdr Host {labels.hosts[0]}" if labels.hosts else ""
    yield "    option httpchk"
    yield f"    http-check send meth GET uri {quote(labels.health_check)}{host}"
    yield "    http-check expect status 200"
