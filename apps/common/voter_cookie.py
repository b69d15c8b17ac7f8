"""The voter's cookie, as frontends and load balancers set it."""

SECONDS = 30 * 24 * 3600
# How the value of a cookie begins that a load balancer made for somebody who has none:
# `new.UUID.MAC`, where MAC is the HMAC-SHA256 of all before it by new_voter_key, in hex.
NEW = "new"


def name(*, https_only: bool) -> str:
    """The cookie's name.

    With the prefix a browser takes it from this very host only, and by HTTPS. Without HTTPS
    one name serves both schemes, so that a browser that uses both is one voter.
    """
    return "__Host-voter" if https_only else "voter-any"


def flags(*, https_only: bool) -> str:
    """What follows the value in Set-Cookie."""
    secure = "; Secure" if https_only else ""
    return f"; Max-Age={SECONDS}; Path=/; HttpOnly; SameSite=Lax{secure}"
