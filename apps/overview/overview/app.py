"""The routes. A page shows what was read last: a request reads nothing."""

import asyncio
import hmac
import logging
import os
import time
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from functools import partial
from typing import Any

from common.pages import SECURITY_HEADERS
from quart import Quart, Response, request

from overview import balancer
from overview.config import Config
from overview.pages import environment
from overview.rates import Rates
from overview.source import Source
from overview.store import PollStatus, Store
from overview.swarm import Swarm

log = logging.getLogger(__name__)
USER = "admin"
WRONG_SECONDS = 1
HEADERS = SECURITY_HEADERS | {"Cache-Control": "no-store"}


def create_app(config: Config | None = None) -> Quart:
    """The ASGI application; it polls its sources while it is served, and changes nothing."""
    config = config or Config.from_environ(os.environ)
    password = config.password_file.read_text().strip()
    rates = Rates()
    store = Store(config)

    def read_store() -> PollStatus:
        status = store.read()
        totals = {worker.name: worker.ballots + worker.rejected for worker in status.workers}
        rates.note(time.monotonic(), totals)
        return status

    status = Source("The store", read_store)
    cluster = Source("The Swarm", Swarm(config).read)
    balancers = {
        address: Source(f"The load balancer {address}", partial(balancer.read, address))
        for address in config.haproxy_metrics
    }
    states = {
        address: Source(
            f"Interlock of the load balancer {address}", partial(balancer.read_state, at)
        )
        for address, at in zip(config.haproxy_metrics, config.interlock_metrics, strict=True)
    }
    sources: list[Source[Any]] = [status, cluster, *balancers.values(), *states.values()]
    page = environment().get_template("page.html")
    wrong = asyncio.Semaphore(1)
    app = Quart(__name__)

    @app.while_serving
    async def look() -> AsyncGenerator[None, None]:
        looking = [asyncio.create_task(source.run()) for source in sources]
        yield
        for task in looking:
            task.cancel()
        await asyncio.gather(*looking, return_exceptions=True)
        store.close()

    @app.before_request
    async def ask_for_the_password() -> Response | None:
        if request.path == "/healthz":
            return None
        given = request.authorization
        pair = f"{given.username}:{given.password}" if given and given.type == "basic" else ""
        if hmac.compare_digest(pair.encode(), f"{USER}:{password}".encode()):
            return None
        if given:
            log.warning("a log-in from %s failed", request.remote_addr)
            # One second for each, one after the other: nobody guesses faster by more connections.
            async with wrong:
                await asyncio.sleep(WRONG_SECONDS)
        asks = {"WWW-Authenticate": 'Basic realm="Landslide", charset="UTF-8"'}
        return Response("For operators only.\n", 401, asks, content_type="text/plain")

    @app.after_request
    async def harden(response: Response) -> Response:
        response.headers.update(HEADERS)
        return response

    @app.get("/")
    async def overview() -> str:
        return page.render(
            as_of=datetime.now(UTC),
            sources=sources,
            status=status.value,
            cluster=cluster.value,
            balancers=balancers,
            states=states,
            rates=rates,
        )

    @app.get("/healthz")
    async def healthz() -> Response:
        return Response("ok\n", content_type="text/plain")

    return app
