"""Mail, handed over by SMTP (RFC 5321), many on one connection.

How it is secured: `smtps://` is TLS from the first byte. On `smtp://` STARTTLS is used wherever the server offers it,
and must be offered where a password would be sent; the certificate must hold. On this machine itself, without a
password, nothing is secured: there is no way on which anyone could listen.
"""

from __future__ import annotations

import ipaddress
import re
import smtplib
import socket
import ssl
import time
from typing import TYPE_CHECKING

from alerts.items import Outcome
from alerts.letters import letter
from alerts.posting import Clock
from scraper import text

if TYPE_CHECKING:
    from alerts.channels.settings import Settings
    from alerts.items import Cause, End, Message
    from scraper.config import MailServer

_ENHANCED = re.compile(r"\b([245]\.[0-9]{1,3}\.[0-9]{1,3})\b")
_NO_READER = {550, 551, 553}
"""Replies to a recipient that mean: there is none (RFC 5321 §4.2.3)."""
_CLOSING = 421
_IDLE = 60.0
"""Seconds after which a kept connection is not trusted: what lies between may have forgotten it, and say nothing."""


class _Ended(Exception):
    """An attempt is at its end; the connection is no good any more if `lost`."""

    def __init__(self, end: End, cause: Cause, detail: str, *, lost: bool = True) -> None:
        super().__init__(detail)
        self.outcome = Outcome(end=end, cause=cause, detail=detail)
        self.lost = lost


class Mail:
    """A mail server, and the connection to it that is kept between messages."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._connection: smtplib.SMTP | None = None
        self._used = 0.0

    def send(self, to: str, message: Message) -> Outcome:
        """Hands a message over for one reader."""
        settings = self._settings
        if settings.mail_server is None:
            return Outcome(end="later", cause="configuration", detail="CONGTIN_SMTP_URL is not set")
        mail = letter(message, to=to, sender=settings.mail_from, host=settings.host)
        data = mail.as_bytes()
        sender = settings.return_path
        clock = Clock(settings.limits.mail)
        if time.monotonic() - self._used > _IDLE:
            self.close()
        try:
            # A connection that was kept may have been closed on the other side: then a new one is tried, once.
            kept = self._connection is not None
            try:
                self._begin(settings.mail_server, sender, len(data), clock)
            except _Ended as ended:
                if not (kept and ended.lost):
                    raise
                self.close()
                self._begin(settings.mail_server, sender, len(data), clock)
            return self._hand_over(to, data, clock)
        except _Ended as ended:
            if ended.lost:
                self.close()
            else:
                self._forget(clock)
            return ended.outcome
        finally:
            self._used = time.monotonic()

    def close(self) -> None:
        """Ends the connection; what a server says to that is of no interest."""
        if self._connection:
            self._connection.close()
            self._connection = None

    def quit(self) -> None:
        """Ends the connection as one should, for there is time."""
        if self._connection:
            try:
                self._connection.quit()
            except (smtplib.SMTPException, OSError):
                self.close()
            self._connection = None

    def _begin(self, server: MailServer, sender: str, size: int, clock: Clock) -> None:
        """Connects, unless that is done, and names the sender. Raises _Ended."""
        if self._connection is None:
            self._connection = _connected(server, self._settings, clock)
        size_said = f" SIZE={size}" if self._connection.has_extn("size") else ""
        code, reply = _asked(self._connection, f"MAIL FROM:<{sender}>{size_said}", clock)
        if code == 250:
            return
        if code == 552 or reply.startswith("5.3.4"):
            raise _Ended("refused", "too-big", _detail("the sender", code, reply), lost=False)
        if code >= 500:
            raise _Ended("later", "configuration", _detail("the sender", code, reply), lost=False)
        raise _Ended("later", "server-error", _detail("the sender", code, reply), lost=code == _CLOSING)

    def _hand_over(self, to: str, data: bytes, clock: Clock) -> Outcome:
        """Recipient and data. Raises _Ended."""
        connection = self._connection
        assert connection is not None
        code, reply = _asked(connection, f"RCPT TO:<{to}>", clock)
        if code not in {250, 251}:
            raise _of_recipient(code, reply)
        code, reply = _asked(connection, "DATA", clock)
        if code != 354:
            raise _of_message(code, reply)
        try:
            _bound(connection, clock)
            connection.send(stuffed(data) + b".\r\n")
        except (smtplib.SMTPException, OSError):
            # Its last line is not out, so the server has no whole message and must not deliver it (RFC 5321 §4.1.1.4).
            raise _Ended("later", "connection", "the connection ended before the whole message was out") from None
        try:
            _bound(connection, clock)
            code, answer = connection.getreply()
        except (smtplib.SMTPException, OSError) as error:
            cause: Cause = "timeout" if _is_late(error) else "connection"
            raise _Ended("unknown", cause, "sent, and no answer came") from None
        if not 200 <= code < 300:
            raise _of_message(code, _words(answer))
        return Outcome(end="taken", detail=_detail("", code, _words(answer)))

    def _forget(self, clock: Clock) -> None:
        """Makes the connection fit for the next message."""
        assert self._connection is not None
        try:
            _asked(self._connection, "RSET", clock)
        except _Ended:
            self.close()


def stuffed(data: bytes) -> bytes:
    """A message in which no line is a dot, which would end it (RFC 5321 §4.5.2)."""
    return re.sub(rb"(?m)^\.", b"..", data)


def _connected(server: MailServer, settings: Settings, clock: Clock) -> smtplib.SMTP:
    """A connection that is secured, and knows who we are. Raises _Ended."""
    try:
        timeout = clock.left(settings.limits.greeting)
        if server.security == "tls":
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, settings.host, timeout=timeout, context=ssl.create_default_context()
            )
        else:
            connection = smtplib.SMTP(server.host, server.port, settings.host, timeout=timeout)
    except (_Ended, smtplib.SMTPException, OSError, ValueError) as error:
        raise _failure(error) from None
    try:
        _bound(connection, clock)
        connection.ehlo_or_helo_if_needed()
        if server.security == "starttls" and (server.user or not _is_here(connection)):
            _secure(connection, needed=bool(server.user))
        if server.user:
            connection.login(server.user, server.password)
    except (_Ended, smtplib.SMTPException, OSError, ValueError) as error:
        connection.close()
        raise _failure(error) from None
    return connection


def _secure(connection: smtplib.SMTP, *, needed: bool) -> None:
    if connection.has_extn("starttls"):
        connection.starttls(context=ssl.create_default_context())
        connection.ehlo()
    elif needed:
        raise _Ended("later", "tls", "the mail server offers no STARTTLS, and a password is not sent in the clear")


def _is_here(connection: smtplib.SMTP) -> bool:
    """Whether the other end of a connection is this machine."""
    assert connection.sock is not None
    return ipaddress.ip_address(connection.sock.getpeername()[0].split("%")[0]).is_loopback


def _failure(error: Exception) -> _Ended:
    """What it means that no connection came about: the message is still ours."""
    match error:
        case _Ended():
            return error
        case ssl.SSLCertVerificationError():
            return _Ended("later", "tls", f"the mail server's certificate does not hold: {error.verify_message}")
        case ssl.SSLError():
            return _Ended("later", "tls", "no secure connection to the mail server could be agreed on")
        case socket.gaierror() | ValueError():
            return _Ended("later", "dns", "the mail server's name has no address")
        case _ if _is_late(error):
            return _Ended("later", "timeout", "the mail server did not answer in time")
        case smtplib.SMTPAuthenticationError():
            wrong = error.smtp_code >= 500
            said = f"the mail server takes no password of ours: {error.smtp_code}"
            return _Ended("later", "configuration" if wrong else "server-error", said)
        case smtplib.SMTPNotSupportedError():
            return _Ended("later", "configuration", "the mail server offers no way to say a password")
        case smtplib.SMTPResponseException():
            return _Ended("later", "server-error", f"the mail server greets with {error.smtp_code}")
        case _:
            return _Ended("later", "connection", f"no connection to the mail server: {type(error).__name__}")


def _is_late(error: Exception) -> bool:
    """Whether an error is one of time; the library says of each that the server closed the connection."""
    return isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError)


def _bound(connection: smtplib.SMTP, clock: Clock) -> None:
    """Gives each read and write from here on what is left of the time. Raises TimeoutError where nothing is."""
    if connection.sock is not None:
        connection.sock.settimeout(clock.left())


def _asked(connection: smtplib.SMTP, line: str, clock: Clock) -> tuple[int, str]:
    """A command's reply; nothing of a message is out. Raises _Ended."""
    try:
        _bound(connection, clock)
        code, reply = connection.docmd(line)
    except (smtplib.SMTPException, OSError) as error:
        raise _failure(error) from None
    return code, _words(reply)


def _of_recipient(code: int, reply: str) -> _Ended:
    """What it means that a recipient is not taken.

    There is none (5.1, 5.2.1 of RFC 3463, or a plain 550): the channel is closed. A mailbox that is full, and whoever
    asks to come again (greylisting), are tried again. A rule of the server's (5.7) is about us, and not the reader.
    """
    detail, closing = _detail("the reader", code, reply), code == _CLOSING
    if code < 500:
        return _Ended("later", "server-error" if closing else "rejected", detail, lost=closing)
    enhanced = found[1] if (found := _ENHANCED.search(reply)) else ""
    if enhanced.startswith("5.7"):
        return _Ended("later", "configuration", detail, lost=False)
    if enhanced.startswith("5.1") or enhanced == "5.2.1" or (code in _NO_READER and not enhanced):
        return _Ended("closed", "not-found", detail, lost=False)
    if enhanced == "5.2.2" or code == 552:
        return _Ended("later", "rejected", detail, lost=False)
    return _Ended("closed", "rejected", detail, lost=False)


def _of_message(code: int, reply: str) -> _Ended:
    """What it means that a message is not taken: later (4xx), or never (5xx)."""
    detail, closing = _detail("the message", code, reply), code == _CLOSING
    if code < 500:
        return _Ended("later", "server-error" if closing else "rejected", detail, lost=closing)
    too_big = code == 552 or reply.startswith(("5.3.4", "5.2.3"))
    return _Ended("refused", "too-big" if too_big else "rejected", detail, lost=False)


def _words(reply: bytes) -> str:
    return text.clean(reply.decode("utf-8", "replace"))[:200]


def _detail(what: str, code: int, reply: str) -> str:
    return f"{what + ': ' if what else ''}{code} {reply}".strip()
