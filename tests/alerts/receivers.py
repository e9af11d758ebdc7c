"""Those who get messages, on loopback: a mail server and an HTTP server that answer as badly as a test wants."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from alerts.channels import Limits, Settings
from drill.receiver import mail_server
from scraper.config import MailServer

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

LOOPBACK = (ip_network("127.0.0.0/8"),)
QUICK = Limits(connect=5, total=5, mail=20)
IMPATIENT = Limits(connect=0.3, total=0.3, greeting=0.3, mail=0.6)
USER, PASSWORD = "tin", "m%t khau/:@"


@dataclass
class Post:
    """A mail server: what it got, and what it answers to each step (nothing said: it takes all)."""

    mails: list[tuple[str, bytes]] = field(default_factory=list)
    answers: dict[str, str | None] = field(default_factory=dict)
    """By `MAIL`, `RCPT`, `DATA`; None: no answer ever comes."""
    once: dict[str, str] = field(default_factory=dict)
    """The same, for the next time only."""
    connections: int = 0
    senders: list[str] = field(default_factory=list)
    """Return paths."""
    port: int = 0

    async def _answer(self, step: str, good: str) -> str:
        answer = self.once.pop(step, self.answers.get(step, good))
        if answer is None:
            await asyncio.Event().wait()
        return str(answer)

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.connections += session.peer not in [*self._peers]
        self._peers.add(session.peer)
        return responses

    def __post_init__(self) -> None:
        self._peers: set[Any] = set()

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = await self._answer("MAIL", "250 2.1.0 sender ok")
        if answer.startswith("2"):
            envelope.mail_from = address
        return answer

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = await self._answer("RCPT", "250 2.1.5 recipient ok")
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - the same
        self.senders.append(envelope.mail_from or "")
        self.mails.append((envelope.rcpt_tos[0], bytes(envelope.content or b"")))
        return await self._answer("DATA", "250 2.0.0 taken")

    def settings(self, *, secure: bool = False, limits: Limits = QUICK, **others: Any) -> Settings:
        server = MailServer(host="127.0.0.1", port=self.port, security="starttls")
        if secure:
            server = MailServer(host="127.0.0.1", port=self.port, security="starttls", user=USER, password=PASSWORD)
        given = {"mail_from": "Cổng tin <tin@example.org>", "public_url": "https://tin.example.org"} | others
        return Settings(mail_server=given.pop("mail_server", server), limits=limits, **given)


def _is_user(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
    wanted = (USER.encode(), PASSWORD.encode())
    right = isinstance(given, LoginPassword) and (given.login, given.password) == wanted
    return AuthResult(success=right, handled=right)


@contextmanager
def post(context: ssl.SSLContext | None = None, *, smtps: ssl.SSLContext | None = None) -> Iterator[Post]:
    """A mail server that offers STARTTLS, or is `smtps`, where it has a certificate; it takes the password of USER."""
    handler = Post()

    def session(loop: asyncio.AbstractEventLoop) -> SMTP:
        return SMTP(
            handler, hostname="mail.example.org", ident="test", loop=loop, tls_context=context, enable_SMTPUTF8=True,
            authenticator=_is_user, auth_require_tls=context is not None,
        )  # fmt: skip

    with mail_server(session, context=smtps) as handler.port:
        yield handler


@dataclass
class Receiver:
    """An HTTP server: what it was told, and what it answers: (status, headers, body), or whatever a function does."""

    told: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    answers: deque[Any] = field(default_factory=deque)
    """The next ones; then `usual`."""
    usual: Any = (200, {}, b"")
    port: int = 0
    over: threading.Event = field(default_factory=threading.Event)
    """Set when the test is over: whoever drips ends."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def webhook(self) -> str:
        return f"webhook+{self.url}/hook"

    def bodies(self) -> list[Any]:
        return [json.loads(body) for _, _, body in self.told]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that leave early are what is tested."""


@contextmanager
def receiver(context: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """An HTTP server, with TLS where it has a certificate."""
    given = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            given.told.append((self.path, dict(self.headers), body))
            answer: tuple[int, dict[str, str], bytes] | Callable[[Handler], None]
            answer = given.answers.popleft() if given.answers else given.usual
            if callable(answer):
                self.close_connection = True
                answer(self)
                return
            status, headers, said = answer
            self.send_response(status)
            for name, value in {"Content-Length": str(len(said)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: Any) -> None:
            pass

    server = _Server(("127.0.0.1", 0), Handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    given.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield given
    finally:
        given.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
