"""Mail, handed over to a real server: what each answer means, how it is secured, how many go over one connection."""

from __future__ import annotations

import logging
import socket
from dataclasses import replace
from email.message import EmailMessage
from email.policy import SMTP
from typing import TYPE_CHECKING

import pytest
from receivers import IMPATIENT, PASSWORD, USER, Post, post
from told import ONE

from alerts.channels import Channels, Settings, mail, send
from sample.certificates import AUTHORITY, contexts
from scraper.config import MailServer

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from pathlib import Path

    from alerts.items import Outcome

READER = "mailto:reader@example.org"


@pytest.fixture
def server() -> Iterator[Post]:
    with post() as opened:
        yield opened


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, ssl.SSLContext]]:
    folder = tmp_path_factory.mktemp("certificates")
    return folder, contexts(folder, "127.0.0.1")


def ends(outcome: Outcome) -> tuple[str, str]:
    return outcome.end, outcome.cause


def test_a_message_arrives(server: Post) -> None:
    assert send(READER, ONE, server.settings()).end == "taken"
    (to, content) = server.mails[0]
    assert to == "reader@example.org"
    assert b"Message-ID: <message22222222a@tin.example.org>\r\n" in content


@pytest.mark.parametrize("given", ["", "returns@example.org"])
def test_what_cannot_be_delivered_comes_back_to_the_sender_or_where_the_operator_wants_it(
    server: Post, given: str
) -> None:
    assert send(READER, ONE, server.settings(bounce_address=given)).end == "taken"
    assert server.senders == [given or "tin@example.org"]
    assert "<tin@example.org>" in server.mails[0][1].decode().partition("To:")[0]


def test_a_line_that_is_a_dot_ends_no_message(server: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 5321 §4.5.2: whatever a mail is encoded in."""
    dotted = EmailMessage(policy=SMTP)
    dotted.set_content(".\na.b\n..c\n")
    monkeypatch.setattr(mail, "letter", lambda *_, **__: dotted)
    assert send(READER, ONE, server.settings()).end == "taken"
    assert server.mails[0][1].endswith(b"\r\n\r\n.\r\na.b\r\n..c\r\n")


def test_many_messages_go_over_one_connection(server: Post) -> None:
    with Channels(server.settings()) as channels:
        for number in range(20):
            assert channels.send(READER, replace(ONE, id=f"m{number}")).end == "taken"
    assert server.connections == 1
    assert len(server.mails) == 20


ANSWERS = [
    ("RCPT", "450 4.2.0 greylisted, come again", ("later", "rejected")),
    ("RCPT", "451 4.7.1 try later", ("later", "rejected")),
    ("RCPT", "452 4.2.2 mailbox full", ("later", "rejected")),
    ("RCPT", "421 4.3.2 shutting down", ("later", "server-error")),
    ("RCPT", "550 no such user", ("closed", "not-found")),
    ("RCPT", "550 5.1.1 no such user", ("closed", "not-found")),
    ("RCPT", "550 5.2.1 disabled", ("closed", "not-found")),
    ("RCPT", "550 5.4.1 refused", ("closed", "rejected")),
    ("RCPT", "554 5.7.1 relay access denied", ("later", "configuration")),
    ("RCPT", "552 5.2.2 mailbox full", ("later", "rejected")),
    ("RCPT", "552 mailbox full", ("later", "rejected")),
    ("MAIL", "451 4.3.0 later", ("later", "server-error")),
    ("MAIL", "550 5.7.1 not your address", ("later", "configuration")),
    ("MAIL", "552 5.3.4 too big", ("refused", "too-big")),
    ("DATA", "451 4.3.0 later", ("later", "rejected")),
    ("DATA", "421 4.3.2 shutting down", ("later", "server-error")),
    ("DATA", "554 5.7.1 spam", ("refused", "rejected")),
    ("DATA", "552 5.3.4 too big", ("refused", "too-big")),
]


@pytest.mark.parametrize(("step", "answer", "expected"), ANSWERS)
def test_what_each_answer_means(server: Post, step: str, answer: str, expected: tuple[str, str]) -> None:
    """H14; the connection is fit for the next message, or a new one is made."""
    server.once[step] = answer
    with Channels(server.settings()) as channels:
        outcome = channels.send(READER, ONE)
        assert ends(outcome) == expected
        assert answer[:3] in outcome.detail
        assert channels.send(READER, replace(ONE, id="next")).end == "taken"


def test_no_answer_to_the_whole_message_is_unknown(server: Post) -> None:
    """H6: the server has it, and we do not know; the next attempt bears the same id."""
    server.answers["DATA"] = None
    outcome = send(READER, ONE, server.settings(limits=IMPATIENT))
    assert ends(outcome) == ("unknown", "timeout")
    server.answers.clear()
    assert send(READER, replace(ONE, again=True), server.settings()).end == "taken"
    assert [content.count(b"Message-ID: <message22222222a@") for _, content in server.mails] == [1, 1]


@pytest.mark.parametrize("step", ["MAIL", "RCPT"])
def test_no_answer_before_it_is_later(server: Post, step: str) -> None:
    server.answers[step] = None
    assert ends(send(READER, ONE, server.settings(limits=IMPATIENT))) == ("later", "timeout")
    assert server.mails == []


def test_a_connection_that_was_closed_meanwhile_is_made_again(server: Post) -> None:
    with Channels(server.settings()) as channels:
        assert channels.send(READER, ONE).end == "taken"
        server.once["MAIL"] = "421 4.4.2 idle for too long"
        assert channels.send(READER, replace(ONE, id="next")).end == "taken"
    assert server.connections == 2


def test_a_connection_that_was_idle_for_long_is_not_trusted(server: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "_IDLE", -1.0)
    with Channels(server.settings()) as channels:
        for _ in range(3):
            assert channels.send(READER, ONE).end == "taken"
    assert server.connections == 3


def test_a_server_that_is_away_is_later() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        server = MailServer(host="127.0.0.1", port=port, security="starttls")
        settings = Settings(mail_server=server, mail_from="a@example.org", limits=IMPATIENT)
        assert ends(send(READER, ONE, settings)) == ("later", "connection")
        closed.listen()
        assert ends(send(READER, ONE, settings)) == ("later", "timeout")
    nowhere = replace(settings, mail_server=replace(server, host="no-such-host.invalid"))
    assert ends(send(READER, ONE, nowhere)) == ("later", "dns")
    assert ends(send(READER, ONE, Settings())) == ("later", "configuration")


def test_a_password_goes_over_tls_only(
    certificates: tuple[Path, dict[str, ssl.SSLContext]],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    folder, servers = certificates
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / AUTHORITY))
    with post(servers["sound"]) as server:
        settings = server.settings(secure=True)
        assert send(READER, ONE, settings).end == "taken"
        assert settings.mail_server
        wrong = replace(settings, mail_server=replace(settings.mail_server, password="other"))
        outcome = send(READER, ONE, wrong)
        assert ends(outcome) == ("later", "configuration")
        assert PASSWORD not in outcome.detail + repr(settings) + caplog.text
    with post() as server:
        outcome = send(READER, ONE, server.settings(secure=True))
        assert ends(outcome) == ("later", "tls")
        assert server.mails == []


@pytest.mark.parametrize("kind", ["expired", "self-signed", "wrong-host"])
def test_a_certificate_that_does_not_hold_ends_it(
    certificates: tuple[Path, dict[str, ssl.SSLContext]], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """H14: fail closed."""
    folder, servers = certificates
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / AUTHORITY))
    with post(servers[kind]) as server:
        assert ends(send(READER, ONE, server.settings(secure=True))) == ("later", "tls")
        assert server.mails == []
    with post(smtps=servers[kind]) as server:
        given = MailServer(host="127.0.0.1", port=server.port, security="tls")
        assert ends(send(READER, ONE, server.settings(mail_server=given))) == ("later", "tls")
        assert server.mails == []


def test_starttls_that_is_offered_is_used_without_a_password_too(
    certificates: tuple[Path, dict[str, ssl.SSLContext]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for this machine itself, which `is_here` is told not to be."""
    monkeypatch.setattr("alerts.channels.mail._is_here", lambda _: False)
    folder, servers = certificates
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / AUTHORITY))
    with post(servers["sound"]) as server:
        assert send(READER, ONE, server.settings()).end == "taken"
    with post(servers["self-signed"]) as server:
        assert ends(send(READER, ONE, server.settings())) == ("later", "tls")
    with post() as server:
        assert send(READER, ONE, server.settings()).end == "taken"


def test_smtps_is_tls_from_the_first_byte(
    certificates: tuple[Path, dict[str, ssl.SSLContext]], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, servers = certificates
    with post() as server:
        given = MailServer(host="127.0.0.1", port=server.port, security="tls", user=USER, password=PASSWORD)
        assert ends(send(READER, ONE, server.settings(mail_server=given))) == ("later", "tls")
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / AUTHORITY))
    with post(smtps=servers["sound"]) as server:
        given = replace(given, port=server.port)
        assert send(READER, ONE, server.settings(mail_server=given)).end == "taken"
