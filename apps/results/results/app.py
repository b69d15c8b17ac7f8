"""The routes. Every answer is ready in memory; no request reaches the store."""

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import suppress

from common.accept import best_language
from common.pages import SECURITY_HEADERS
from quart import Quart, Response, request

from results.broadcaster import Broadcaster
from results.config import Config
from results.renderer import Renderer
from results.store import Store
from results.viewers import viewer_address


def create_app(config: Config | None = None) -> Quart:
    """The ASGI application; its reader runs while it is served."""
    config = config or Config.from_environ(os.environ)
    store = Store(config)
    broadcaster = Broadcaster(Renderer(config), store.read)
    app = Quart(__name__)
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 300
    languages = list(config.texts)

    def language() -> str:
        """The poll's own, unless the viewer would rather have another that it is in."""
        return best_language(request.headers.get("Accept-Language", ""), languages)

    @app.while_serving
    async def read_the_store() -> AsyncGenerator[None, None]:
        reader = asyncio.create_task(broadcaster.run())
        yield
        reader.cancel()
        with suppress(asyncio.CancelledError):
            await reader
        store.close()

    @app.after_request
    async def harden(response: Response) -> Response:
        response.headers.update(SECURITY_HEADERS)
        return response

    @app.get("/")
    async def page() -> Response:
        chosen = language()
        headers = {
            "Cache-Control": "no-cache",
            "Content-Language": chosen,
            "Vary": "Accept-Language",
        }
        return Response(
            broadcaster.snapshot.pages[chosen],
            content_type="text/html; charset=utf-8",
            headers=headers,
        )

    @app.get("/api/results")
    async def results() -> Response:
        response = Response(broadcaster.snapshot.json, content_type="application/json")
        if not broadcaster.has_figures:
            response.status_code = 503
            return response
        # It has the poll's own words, for every program the same.
        response.content_language.add(languages[0])
        response.set_etag(broadcaster.snapshot.etag)
        response.cache_control.max_age = 1
        return await response.make_conditional(request)

    @app.get("/certificate.<any(json, html):suffix>")
    async def certificate(suffix: str) -> Response:
        if suffix not in broadcaster.certificate:
            return Response("There is no certificate yet.\n", 404, content_type="text/plain")
        # A file to keep: its style is inline, which no page of this site may have.
        headers = {"Content-Disposition": f"attachment; filename=certificate.{suffix}"}
        content_type = {"json": "application/json", "html": "text/html; charset=utf-8"}[suffix]
        return Response(broadcaster.certificate[suffix], content_type=content_type, headers=headers)

    @app.get("/events")
    async def events() -> Response:
        forwarded_for = request.headers.get("X-Forwarded-For", "")
        address = viewer_address(request.remote_addr or "", forwarded_for, config.load_balancers)
        if not broadcaster.viewers.admits(address):
            return Response("Too many viewers just now.\n", 503, {"Retry-After": "10"})
        headers = {"Cache-Control": "no-store"}
        stream = broadcaster.events(address, language())
        response = Response(stream, content_type="text/event-stream", headers=headers)
        # Quart would end any response after a minute.
        response.timeout = None
        return response

    @app.get("/healthz")
    async def healthz() -> Response:
        if broadcaster.fresh:
            return Response("ok\n", content_type="text/plain")
        return Response("The store does not answer.\n", 503, content_type="text/plain")

    return app
