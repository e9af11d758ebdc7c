"""A message as a mail: plain text and HTML, with the headers that let programs thread, filter and end it.

The templates are our own: none is taken from a user, so that nothing in a watch or a page can run.
"""

from __future__ import annotations

import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from alerts import texts
from alerts.words import load
from scraper import text

if TYPE_CHECKING:
    from jinja2 import Template

    from alerts.items import Message

_POLICY = SMTP.clone(raise_on_defect=False)
_DOCUMENTS = 20
_ID = re.compile(r"[^A-Za-z0-9._-]")


def letter(message: Message, *, to: str, sender: str, host: str) -> EmailMessage:
    """The mail of a message. `sender` is an address with or without a name; `host` is what our ids are made unique by.

    Its Message-ID is the message's id, the same at each attempt; what it replies to is the record's thread, so that
    mail programs show together what became of one record.
    """
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = sender
    local, _, domain = to.rpartition("@")
    mail["To"] = Address(username=local, domain=domain)
    mail["Subject"] = texts.subject(message)
    mail["Date"] = format_datetime(message.at)
    mail["Message-ID"] = f"<{_plain(message.id)}@{host}>"
    thread = f"<thread.{_plain(message.thread)}@{host}>"
    mail["In-Reply-To"] = thread
    mail["References"] = thread
    # RFC 2919; RFC 3834: no holiday notice answers what a program sent.
    mail["List-Id"] = f"<{_plain(message.watch)}.watch.{host}>"
    mail["Auto-Submitted"] = "auto-generated"
    _let_unsubscribe(mail, message, sender)
    plain, html = bodies(message)
    # Base64: Vietnamese as quoted-printable is longer, and its lines are no easier to read.
    mail.set_content(plain, cte="base64")
    mail["Content-Language"] = message.language
    mail.add_alternative(html, subtype="html", cte="base64")
    return mail


def _let_unsubscribe(mail: EmailMessage, message: Message, sender: str) -> None:
    """The way out, for mail programs: one click (RFC 8058: by https only), else a page or a mail (RFC 2369)."""
    url = texts.link(message.unsubscribe)
    if url and url.isascii():
        mail["List-Unsubscribe"] = f"<{url}>"
        if urlsplit(url).scheme == "https":
            mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        return
    spec = sender.rpartition("<")[2].rstrip(">")
    mail["List-Unsubscribe"] = f"<mailto:{quote(spec, safe='@+')}?subject=unsubscribe%20{quote(_plain(message.watch))}>"


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
