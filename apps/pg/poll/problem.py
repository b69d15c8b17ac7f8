"""The one error that is meant for people."""


class Problem(Exception):
    """Whole sentences, a line each."""

    def __init__(self, *sentences: str) -> None:
        super().__init__("\n".join(sentences))
