"""How pages are made, and the security headers that go with them."""

from collections.abc import Callable

from jinja2 import Environment, PackageLoader, StrictUndefined

# For pages whose scripts, styles and pictures are files beside them.
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self';"
    " img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def templates(package: str, **filters: Callable[..., str]) -> Environment:
    """Those in the folder `templates` of a package, each read once and now.

    When there is something to say, the disk may be what has failed.
    """
    made = Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= filters
    for name in made.list_templates():
        made.get_template(name)
    return made
