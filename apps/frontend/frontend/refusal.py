"""What a voter is told when a request is not answered with thanks."""


class Refusal(Exception):
    """An HTTP status, one plain sentence for the voter, and `advice`: what to do now."""

    advice = "Go back and vote again."

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


class DamagedCookie(Refusal):
    """A cookie that we did not sign: forged, cut short, or from before the key was changed."""

    def __init__(self) -> None:
        super().__init__(400, "Your voter cookie was damaged and has been removed. Vote again.")


class TooLarge(Refusal):
    """More than any vote takes."""

    def __init__(self) -> None:
        super().__init__(413, "The form is too large: a vote takes a few bytes.")


class PollClosed(Refusal):
    """Nobody can vote any more."""

    advice = "If you voted before, that vote counts."

    def __init__(self) -> None:
        super().__init__(403, "The poll is closed. Your vote was not counted.")


class IntakeUnavailable(Refusal):
    """This node cannot store a vote now; another may, or this one later. `reason` is for us."""

    advice = "Wait a moment and try again. However often you try, you have one vote."

    def __init__(
        self,
        reason: str,
        sentence: str = "Your vote could not be stored just now. Please try again.",
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
