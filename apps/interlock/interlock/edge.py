"""What the Swarm has no say in: HAProxy's processes, listeners, and what may come in. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from . import busy

# A ballot is some hundred bytes. It must fit HAProxy's buffer (16 KiB), or it cannot be retried.
BODY_LIMIT = 8192
# At once, of one load balancer: 30 kB of memory each with TLS.
CONNECTIONS = 200_000
# How long a voter who comes back is spared the greater part of a TLS handshake.
TICKET_SECONDS = 3600
# HAProxy's name for itself.
_SELF = "haproxy"

# Mozilla's Server Side TLS guidelines 5.8, "intermediate": all browsers of the last ten years, and
# forward secrecy with each of them.
_CIPHERS = ":".join(
    f"ECDHE-{key}-{cipher}"
    for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")
    for key in ("ECDSA", "RSA")
)
_CIPHERSUITES = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
_CURVES = "X25519MLKEM768:X25519:prime256v1:secp384r1"

# Stands for the addresses of a frontend that has none.
DRAINING = "    # Draining: it listens nowhere."


@dataclass(frozen=True)
class Rates:
    """Requests of one address in 10 s above which it is flagged to the service, has to wait 1 s
    for each answer, is refused; 0 for never. A shared network is one address of many voters."""

    flag: int = 0
    slow: int = 0
    refuse: int = 0


@dataclass(frozen=True)
class Site:
    """What the host, not the Swarm, decides. Addresses in HAProxy's notation.

    `certificate` is a file with chain and key. `https_port` is where voters find HTTPS. Networks in
    `proxy_protocol` have to speak it; those in `forwarded_for` are believed on whom they speak for.
    `internal_ca` is a file with the authority of the frontends' certificate.
    The statistics are for this host and `stats_networks`.
    While `draining`, voters' connections are refused: who comes before goes to another address.
    """

    http_bind: str
    https_bind: str
    metrics_bind: str
    admin_socket: str
    certificate: str
    internal_ca: str
    edge_token: str = field(repr=False)
    new_voter_key: str = field(repr=False)
    ticket_secret: str = field(repr=False)
    stats_password: str = field(repr=False)
    stats_networks: tuple[str, ...] = ()
    https_port: int = 443
    proxy_protocol: tuple[str, ...] = ()
    forwarded_for: tuple[str, ...] = ()
    rates: Rates = Rates()
    draining: bool = False
    # A file with the keys of TLS tickets at present (tickets.py), which come from `ticket_secret`.
    tickets: str = ""


def head(site: Site, mark: str) -> Iterator[str]:
    """Global section, with the description `mark`, defaults, and the metrics."""
    # Who speaks for others keeps its connections longer than it leaves them idle: 60 s is usual.
    # Voters have thousands of connections for each of theirs: theirs last while they read.
    keep_alive = "75s" if site.proxy_protocol or site.forwarded_for else "10s"
    yield f"""\
# Written by Interlock. Changes are lost at its next round.
global
    description {quote(mark)}
    log stdout format raw local0 info
    stats socket {quote(site.admin_socket)} mode 660 level admin expose-fd listeners
    # maxconn is half of this, or of the container's file limit where that is less.
    fd-hard-limit {2 * CONNECTIONS}
    # Live result streams never end by themselves; their browsers come back.
    hard-stop-after 30s
    mworker-max-reloads 4
    ssl-default-bind-options prefer-client-ciphers ssl-min-ver TLSv1.2
    ssl-default-bind-ciphers {_CIPHERS}
    ssl-default-bind-ciphersuites {_CIPHERSUITES}
    ssl-default-bind-curves {_CURVES}
    ssl-default-server-options ssl-min-ver TLSv1.2
    tune.ssl.lifetime {TICKET_SECONDS}
    localpeer {_SELF}

userlist operators
    user admin insecure-password {quote(site.stats_password)}

# A reload keeps what the limits have counted: the old process tells the new one.
peers limits
    peer {_SELF} unix@{quote(str(Path(site.admin_socket).with_name("peers.sock")))}

defaults
    mode http
    log global
    # Only what fails is logged. No address, no cookie, no request ID, no query: the log must not
    # tell who voted.
    log-format "%tr %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %ts %ac/%fc/%bc/%sc/%rc %HM %{{+Q}}HPO"
    option dontlognull
    option dontlog-normal
    option http-ignore-probes
    # On a reload too, a connection ends with an answer that says so: no request is sent into it.
    option idle-close-on-response
    # The whole request is here before a server sees it: slow senders cost no server thread.
    option http-buffer-request
    timeout http-request 5s
    timeout http-keep-alive {keep_alive}
    timeout client 10s
    timeout client-fin 5s
    timeout connect 2s
    timeout queue 5s
    timeout server 10s
    timeout check 3s
    # For a wrong password.
    timeout tarpit 2s
    # A retried vote is the same vote: voter and X-Request-ID are already in the request.
    retries 3
    option redispatch 1
    retry-on conn-failure empty-response response-timeout 503"""
    for status in (429, 500, 502, 503, 504):
        yield (
            f'    http-error status {status} content-type "text/html; charset=utf-8" '
            f"string {quote(busy.PAGE)} hdr Retry-After 5 hdr Cache-Control no-store"
            f" hdr Content-Security-Policy {quote(busy.CSP)}"
        )
    yield f"""
frontend metrics
    bind {site.metrics_bind}
    http-request use-service prometheus-exporter if {{ path /metrics }}
    http-request deny deny_status 404"""


def edge(site: Site) -> Iterator[str]:
    """The frontend that voters meet, but for its routes.

    It sets for them txn.host, the Host in small letters without its port, and txn.https, true where
    the voter's connection is encrypted.
    """
    yield "\nfrontend edge"
    if site.draining:
        yield DRAINING
    else:
        # `::` stands beside the addresses of IPv4, not for them.
        yield f"    bind {site.http_bind} v6only"
        yield (
            f"    bind {site.https_bind} ssl crt {quote(site.certificate)} alpn h2,http/1.1"
            f" tls-ticket-keys {quote(site.tickets)} v6only"
        )
    for network in site.proxy_protocol:
        yield f"    tcp-request connection expect-proxy layer4 if {{ src {network} }}"
    for network in site.forwarded_for:
        yield f"    tcp-request content set-var(txn.trusted) bool(true) if {{ src {network} }}"
    if site.forwarded_for:
        yield (
            "    tcp-request content set-src req.hdr_ip(X-Forwarded-For,-1)"
            " if { var(txn.trusted) -m bool }"
        )
    yield from _slow(site.rates)
    # Before anything is refused: refusals, too, are for a host, encrypted or not.
    yield "    http-request set-var(txn.host) req.hdr(host),host_only,lower"
    yield "    http-request set-var(txn.https) ssl_fc"
    if site.forwarded_for:
        yield (
            "    http-request set-var(txn.https) bool(true)"
            " if { var(txn.trusted) -m bool } { req.hdr(X-Forwarded-Proto) -m str https }"
        )
    yield from _limit(site.rates)
    yield f"""\
    # WSGI cannot tell X_Edge_Token from X-Edge-Token: no name with an underscore passes.
    http-request del-header _ -m sub
    http-request del-header X-Forwarded- -m beg
    http-request del-header Forwarded
    http-request set-header X-Request-ID %[uuid(7)]
    http-request del-header X-Edge- -m beg
    http-request add-header X-Forwarded-For %[src]
    http-request add-header X-Forwarded-Proto %[var(txn.https),iif(https,http)]
    http-request deny deny_status 413 if {{ req.body_size gt {BODY_LIMIT} }}
    http-after-response set-header X-Content-Type-Options nosniff
    acl has_frame_options res.hdr(X-Frame-Options) -m found
    acl has_referrer_policy res.hdr(Referrer-Policy) -m found
    http-after-response set-header X-Frame-Options DENY unless has_frame_options
    http-after-response set-header Referrer-Policy same-origin unless has_referrer_policy
    http-after-response del-header Server
    # Of so many none stays idle: the rest of the room is for those who come now. HTTP/1 only.
    http-after-response set-header Connection close if {{ fe_conn gt {CONNECTIONS // 2} }}
    acl statistics pathq -m beg {_STATISTICS}
    http-request deny deny_status 404 if statistics !{{ src {_networks(site.stats_networks)} }}
    {to_https(site, "%[var(txn.host)]")} if statistics !{{ var(txn.https) -m bool }}
    acl logs_in req.hdr(authorization) -m found
    {_SLOWLY_REFUSED} if statistics logs_in !{{ http_auth(operators) }}
    stats enable
    stats uri {_STATISTICS}
    stats realm Landslide
    stats auth {quote(f"admin:{site.stats_password}")}
    stats hide-version
    stats refresh 5s"""


def to_https(site: Site, host: str) -> str:
    """A rule that sends who came by HTTP to HTTPS at `host`: a condition may follow."""
    port = "" if site.https_port == 443 else f":{site.https_port}"
    # 308: method and body stay, so that a vote is sent again as it is.
    return f"http-request redirect code 308 location https://{host}{port}%[pathq]"


_STATISTICS = "/haproxy?stats"
_SLOWLY_REFUSED = (
    "http-request tarpit deny_status 401 hdr WWW-Authenticate 'Basic realm=\"Landslide\"'"
)


def _networks(own: tuple[str, ...]) -> str:
    # Whoever is on this host, too.
    return " ".join(("127.0.0.0/8", "::1", *own))


# A network is one address, and so is the /64 that an IPv6 user has all to himself.
_ADDRESS = "src,ipmask(32,64)"


def _slow(rates: Rates) -> Iterator[str]:
    if rates != Rates():
        # Forgotten after a minute.
        yield "    stick-table type ipv6 size 1m expire 1m store http_req_rate(10s) peers limits"
    if rates.slow:
        so_far = f"{_ADDRESS},table_http_req_rate()"
        yield "    tcp-request inspect-delay 1s"
        yield f"    tcp-request content accept if {{ {so_far} lt {rates.slow} }}"
        if rates.refuse:
            yield f"    tcp-request content accept if {{ {so_far} ge {rates.refuse} }}"
        yield "    tcp-request content accept if WAIT_END"


def _limit(rates: Rates) -> Iterator[str]:
    yield "    http-request del-header X-Rate-Flag"
    if rates != Rates():
        yield f"    http-request track-sc0 {_ADDRESS}"
    if rates.refuse:
        yield f"    http-request deny deny_status 429 if {{ sc0_http_req_rate gt {rates.refuse} }}"
    if rates.flag:
        yield (
            "    http-request set-header X-Rate-Flag %[sc0_http_req_rate]"
            f" if {{ sc0_http_req_rate gt {rates.flag} }}"
        )


def quote(word: str) -> str:
    """`word` as one word of HAProxy's configuration: within single quotes it takes all as it is."""
    return "'" + word.replace("'", "'\\''") + "'"
