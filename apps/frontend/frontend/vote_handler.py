"""From a request to a response: the voting page, and votes."""

import hmac

from frontend.ballot import MAX_CAST, MIN_CAST, Ballot, BallotPaper
from frontend.config import Config
from frontend.edge import Edge
from frontend.errors import (
    HTTPError,
    PageOutOfDate,
    PollClosed,
    PollWaiting,
    ServiceUnavailable,
    UnknownChoice,
)
from frontend.poll import TEST_KEY
from frontend.queue_client import QueueClient
from frontend.request import Request
from frontend.responses import Response, Responses
from frontend.voter import Voter, VoterCookieSigner


class VoteHandler:
    """What the page does, on one event loop. It knows nothing of Flask."""

    def __init__(self, config: Config) -> None:
        self._signer = VoterCookieSigner(config.cookie_keys, https_only=config.https_only)
        self.responses = Responses(config, self._signer)
        self._edge = Edge(config.edge_tokens)
        self._paper = BallotPaper(config.poll.keys)
        self._queue = QueueClient(config)
        self._test_token = config.test_token

    async def form(self, request: Request) -> Response:
        """The page; whoever has no cookie gets one with it, so that a double click is one voter."""
        seen = await self._queue.seen()
        if voter := self._signer.read(request.cookies):
            return self.responses.form(request, voter, seen)
        voter = Voter(self._edge.new_voter(request.edge_token, request.request_id))
        return self.responses.with_cookie(self.responses.form(request, voter, seen), voter)

    async def vote(self, request: Request) -> Response:
        """Take a vote, and give a receipt once it is on disk; or say why there is none."""
        try:
            return await self._vote(request)
        except HTTPError as error:
            return self.responses.error(request, error)

    async def _vote(self, request: Request) -> Response:
        if request.is_cross_site:
            raise HTTPError(403, "A vote has to be cast on this site itself.")
        request_id, received = self._edge.received(request.edge_token, request.request_id)
        known = self._signer.read(request.cookies)
        voter = known or Voter(request_id)
        choice, form = self._paper.read(request.form())
        if choice == TEST_KEY and not self._is_tester(request):
            raise UnknownChoice
        if form is None:
            # A program has no pages that grow old. A page without the field is version 1.0.0's.
            form = voter.acknowledged if request.wants_json else 0
        if known and form != voter.acknowledged:
            return self._from_old_page(request, voter, choice)
        # The order in which load balancers receive votes is what counts, but a voter's next vote is
        # later than the last, whatever their clocks say.
        cast = max(received, voter.last + 1)
        try:
            if not MIN_CAST <= cast <= MAX_CAST:
                raise ServiceUnavailable("the load balancer's clock is out of range")
            await self._queue.add(Ballot(voter.id, choice, cast))
        except (ServiceUnavailable, PollClosed) as error:
            # It may be stored all the same, by an earlier try of this request, or where a reply
            # did not come in time: whoever tries again is the same voter, and later.
            doubtful = voter._replace(last=max(cast, voter.last))
            response = self.responses.error(request, error, choice, voter.acknowledged)
            return self.responses.with_cookie(response, doubtful)
        voter = Voter(voter.id, cast, cast, choice)
        return self.responses.with_cookie(
            self.responses.receipt(request, voter, is_known=bool(known)), voter
        )

    def _from_old_page(self, request: Request, voter: Voter, choice: str) -> Response:
        """A page that is loaded again, or a choice pressed on a page of before the last vote."""
        # Where nobody knows whether a later vote is stored, no receipt can say what counts.
        if choice == voter.choice and not voter.in_doubt:
            return self.responses.receipt_again(request, voter)
        return self.responses.which_choice(request, PageOutOfDate(), voter, choice)

    def _is_tester(self, request: Request) -> bool:
        return hmac.compare_digest(request.test_token.encode(), self._test_token)

    async def health(self, request: Request) -> Response:
        """200 where votes can be taken, or are refused because of the poll's times; else 503."""
        try:
            await self._queue.check()
        # Somebody has to tell the voters; taking all nodes out would tell them of an outage.
        except PollWaiting:
            return self.responses.health(request, "waiting")
        except PollClosed:
            return self.responses.health(request, "closed")
        except ServiceUnavailable as error:
            return self.responses.unavailable(request, error)
        return self.responses.health(request, "open")
