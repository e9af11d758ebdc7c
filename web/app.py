"""The web application: routes, headers, and what is said when something goes wrong."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from storage.gauges import Gauges
from web import api, feeds, leaving, pages, probes, procedures
from web.archive import Archive

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from scraper.config import Config

HEADERS = {
    # No scripts at all, nothing from elsewhere: what a portal wrote stays inert even if the sanitizer should fail.
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; "
        "base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}


def create(config: Config, *, names: Mapping[str, str] | None = None) -> FastAPI:
    """The application over one data folder; `names` are what people call the sources, by id.

    The database and the search index are opened when the application starts, and closed when it ends.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        archive = app.state.archive = Archive(config, names or {})
        app.state.registry = probes.registry(Gauges(archive.database, config.data / "archive"), archive.database)
        try:
            yield
        finally:
            app.state.archive.close()

    app = FastAPI(
        title="congtin",
        description="Archive, search and history of the pages of Vietnamese provincial portals.",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        # A redirect to the address without its slash would repeat whatever Host the request claims.
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.include_router(pages.router)
    app.include_router(procedures.router)
    app.include_router(leaving.router)
    app.include_router(feeds.router)
    app.include_router(api.router)
    app.include_router(probes.router)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"))
    app.add_middleware(_Headers)
    app.add_exception_handler(RequestValidationError, _bad_request)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(Exception, _broken)
    return app


class _Headers:
    """Puts HEADERS on every response."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._headers = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self._headers]
            await send(message)

        await self._app(scope, receive, sending)


def _for_machines(request: Request) -> bool:
    return request.url.path.startswith("/api/")


def _bad_request(_request: Request, error: Exception) -> Response:
    """Only the API declares types; the pages read what they are given themselves."""
    assert isinstance(error, RequestValidationError)
    wrong = "; ".join(f"{'.'.join(map(str, one['loc'][1:]))}: {one['msg']}" for one in error.errors())
    return JSONResponse({"error": wrong}, 400)


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if _for_machines(request):
        return JSONResponse({"error": error.detail}, error.status_code, headers=error.headers)
    if error.status_code == 405:
        response: Response = pages.problem(request, 405, "problem.not_found", "problem.method")
        response.headers.update(error.headers or {})
        return response
    return pages.problem(request, error.status_code, "problem.not_found", "problem.no_page")


def _broken(request: Request, _error: Exception) -> Response:
    """Starlette answers this one outside all middleware, so that it needs the headers itself; the server logs it."""
    response: Response
    if _for_machines(request):
        response = JSONResponse({"error": "something went wrong on our side; it has been logged"}, 500)
    else:
        response = pages.problem(request, 500, "problem.broken", "problem.broken_hint")
    response.headers.update(HEADERS)
    return response
