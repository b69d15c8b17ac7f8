"""Where a vote is cast: from a visit to an answer."""

import hmac

from frontend.answers import Answer, Answers
from frontend.ballot import MAX_CAST, MIN_CAST, Ballot, BallotPaper
from frontend.config import Config
from frontend.edge import Edge
from frontend.intake import Intake
from frontend.poll import TEST_KEY
from frontend.refusal import (
    IntakeUnavailable,
    OldPage,
    PollClosed,
    PollWaiting,
    Refusal,
    UnknownChoice,
)
from frontend.visit import Visit
from frontend.voter import Electorate, Voter


class Booth:
    """What the page does. It knows nothing of Flask."""

    def __init__(self, config: Config) -> None:
        self._electorate = Electorate(config.cookie_keys, https_only=config.https_only)
        self.answers = Answers(config, self._electorate)
        self._edge = Edge(config.edge_tokens)
        self._paper = BallotPaper(config.poll.keys)
        self._intake = Intake(config)
        self._test_token = config.test_token

    def form(self, visit: Visit) -> Answer:
        """The page; whoever has no cookie gets one with it, so that a double click is one voter."""
        seen = self._intake.seen()
        if voter := self._electorate.read(visit.cookies):
            return self.answers.form(visit, voter, seen)
        voter = Voter(self._edge.new_voter(visit.edge_token, visit.request_id))
        return self.answers.remember(self.answers.form(visit, voter, seen), voter)

    def vote(self, visit: Visit) -> Answer:
        """Take a vote, and give a receipt once it is on disk; or say why there is none."""
        try:
            return self._vote(visit)
        except Refusal as refusal:
            return self.answers.refusal(visit, refusal)

    def _vote(self, visit: Visit) -> Answer:
        if visit.is_cross_site:
            raise Refusal(403, "A vote has to be cast on this site itself.")
        request_id, received = self._edge.received(visit.edge_token, visit.request_id)
        known = self._electorate.read(visit.cookies)
        voter = known or Voter(request_id)
        choice, form = self._paper.read(visit.form())
        if choice == TEST_KEY and not self._is_tester(visit):
            raise UnknownChoice
        if form is None:
            # A program has no pages that grow old. A page without the field is version 1.0.0's.
            form = voter.acknowledged if visit.wants_json else 0
        if known and form != voter.acknowledged:
            return self._from_old_page(visit, voter, choice)
        # The order in which load balancers receive votes is what counts, but a voter's next vote is
        # later than the last, whatever their clocks say.
        cast = max(received, voter.last + 1)
        try:
            if not MIN_CAST <= cast <= MAX_CAST:
                raise IntakeUnavailable("the load balancer's clock is out of range")
            self._intake.add(Ballot(voter.id, choice, cast))
        except (IntakeUnavailable, PollClosed) as refusal:
            # It may be stored all the same, by an earlier try of this request, or where an answer
            # did not come in time: whoever tries again is the same voter, and later.
            doubtful = voter._replace(last=max(cast, voter.last))
            answer = self.answers.refusal(visit, refusal, choice, voter.acknowledged)
            return self.answers.remember(answer, doubtful)
        voter = Voter(voter.id, cast, cast, choice)
        return self.answers.remember(
            self.answers.receipt(visit, voter, is_known=bool(known)), voter
        )

    def _from_old_page(self, visit: Visit, voter: Voter, choice: str) -> Answer:
        """A page that is loaded again, or a choice pressed on a page of before the last vote."""
        # Where nobody knows whether a later vote is stored, no receipt can say what counts.
        if choice == voter.choice and not voter.in_doubt:
            return self.answers.receipt_again(visit, voter)
        return self.answers.which(visit, OldPage(), voter, choice)

    def _is_tester(self, visit: Visit) -> bool:
        return hmac.compare_digest(visit.test_token.encode(), self._test_token)

    def health(self, visit: Visit) -> Answer:
        """200 where votes can be taken, or are refused because of the poll's times; else 503."""
        try:
            self._intake.check()
        # Somebody has to tell the voters; taking all nodes out would tell them of an outage.
        except PollWaiting:
            return self.answers.health(visit, "waiting")
        except PollClosed:
            return self.answers.health(visit, "closed")
        except IntakeUnavailable as refusal:
            return self.answers.illness(visit, refusal)
        return self.answers.health(visit, "open")
