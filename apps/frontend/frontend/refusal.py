"""What a voter is told when a request is not answered with a receipt.

A request may come again, from the load balancer or from the voter, after a try that was stored and
whose answer was lost. So no sentence says that a vote is not stored or not counted.
"""


class Refusal(Exception):
    """An HTTP status, one plain sentence for the voter, and `advice`: what to do now."""

    advice = "Go back and vote again."

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


class NotThroughEdge(Refusal):
    """A vote that no load balancer has received: nobody can say when."""

    advice = "Open the poll at its public address and vote there."

    def __init__(self) -> None:
        super().__init__(403, "A vote has to come by way of the load balancer.")


class UnreadableForm(Refusal):
    """A body that is no form of ours, nor like one."""

    def __init__(self) -> None:
        super().__init__(400, "The form could not be read.")


class UnknownChoice(Refusal):
    """Nothing in this poll has this key, or it is the test vote's and its token is missing."""

    def __init__(self) -> None:
        super().__init__(400, "There is no such choice in this poll.")


class TooLarge(Refusal):
    """More than any vote takes."""

    def __init__(self) -> None:
        super().__init__(413, "The form is too large: a vote takes a few bytes.")


class OldPage(Refusal):
    """A choice was pressed on a page that was made for another vote than the voter's last one."""

    advice = "Which choice counts?"

    def __init__(self) -> None:
        super().__init__(409, "This page is out of date.")


class PollClosed(Refusal):
    """Nobody can vote any more."""

    advice = "Of your votes, the last one that arrived in time counts."

    def __init__(self) -> None:
        super().__init__(403, "The poll is closed. This vote is not confirmed.")


class IntakeUnavailable(Refusal):
    """This node cannot store a vote now; another may, or this one later. `reason` is for us."""

    advice = "Wait a moment and try again. However often you try, you have one vote."

    def __init__(
        self,
        reason: str,
        sentence: str = "Your vote is not confirmed yet. Please try again.",
    ) -> None:
        super().__init__(503, sentence)
        self.reason = reason


class PollNotOpen(IntakeUnavailable):
    """Nobody can vote yet; or this node is new, and a worker is about to open its queue."""

    advice = "Come back then, or load this page again in a moment."

    def __init__(self) -> None:
        super().__init__("the queue is not open yet", "The poll is not open yet.")


class PollWaiting(PollNotOpen):
    """Nobody can vote yet, a worker says so: it is no fault of this node."""
