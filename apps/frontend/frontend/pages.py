"""The pages, rendered once when the frontend starts: the same bytes serve every voter."""

from base64 import b64encode
from hashlib import sha256

from jinja2 import Environment, PackageLoader, StrictUndefined

from frontend.poll import TEST_KEY, Choice, Poll


class Pages:
    """HTML as bytes: `ballot` (the form), `receipts` by choice key, and `refusal()`.

    The style is part of each page, for a visitor then asks once where a linked style asks twice;
    `csp` names its hash, so that the browser takes this style and no other.
    """

    def __init__(self, poll: Poll, node: str) -> None:
        self._templates = Environment(
            loader=PackageLoader("frontend"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._poll = poll
        self._style = self._templates.get_template("style.css").render(choices=poll.choices)
        style_hash = b64encode(sha256(self._style.encode()).digest()).decode()
        self.csp = (
            "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
            f"img-src data:; style-src 'sha256-{style_hash}'"
        )
        self.ballot = self._render("ballot.html", chosen=None, receipt=None)
        chosen: dict[str, Choice | None] = {choice.key: choice for choice in poll.choices}
        chosen[TEST_KEY] = None
        self.receipts = {
            key: self._render("ballot.html", chosen=choice, receipt=f"Vote processed by {node}")
            for key, choice in chosen.items()
        }

    def refusal(self, sentence: str) -> bytes:
        """A page with one sentence, and the way back to the form."""
        return self._render("refusal.html", sentence=sentence)

    def _render(self, template: str, **context: object) -> bytes:
        page = self._templates.get_template(template)
        return page.render(poll=self._poll, style=self._style, **context).encode()
