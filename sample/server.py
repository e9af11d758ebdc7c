"""Serves the sample portal over HTTP: for the demo, the tests and the benchmark."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import uvicorn
import uvloop

from sample import faulty
from sample.answers import Site
from sample.messages import Answer, Request
from sample.portal import CommandError, Portal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, MutableMapping

    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
    App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

CONTROL = "/_control"
_LARGEST_BODY = 2_000_000
_SECONDS_TO_STOP = 2
_SECONDS_KEPT_ALIVE = 120  # as IIS; a polite crawler pauses for longer than uvicorn's 5


def app(
    portal: Portal,
    *,
    delay: Callable[[], float] = float,
    record: Callable[[tuple[str, str, int]], object] | None = None,
) -> App:
    """The portal as an ASGI application.

    Args:
        portal: What to serve.
        delay: Says how many seconds the next answer waits.
        record: Called with (method, path with its query, status) of each request.
    """
    site = Site(portal)

    async def serve_one(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        method, path, query = scope["method"], scope["path"], scope["query_string"].decode("latin-1")
        body = await _body(receive) if method == "POST" else b""
        request = Request(method, path, query, dict(scope["headers"]), body)
        if seconds := delay():
            await asyncio.sleep(seconds)
        answer = answered(portal, site, request, scope["client"])
        if record:
            record((method, f"{path}?{query}" if query else path, answer.status))
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": answer.body})

    return serve_one


def answered(portal: Portal, site: Site, request: Request, client: tuple[str, int] | None) -> Answer:
    """What the portal answers: a page, or the outcome of a command."""
    return _control(portal, request, client) if request.path == CONTROL else site.answer(request)


async def _body(receive: Receive) -> bytes:
    """The request's body, cut where nobody of good will goes."""
    body = b""
    while len(body) < _LARGEST_BODY:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    return body


def _control(portal: Portal, request: Request, client: tuple[str, int] | None) -> Answer:
    if client is None or not ip_address(client[0]).is_loopback:
        return _json(403, {"error": "Commands are taken from this machine only: send them from the loopback address."})
    if request.method != "POST":
        return _json(405, {"error": 'POST a JSON object such as {"do": "publish"}.'})
    try:
        command = json.loads(request.body)
    except ValueError:
        command = None
    if not isinstance(command, dict):
        return _json(400, {"error": 'The body is no JSON object: send one such as {"do": "publish"}.'})
    try:
        return _json(200, portal.control(command, request.origin))
    except CommandError as error:
        return _json(error.status, {"error": str(error)})


def _json(status: int, content: dict[str, str]) -> Answer:
    body = json.dumps(content, ensure_ascii=False).encode()
    return Answer(status, ((b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))), body)


def _server(application: App) -> uvicorn.Server:
    config = uvicorn.Config(
        application,
        http="httptools",
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        log_level="critical",
        server_header=False,
        timeout_keep_alive=_SECONDS_KEPT_ALIVE,
        timeout_graceful_shutdown=_SECONDS_TO_STOP,
    )
    return uvicorn.Server(config)


def _listening(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


def serve(
    *, port: int = 8899, host: str = "127.0.0.1", articles: int = 200, seed: int = 1, delay: float = 0.0,
    faults: bool = False, procedures: bool = True,
) -> None:  # fmt: skip
    """Serves a portal until SIGINT or SIGTERM, and returns then; says nothing. With `faults` it misbehaves, too.

    Raises:
        OSError: The port is taken.
    """
    listener = _listening(host, port)
    portal = Portal(articles, seed, procedures=procedures)
    if faults:
        site = Site(portal)
        asyncio.run(faulty.serve(listener, lambda request, client: answered(portal, site, request, client)))
        return
    server = _server(app(portal, delay=lambda: delay))
    # uvicorn raises the signal that stopped it once more, for whoever came before it: here, nobody.
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(server.serve(sockets=[listener]))
    finally:
        listener.close()
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass(slots=True)
class Running:
    """A portal being served by a thread of this process.

    Attributes:
        url: Where it is, as "http://127.0.0.1:PORT/".
        portal: Its content.
        delay: Seconds that each answer waits; may be set at any time.
        requests: (method, path with its query, status) of all requests served so far.
    """

    url: str
    portal: Portal
    delay: float = 0.0
    requests: list[tuple[str, str, int]] = field(default_factory=list)
    loop: asyncio.AbstractEventLoop | None = None

    def control(self, **command: Any) -> dict[str, str]:
        """Carries out a command as `POST /_control` does; see `Portal.control`.

        Raises:
            CommandError: The command makes no sense or names no article.
        """

        async def carried_out() -> dict[str, str]:
            return self.portal.control(command, self.url.rstrip("/"))

        if self.loop is None:
            raise RuntimeError("The portal is not being served.")
        # In the server's own thread: no page is ever made of half a change.
        return asyncio.run_coroutine_threadsafe(carried_out(), self.loop).result(timeout=30)


@contextmanager
def running(
    *, port: int = 0, host: str = "127.0.0.1", articles: int = 40, seed: int = 1, delay: float = 0.0,
    procedures: bool = False,
) -> Iterator[Running]:  # fmt: skip
    """Serves a portal on a free port (or the given one) as long as the block runs."""
    listener = _listening(host, port)
    portal = Portal(articles, seed, procedures=procedures)
    site = Running(f"http://{host}:{listener.getsockname()[1]}/", portal, delay)
    server = _server(app(portal, delay=lambda: site.delay, record=site.requests.append))
    ready = threading.Event()

    async def serve_all() -> None:
        site.loop = asyncio.get_running_loop()
        listener.listen()  # whoever connects from here on waits until uvicorn takes over
        ready.set()
        await server.serve(sockets=[listener])

    def work() -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve_all())

    thread = threading.Thread(target=work, name="sample portal", daemon=True)
    thread.start()
    ready.wait()
    try:
        yield site
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
