"""The voting page for whoever has no cookie: from HAProxy's cache, with a cookie made here. Pure.

Millions come to see it once, and it is the same for all who read the same language. What is asked
of a frontend for it has nothing of a visitor but the language, and what comes back has no cookie:
each visitor gets one of HAProxy's own, which is good for a first vote (frontend/voter.py).
"""

from base64 import b64encode
from collections.abc import Iterator

from common import voter_cookie

from .edge import Site, quote
from .topology import Service

# A page has some 6 kB in each language, the pictures of a poll 50 kB. A page is kept for as long as
# its frontend says, a second; a picture for an hour, its frontend says for ever.
CACHE = """
cache pages
    total-max-size 8
    max-object-size 100000
    max-age 3600""".splitlines()


def key(site: Site) -> str:
    """The key as HAProxy's `hmac` takes it, which is neither quoted nor a log format."""
    return b64encode(site.new_voter_key.encode()).decode()


def rules(site: Site, service: Service) -> Iterator[str]:
    """Lines of the backend `service`, which has a page in some languages."""
    https_only = service.labels.ssl_only
    name = voter_cookie.name(https_only=https_only)
    mac = f"%[var(txn.new),hmac(sha256,{key(site)}),hex,lower]"
    cookie = f"{name}=%[var(txn.new)].{mac}{voter_cookie.flags(https_only=https_only)}"
    # Whoever has a cookie that might be a voter's is known to the frontend only; a program that
    # asks for JSON gets it there, too.
    yield f"""\
    http-request set-var-fmt(txn.new) {voter_cookie.NEW}.%[uuid]\
 if {{ method GET }} {{ path / }} !{{ req.hdr(cookie) -m sub voter }}\
 !{{ req.hdr(accept) -m sub application/json }}
    acl first_page var(txn.new) -m found
    acl picture path_end .css
    # The same page and pictures by each host name of the service, and whatever is after a `?`.
    http-request set-uri /?%[req.hdr(accept-language)] if first_page
    http-request set-uri %[path] if picture
    http-request set-header Host {service.name} if first_page || picture
    http-request del-header '^(?!host$|accept-language$)' -m reg if first_page || picture
    http-request set-header X-Edge-Cookie set if first_page
    http-request cache-use pages if first_page || picture
    acl has_cookie res.hdr(set-cookie) -m found
    http-response cache-store pages if !has_cookie
    http-response del-header Age if first_page
    # A frontend of an earlier version sets its own cookie.
    http-after-response set-header Set-Cookie {quote(cookie)}\
 if first_page {{ status 200 }} !has_cookie
    http-after-response set-header Cache-Control no-store if first_page"""
