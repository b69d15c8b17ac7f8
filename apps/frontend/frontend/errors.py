"""HTTP errors: what a voter reads when the response to a request is no receipt.

A request may come again, from the load balancer or from the voter, after a try that was stored and
whose response was lost. So no sentence says that a vote is not stored or not counted.
"""


class HTTPError(Exception):
    """An HTTP status, one plain sentence for the voter, and `advice`: what to do now."""

    advice = "Go back and vote again."

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


class NotThroughEdge(HTTPError):
    """A vote that no load balancer has received: nobody can say when."""

    advice = "Open the poll at its public address and vote there."

    def __init__(self) -> None:
        super().__init__(403, "A vote has to come by way of the load balancer.")


class UnreadableForm(HTTPError):
    """A body that is no form of ours, nor like one."""

    def __init__(self) -> None:
        super().__init__(400, "The form could not be read.")


class UnknownChoice(HTTPError):
    """Nothing in this poll has this key, or it is the test vote's and its token is missing."""

    def __init__(self) -> None:
        super().__init__(400, "There is no such choice in this poll.")


class FormTooLarge(HTTPError):
    """More than any vote takes."""

    def __init__(self) -> None:
        super().__init__(413, "The form is too large: a vote takes a few bytes.")


class PageOutOfDate(HTTPError):
    """A choice was pressed on a page that was made for another vote than the voter's last one."""

    advice = "Which choice counts?"

    def __init__(self) -> None:
        super().__init__(409, "This page is out of date.")


class PollClosed(HTTPError):
    """Nobody can vote any more."""

    advice = "Of your votes, the last one that arrived in time counts."

    def __init__(self) -> None:
        super().__init__(403, "The poll is closed. This vote is not confirmed.")


class ServiceUnavailable(HTTPError):
    """This node cannot store a vote now; another may, or this one later. `reason` is for us."""

    advice = "Wait a moment and try again. However often you try, you have one vote."

    def __init__(
        self,
        reason: str,
        sentence: str = "Your vote is not confirmed yet. Please try again.",
    ) -> None:
        super().__init__(503, sentence)
        self.reason = reason


class PollNotOpen(ServiceUnavailable):
    """Nobody can vote yet; or this node is new, and a worker is about to open its queue."""

    advice = "Come back then, or load this page again in a moment."

    def __init__(self) -> None:
        super().__init__("the queue is not open yet", "The poll is not open yet.")


class PollWaiting(PollNotOpen):
    """Nobody can vote yet, a worker says so: it is no fault of this node."""
