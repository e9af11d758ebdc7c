"""Mail that came back: which message it was, to whom, and whether for good. Pure.

Mail servers report by RFC 3464, or in words of their own. Anyone may write such a mail: what is read here is a claim,
and `alerts.returned` believes only that of a message of ours about the reader whom it was for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.parser import BytesParser
from typing import TYPE_CHECKING

from scraper import text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message

LARGEST = 1 << 20
"""Bytes of a mail that are read: the report is its beginning, and the message that came back is its end."""
_MOST = 50
_LONGEST_SAID = 200
_ID = re.compile(r"<([a-z2-7]{16})@([A-Za-z0-9.-]{1,253})>")  # as alerts.letters makes them of scraper.urls.record_id
_MAILBOX = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,253}[A-Za-z0-9]")
_ENHANCED = re.compile(r"(?<![\w.])([45])\.([0-9]{1,3})\.([0-9]{1,3})(?![\w]|\.[0-9])")  # RFC 3463
_REPLY = re.compile(r"(?<![\w.:-])([45])[0-5][0-9](?=[ -])")  # RFC 5321 §4.2
_FOR_GOOD = re.compile(
    r"permanent (?:fatal )?error|(?:user|recipient|mailbox|address)(?: is)? (?:unknown|not found|does not exist)|"
    r"(?:unknown|no such) (?:user|recipient|mailbox|address)|no mailbox here by that name",
    re.IGNORECASE,
)
"""Words for a failure in reports that have no number for it; what is only late is told otherwise."""
_BELOW = re.compile(r"^(?:Return-Path|Received|Message-ID): ?", re.IGNORECASE | re.MULTILINE)
"""Where the message that came back begins, in a report that is one text."""
_ACTION = re.compile(r"(fail|error)|(delay)", re.IGNORECASE)
"""RFC 3464 §2.3.3 has `failed` and `delayed`; servers have `failure`, `error` and comments besides."""
_SYSTEM = re.compile(r"\b(?:mailer-daemon|postmaster)(?:@|\b)", re.IGNORECASE)
_OTHER_REPORTS = frozenset({"message/feedback-report", "message/disposition-notification"})
"""RFC 5965 and 8098: that a reader complains, or has read."""


class NoBounce(ValueError):
    """This mail reports no failure of a message of ours; the text says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fate:
    """What became of a message for one reader, by whichever of these addresses. `status` is one of RFC 3463."""

    addresses: frozenset[str]
    status: str
    permanent: bool
    said: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What a mail claims, of one of these messages: id and host of all Message-IDs in it that may be ours."""

    messages: tuple[tuple[str, str], ...]
    fates: tuple[Fate, ...]


def read(data: bytes) -> Report:
    """What a mail reports. Raises NoBounce for whatever is no report of a failure."""
    try:
        mail = BytesParser().parsebytes(data[:LARGEST])
        parts = list(mail.walk())
        kinds = {part.get_content_type() for part in parts}
        whole = "\n".join(map(_text, parts))
        status = [
            block for part in parts if part.get_content_type() == "message/delivery-status" for block in _in(part)
        ]
    except Exception:  # noqa: BLE001 - the library has many ways to trip on a mail that somebody made to trip it
        raise NoBounce("this is no mail that can be read") from None
    if kinds & _OTHER_REPORTS:
        raise NoBounce("this reports a complaint or that a mail was read, and no failure to deliver one")
    known = any(_field(block, "Action") for block in status)
    fates = _of_report(status) if known else _in_words(mail, parts)
    messages = dict.fromkeys((name, host.lower()) for name, host in _ID.findall(whole))
    return Report(messages=tuple(messages)[:_MOST], fates=fates)


def _of_report(blocks: list[Message]) -> tuple[Fate, ...]:
    """By RFC 3464 §2.3: a group of fields for each reader, after one about the whole."""
    fates = []
    for block in blocks:
        action = _ACTION.match(_field(block, "Action"))
        said = _typed(block, "Diagnostic-Code")
        stated = _field(block, "Status")
        status = _status(stated, said) or _status("", f"{stated} ")
        if action and status:
            addresses = [_typed(block, "Original-Recipient"), _typed(block, "Final-Recipient")]
            fates.append(_fate(addresses, status, said, permanent=bool(action[1])))
    if not fates:
        raise NoBounce("this reports no failure to deliver a mail")
    return tuple(fates)


def _in_words(mail: Message, parts: list[Message]) -> tuple[Fate, ...]:
    """A mail server's own words, in which stand the reader and what failed: those of qmail and of older ones."""
    nobody = _field(mail, "Return-Path") == "<>"
    if not nobody and not _SYSTEM.search(_field(mail, "From")):
        raise NoBounce("this mail is none of a mail server")
    leaves = (_body(part) for part in parts if part.get_content_type() == "text/plain")
    said = _BELOW.split(next(leaves, ""), maxsplit=1)[0]
    status = _status("", said) or ("5.0.0" if _FOR_GOOD.search(said) else "")
    if not status:
        raise NoBounce("this mail says with no status, and in no words that are known, that a message failed")
    addresses = _MAILBOX.findall(f"{_field(mail, 'X-Failed-Recipients')} {said}")
    line = next((line for line in said.splitlines() if _status("", line) or _FOR_GOOD.search(line)), "")
    return (_fate(addresses[:_MOST], status, line, permanent=True),)


def _fate(addresses: list[str], status: str, said: str, *, permanent: bool) -> Fate:
    return Fate(
        addresses=frozenset(one.strip(" <>").casefold() for one in addresses) - {""},
        status=status, permanent=permanent and status.startswith("5"), said=text.clean(said)[:_LONGEST_SAID],
    )  # fmt: skip


def _status(stated: str, said: str) -> str:
    """The status that says most: the server's words are often more exact than the field. Empty where there is none.

    >>> _status("5.0.0", "550 5.1.1 no such user"), _status("", "552 too much"), _status("2.0.0", "fine")
    ('5.1.1', '5.0.0', '')
    """
    first, second = _ENHANCED.search(stated), _ENHANCED.search(said)
    if first and not (second and first[0].endswith(".0.0") and second[1] == first[1]):
        return first[0]
    if second:
        return second[0]
    reply = _REPLY.search(said)
    return f"{reply[1]}.0.0" if reply else ""


def _field(part: Message, name: str) -> str:
    return " ".join(str(part.get(name, "")).split())


def _typed(block: Message, name: str) -> str:
    """A field's value without its type (RFC 3464 §2.1.2), which some servers leave out."""
    said = _field(block, name)
    kind, semicolon, value = said.partition(";")
    return value.strip() if semicolon and kind.strip().replace("-", "").isalnum() else said


def _in(part: Message) -> Iterator[Message]:
    """The groups of fields of a report, which the library has parted."""
    payload = part.get_payload()
    if isinstance(payload, list):
        yield from (block for block in payload if not isinstance(block, str))


def _text(part: Message) -> str:
    """A part's header and, where it holds no others, its text."""
    return "\n".join([*(f"{name}: {value}" for name, value in part.items()), _body(part)])


def _body(part: Message) -> str:
    payload = None if part.is_multipart() else part.get_payload(decode=True)
    return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
