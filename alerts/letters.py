"""A message as a mail: plain text and HTML, with the headers that let programs thread, filter and end it.

The templates are our own: none is taken from a user, so that nothing in a watch or a page can run.
"""

from __future__ import annotations

import re
from email.header import Header
from email.headerregistry import HeaderRegistry
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr, parseaddr
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from alerts import texts
from alerts.address import bare
from alerts.words import load
from scraper import text

if TYPE_CHECKING:
    from email.headerregistry import BaseHeader
    from email.policy import Policy
    from typing import Self

    from jinja2 import Template

    from alerts.items import Message

_DOCUMENTS = 20
_LONGEST_LINE = 990  # RFC 5322 §2.1.1: 998, with colon and space
_ID = re.compile(r"[^A-Za-z0-9._-]")


class _Headers(HeaderRegistry):
    """The library's, which makes a new class for each header of each mail: here each is made once."""

    def __init__(self) -> None:
        super().__init__()
        self._made: dict[str, type[BaseHeader]] = {}

    def __getitem__(self, name: str) -> type[BaseHeader]:
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = super().__getitem__(name)
        return made


_POLICY = SMTP.clone(header_factory=_Headers())


def letter(message: Message, *, to: str, sender: str, host: str) -> EmailMessage:
    """The mail of a message. `sender` is an address with or without a name; `host` is what our ids are made unique by.

    Its Message-ID is the message's id, the same at each attempt; what it replies to is the record's thread, so that
    mail programs show together what became of one record.
    """
    mail = EmailMessage(policy=_POLICY)
    # The bodies first: to make a part of what has headers takes them all apart again. Base64, because Vietnamese as
    # quoted-printable is longer, and its lines are no easier to read.
    plain, html = bodies(message)
    mail.set_content(plain, cte="base64")
    mail.add_alternative(html, subtype="html", cte="base64")
    subject = texts.subject(message)
    mail["From"] = _Ready("From", sender, f"From: {_sender(sender)}\r\n")
    mail["To"] = _ready("To", to)
    mail["Subject"] = _Ready("Subject", subject, f"Subject: {_encoded('Subject', subject)}\r\n")
    thread = f"<thread.{_plain(message.thread)}@{host}>"
    ready = {
        "Date": format_datetime(message.at),
        "Message-ID": f"<{_plain(message.id)}@{host}>",
        "In-Reply-To": thread,
        "References": thread,
        "List-Id": f"<{_plain(message.watch)}.watch.{host}>",  # RFC 2919
        "Auto-Submitted": "auto-generated",  # RFC 3834: no holiday notice answers it
        "Content-Language": message.language,
        **_unsubscribing(message, sender),
    }
    for name, value in ready.items():
        mail[name] = _ready(name, value)
    return mail


class _Ready(str):
    """A header's value that the library takes as it is: it need not be parsed, and is written as `written` says."""

    __slots__ = ("name", "written")

    def __new__(cls, name: str, value: str, written: str) -> Self:
        """The value of a header of this name, and how it is written, line ends included."""
        made = super().__new__(cls, value)
        made.name, made.written = name, written
        return made

    name: str
    written: str

    def fold(self, *, policy: Policy) -> str:  # noqa: ARG002 - the library's interface
        """The header as it is written."""
        return self.written


def _ready(name: str, value: str) -> _Ready:
    """A header of ours on one line. Raises ValueError for what is not ASCII, or too long.

    The library would part a long address from its header's name, which some programs cannot read.
    """
    if not value.isascii() or not value.isprintable() or len(name) + len(value) > _LONGEST_LINE:
        raise ValueError(f"{name} is no header of one line")
    return _Ready(name, value, f"{name}: {value}\r\n")


@lru_cache(maxsize=256)
def _encoded(name: str, words: str) -> str:
    """Words in any language as a header of this name has them (RFC 2047), cached: one event goes to many readers.

    All of it is encoded, or nothing: readers drop the space between two encoded words (§6.2), and Python 3.11's own
    folding of mixed ones loses it, so that "yêu nước năm" arrives as "yêu nướcnăm".
    """
    charset = "us-ascii" if words.isascii() and "=?" not in words else "utf-8"
    return Header(words, charset, header_name=name).encode(linesep="\r\n")


@lru_cache(maxsize=16)
def _sender(sender: str) -> str:
    """An address with or without a name before it, as a header has it."""
    name, address = parseaddr(sender)
    return formataddr((name, address)) if name.isascii() else f"{_encoded('From', name)} <{address}>"


def _unsubscribing(message: Message, sender: str) -> dict[str, str]:
    """The way out, for mail programs: one click (RFC 8058: by https only), else a page or a mail (RFC 2369)."""
    url = texts.link(message.unsubscribe)
    if url and url.isascii():
        one_click = {"List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
        return {"List-Unsubscribe": f"<{url}>"} | (one_click if urlsplit(url).scheme == "https" else {})
    return {
        "List-Unsubscribe": f"<mailto:{quote(bare(sender), safe='@+')}?subject=unsubscribe%20{_plain(message.watch)}>"
    }


def bodies(message: Message) -> tuple[str, str]:
    """A message as plain text and as HTML."""
    words = load(message.language)
    given: dict[str, Any] = {
        "message": message,
        "t": words,
        "subject": texts.subject(message),
        "headline": texts.headline(message),
        "query": texts.query(message),
        "single": message.happenings[0] if message.kind == "event" and len(message.happenings) == 1 else None,
        "groups": texts.groups(message.happenings),
        "left_out": texts.left_out(message),
        "most_documents": _DOCUMENTS,
        "due": lambda happening: texts.due(happening, words),
        "title": lambda one: texts.title(one, words),
        "passages": lambda one: texts.passages(one, words),
    }
    return _template("letter.txt").render(given).lstrip("\n"), _template("letter.html").render(given)


@cache
def _template(name: str) -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=name.endswith(".html"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"line": text.clean, "lines": text.clean_lines, "link": texts.link}
    return environment.get_template(name)


def _plain(name: str) -> str:
    """A name of ours as it may stand in an id; it is one already, but for what a fault would let in."""
    return _ID.sub("-", name) or "-"
