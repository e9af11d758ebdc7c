"""Mail that comes back (H14): what a mail server says, whose message it was, and when a channel is paused for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from postroom import FAILS, GONE, HOOK, MAIL, TAKEN, PostRoom
from sqlalchemy import select

from alerts import bounces, listing, returned, standing, watches
from alerts.bounces import Fate, NoBounce
from storage.alert_tables import Bounce

if TYPE_CHECKING:
    from alerts.items import Message, Outcome
    from alerts.returned import Noted

HOST, READER = "tin.example.org", "reader@example.org"
NAME = "abcdefghijklmnop"
OF_POSTFIX = """\
Return-Path: <>
From: MAILER-DAEMON@mail.example.org (Mail Delivery System)
To: tin@example.org
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="outer"

--outer
Content-Type: text/plain; charset=utf-8

<{reader}>: host mx.example.org said: {said}

--outer
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example.org
Arrival-Date: Wed, 11 Feb 2026 09:00:00 +0700

{original}Final-Recipient: rfc822; {final}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {said}

--outer
Content-Type: {returned}

From: tin@example.org
To: {reader}
Message-ID: <{message}@{host}>
References: <thread.zzzzzzzzzzzzzzzz@{host}>
Subject: =?utf-8?b?xJDhuqV0?=

--outer--
"""
OF_QMAIL = """\
From: MAILER-DAEMON@mail.example.org
Subject: failure notice

I could not bring your message to this address.

<{reader}>:
192.0.2.5 does not like recipient.
Remote host said: 550 5.1.1 no such user

--- The message follows.

Return-Path: <tin@example.org>
Message-ID: <{message}@{host}>
To: {reader}

Version 4.2.2 of everything, see other@example.org
"""
OF_EXIM = """\
Return-Path: <>
From: Mail Delivery System <Mailer-Daemon@mail.example.org>
X-Failed-Recipients: {reader}
In-Reply-To: <{message}@{host}>
Subject: Mail delivery failed

A message that you sent could not be delivered. This is a permanent error.

    host mx.example.org [192.0.2.5]: 552 mailbox is full
"""


def postfix(message: str = NAME, status: str = "5.1.1", said: str = "550 no", **others: str) -> bytes:
    given = {
        "reader": READER, "final": READER, "action": "failed" if status.startswith("5") else "delayed", "host": HOST,
        "original": "", "returned": "message/rfc822",
    } | others  # fmt: skip
    return OF_POSTFIX.format(message=message, status=status, said=said, **given).encode()


@pytest.mark.parametrize(
    ("mail", "status", "permanent"),
    [
        (postfix(), "5.1.1", True),
        (postfix(returned="text/rfc822-headers"), "5.1.1", True),
        (postfix(status="5.0.0", said="550 5.1.1 no such user"), "5.1.1", True),
        (postfix(status="4.4.1", said="connection timed out"), "4.4.1", False),
        (postfix(status="4.4.7", action="failed"), "4.4.7", False),
        (postfix(final="elsewhere@example.net", original=f"Original-Recipient: rfc822;{READER}\n"), "5.1.1", True),
        (postfix(final="Reader@Example.ORG"), "5.1.1", True),
        (postfix().replace(b"\n", b"\r\n"), "5.1.1", True),
        (postfix(action="failed (bad address)"), "5.1.1", True),
        (postfix(action="failure", status="553 too long", said=""), "5.0.0", True),
        (postfix().replace(b"rfc822; reader@example.org", b"<reader@example.org>"), "5.1.1", True),
        (postfix(action="", status="", said="550 5.1.1 none", final=""), "5.1.1", True),
        (OF_QMAIL.format(reader=READER, message=NAME, host=HOST).replace("550 5.1.1 ", "").encode(), "5.0.0", True),
        (OF_QMAIL.format(reader=READER, message=NAME, host=HOST).encode(), "5.1.1", True),
        (OF_EXIM.format(reader=READER, message=NAME, host=HOST).encode(), "5.0.0", True),
    ],
)
def test_what_mail_servers_say(mail: bytes, status: str, permanent: bool) -> None:
    report = bounces.read(mail)
    assert (NAME, HOST) in report.messages
    (fate,) = report.fates
    assert READER in fate.addresses
    assert (fate.status, fate.permanent) == (status, permanent)


NONE = {
    "nothing": b"",
    "no mail": b"\x00\xff\xfe",
    "an answer": f"From: {READER}\nIn-Reply-To: <{NAME}@{HOST}>\n\nThanks! 550 5.1.1\n".encode(),
    "on holiday": b"Return-Path: <>\nAuto-Submitted: auto-replied\n\nI am back on Monday.\n",
    "delivered": postfix(status="2.0.0", action="delivered", said="250 2.1.5 fine"),
    "read": (
        b'From: postmaster@example.org\nContent-Type: multipart/report; boundary="b"\n\n--b\n'
        b"Content-Type: text/plain\n\n550 5.1.1\n--b\n"
        b"Content-Type: message/disposition-notification\n\nDisposition: displayed\n--b--\n"
    ),
    "late, in words": f"From: postmaster@a.org\n\n<{NAME}@{HOST}> for {READER} is late; I shall try again.\n".encode(),
    "no status": f"From: postmaster@example.org\n\nYour <{NAME}@{HOST}> did not reach {READER}.\n".encode(),
}


@pytest.mark.parametrize("mail", NONE.values(), ids=NONE)
def test_what_is_no_bounce_is_refused(mail: bytes) -> None:
    with pytest.raises(NoBounce):
        bounces.read(mail)


LINES = st.sampled_from([*OF_POSTFIX.splitlines(), *OF_QMAIL.splitlines(), *OF_EXIM.splitlines(), "Content-Type: *"])


@given(st.binary(max_size=300) | st.lists(LINES | st.text(max_size=30), max_size=40).map("\n".join))
def test_no_mail_is_too_odd(mail: bytes | str) -> None:
    try:
        report = bounces.read(mail if isinstance(mail, bytes) else mail.encode("utf-8", "surrogatepass"))
    except NoBounce:
        return
    assert report.fates
    assert all(fate.status[0] in "45" for fate in report.fates)


def test_mail_in_mail_without_end_is_refused() -> None:
    with pytest.raises(NoBounce):
        bounces.read(b"Content-Type: message/rfc822\n\n" * 20_000)


@pytest.fixture
def posted(room: PostRoom) -> PostRoom:
    """A reader who has been sent five mails, one after the other, and whose owner has a webhook as well."""
    room.watch("", MAIL, HOOK)
    send(room, 5)
    return room


def send(room: PostRoom, count: int) -> None:
    for _ in range(count):
        room.publish(f"Tin lúc {room.clock.forward(minutes=1)}")
        room.deliver()


def mails(room: PostRoom) -> list[str]:
    return [message.id for message in room.receiver.at(MAIL) if message.kind == "event"]


def note(room: PostRoom, mail: bytes) -> Noted:
    with room.database.writing() as session:
        return returned.note(session, bounces.read(mail), host=HOST, now=room.clock())


def paused(room: PostRoom) -> tuple[str, ...]:
    with room.database.reading() as session:
        return standing.paused(session).channels


def test_who_is_unknown_is_not_written_to_again_and_the_owner_is_told(posted: PostRoom) -> None:
    noted = note(posted, postfix(mails(posted)[0], said="550 5.1.1 no such user"))
    assert (noted.channel, noted.status, noted.permanent, noted.counted, noted.paused) == (
        MAIL, "5.1.1", True, True, True,
    )  # fmt: skip
    assert note(posted, postfix(mails(posted)[1])).paused
    posted.publish("Tin sau đó")
    posted.deliver()
    assert len(mails(posted)) == 5
    (told,) = [message for message in posted.receiver.at(HOOK) if message.kind == "notice"]
    assert MAIL in told.said
    with posted.database.reading() as session:
        report, (row,), waits = standing.report(session), listing.listed(session), standing.paused(session)
    (failing,) = report["failing"]
    assert (failing["cause"], failing["detail"]) == ("not-found", "came back: 5.1.1 550 5.1.1 no such user")
    assert report["paused_channels"] == [MAIL]
    assert [one["bounces"] for one in row["channel_states"]] == [2, 0]
    assert (waits.channels, waits.waiting) == ((MAIL,), 1)
    assert posted.states() == {"sent": 11, "pending": 1}  # what the mail server took stays sent


def test_three_that_came_back_within_a_week_pause_it(posted: PostRoom) -> None:
    first, second, third, *_ = mails(posted)
    full = {"status": "5.2.2", "said": "552 5.2.2 mailbox full"}
    assert note(posted, postfix(first, **full)).counted
    again = note(posted, postfix(first, **full))
    assert (again.counted, again.paused) == (False, False)  # one message is one
    assert not note(posted, postfix(second, **full)).paused
    posted.clock.forward(days=7)
    assert not note(posted, postfix(third, **full)).paused  # the others are a week ago
    send(posted, 2)
    assert not note(posted, postfix(mails(posted)[-1], **full)).paused
    assert note(posted, postfix(mails(posted)[-2], **full)).paused
    with posted.database.reading() as session:
        (failing,) = standing.report(session)["failing"]
    assert failing["cause"] == "rejected"


def test_what_is_late_is_only_counted(posted: PostRoom) -> None:
    for name in mails(posted):
        noted = note(posted, postfix(name, status="4.4.1", said="no route"))
        assert (noted.permanent, noted.counted, noted.paused) == (False, True, False)
    with posted.database.reading() as session:
        assert [*returned.counts(session).values()] == [5]
    noted = note(posted, postfix(mails(posted)[0], status="5.2.2", said="552 5.2.2 mailbox full"))
    assert (noted.permanent, noted.counted, noted.paused) == (True, True, False)  # the first of them
    send(posted, 1)
    noted = note(posted, postfix(mails(posted)[-1], status="5.1.1", action="delayed"))
    assert (noted.permanent, noted.paused) == (False, False)  # it is still tried
    assert paused(posted) == ()


def test_what_came_back_from_one_reader_is_nothing_of_another(posted: PostRoom) -> None:
    other = "other@example.org"
    posted.watch("", f"mailto:{other}")
    send(posted, 2)
    full = {"status": "5.2.2", "said": "552 5.2.2 mailbox full"}
    for message in posted.receiver.at(f"mailto:{other}"):
        assert note(posted, postfix(message.id, final=other, **full)).counted
    assert not note(posted, postfix(mails(posted)[0], **full)).paused


def test_a_rule_of_the_other_server_is_our_fault(posted: PostRoom) -> None:
    for name in mails(posted)[:3]:
        note(posted, postfix(name, status="5.7.1", said="550 5.7.1 no SPF"))
    with posted.database.reading() as session:
        assert [one["cause"] for one in standing.report(session)["failing"]] == ["configuration"]


def test_what_was_sent_before_it_was_resumed_does_not_pause_it_again(posted: PostRoom) -> None:
    first, second, *_, last = mails(posted)
    full = {"status": "5.2.2", "said": "552 5.2.2 mailbox full"}
    note(posted, postfix(first))
    assert paused(posted) == (MAIL,)
    posted.clock.forward(hours=1)
    with posted.database.writing() as session:
        watches.resume(session, listing.listed(session)[0]["id"], now=posted.clock())
    assert not note(posted, postfix(last)).paused
    assert not note(posted, postfix(second, **full)).paused
    send(posted, 2)
    assert not note(posted, postfix(mails(posted)[-2], **full)).paused  # the first of a new count
    assert note(posted, postfix(mails(posted)[-1])).paused


@pytest.mark.parametrize(
    "changes",
    [
        {"message": NAME},
        {"host": "elsewhere.example.org"},
        {"final": "other@example.org"},
        {"final": f"x{READER}"},
        {"final": ""},
    ],
)
def test_what_is_not_ours_changes_nothing(posted: PostRoom, changes: dict[str, str]) -> None:
    with pytest.raises(NoBounce):
        note(posted, postfix(**({"message": mails(posted)[0]} | changes)))
    with posted.database.reading() as session:
        assert session.scalars(select(Bounce)).all() == []
    assert paused(posted) == ()


def test_a_report_about_a_webhooks_message_is_none(posted: PostRoom) -> None:
    (hooked, *_) = (message.id for message in posted.receiver.at(HOOK))
    with pytest.raises(NoBounce):
        note(posted, postfix(hooked))


@pytest.mark.parametrize("answer", [TAKEN, GONE])
def test_what_was_under_way_when_the_mail_came_back_leaves_the_channel_paused(
    posted: PostRoom, answer: Outcome
) -> None:
    first = mails(posted)[0]
    posted.receiver.answers[MAIL] = [FAILS, answer]
    send(posted, 1)

    def comes_back(address: str, _: Message) -> None:
        if address == MAIL:
            assert note(posted, postfix(first)).paused

    posted.receiver.before = comes_back
    posted.clock.forward(minutes=1)
    posted.deliver()
    assert len(mails(posted)) == (6 if answer is TAKEN else 5)
    assert paused(posted) == (MAIL,)
    assert len(posted.messages(kind="notice")) == 1
    with posted.database.reading() as session:
        assert standing.report(session)["paused_channels"] == [MAIL]


def test_a_channel_of_a_watch_that_was_removed_is_nobodys_trouble(posted: PostRoom) -> None:
    note(posted, postfix(mails(posted)[0]))
    with posted.database.writing() as session:
        watches.remove(session, listing.listed(session)[0]["id"], now=posted.clock())
    assert paused(posted) == ()
    with posted.database.reading() as session:
        assert standing.report(session)["paused_channels"] == []


def test_of_several_readers_in_a_report_only_ours_counts(posted: PostRoom) -> None:
    other = Fate(addresses=frozenset({"other@example.org"}), status="5.1.1", permanent=True, said="")
    late = Fate(addresses=frozenset({READER}), status="4.2.2", permanent=False, said="")
    report = bounces.Report(messages=((mails(posted)[0], HOST),), fates=(other, late))
    with posted.database.writing() as session:
        noted = returned.note(session, report, host=HOST, now=posted.clock())
    assert (noted.status, noted.paused) == ("4.2.2", False)
