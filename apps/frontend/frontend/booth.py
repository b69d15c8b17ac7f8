"""Where a vote is cast: from a visit to an answer."""

from frontend.answers import Answer, Answers, remember
from frontend.ballot import Ballot, BallotPaper, cast_time
from frontend.config import Config
from frontend.intake import Intake
from frontend.refusal import DamagedCookie, IntakeUnavailable, PollClosed, PollWaiting, Refusal
from frontend.visit import Visit
from frontend.voter import Electorate, Voter


class Booth:
    """What the page does. It knows nothing of Flask."""

    def __init__(self, config: Config) -> None:
        self.answers = Answers(config)
        self._electorate = Electorate(config.cookie_key, config.edge_token)
        self._paper = BallotPaper(config.poll.keys)
        self._intake = Intake(config)

    def form(self, visit: Visit) -> Answer:
        """The page; whoever has no cookie gets one with it, so that a double click is one voter."""
        seen = self._intake.seen()
        cookie = visit.cookie
        if cookie is not None:
            try:
                voter = self._electorate.known(cookie)
                return self.answers.form(visit, voter, None, seen)
            except DamagedCookie:
                # No vote is at stake yet, so there is nothing to tell: a good one takes its place.
                pass
        voter = self._electorate.new(visit.edge_token, visit.request_id)
        return self.answers.form(visit, voter, self._electorate.sign(voter), seen)

    def vote(self, visit: Visit) -> Answer:
        """Take a vote, and thank for it once it is on disk; or say why there are no thanks."""
        try:
            return self._vote(visit)
        except Refusal as refusal:
            return self.answers.refusal(visit, refusal)

    def _vote(self, visit: Visit) -> Answer:
        if visit.is_cross_site:
            raise Refusal(403, "A vote has to be cast on this site itself.")
        cookie = visit.cookie
        if cookie is None:
            voter = self._electorate.new(visit.edge_token, visit.request_id)
        else:
            voter = self._electorate.known(cookie)
        choice = self._paper.choice(visit.form())
        ballot = Ballot(voter.id, choice, cast_time(voter.last_cast))
        try:
            self._intake.add(ballot)
        except IntakeUnavailable as refusal:
            # It may be stored all the same (a timeout), so whoever tries again is the same voter.
            cookie = self._electorate.sign(voter._replace(last_cast=ballot.cast))
            return remember(visit, self.answers.refusal(visit, refusal, choice), cookie)
        cookie = self._electorate.sign(Voter(voter.id, ballot.cast, choice))
        return self.answers.receipt(visit, ballot, cookie)

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
