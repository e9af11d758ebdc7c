"""A message for a chat: short, with links, in the few tags that Telegram knows, or in none. Pure."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from alerts import texts
from alerts.words import load
from scraper import text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alerts.items import Happening, Message
    from alerts.words import Words

LONGEST = 4_096
"""Characters of a Telegram message, when its tags and entities are read (Bot API, sendMessage)."""

_TITLE = 1_200
_LISTED_TITLE = 250
_PASSAGE = 500
_DOCUMENTS = 5
_MOST_LISTED = 25
"""Each has a link or two, and Telegram reads a hundred entities of a message and no more."""
_FIELDS = 5
_CALL = re.compile(r"([@!])(?=(?i:everyone|here|channel|all|room)\b|[&!]?[A-Z0-9]{7,}\b|[^\s|>]+[|>])")
"""What calls people in Slack, Discord, Mattermost and others."""
_SIGNS = {"+": Markup("<u>{}</u>"), "-": Markup("<s>{}</s>"), "=": Markup("{}")}


def length(marked: Markup) -> int:
    """How long Telegram takes a text to be: in UTF-16 code units, without tags, its entities read.

    >>> length(Markup("<b>a &amp; b</b> 𝄞"))
    8
    """
    bare = "".join(piece.partition(">")[2] if place else piece for place, piece in enumerate(marked.split("<")))
    return len(unescape(bare).encode("utf-16-le", "surrogatepass")) // 2


def chat(message: Message, most: int = LONGEST) -> Markup:
    """A message in Telegram's HTML, no longer than it takes: what does not fit is left to a link."""
    words = load(message.language)
    single = message.kind == "event" and len(message.happenings) == 1
    head = _head(message, words)
    foot = _foot(message, words)
    if single:
        blocks = list(_told(message.happenings[0], words))
    else:
        blocks = [_listed(one, words) for one in message.happenings[:_MOST_LISTED]]
    blocks += [escape(words.count("letter.noted", count, source=text.clean(source))) for source, count in message.noted]
    return _fitted(head, blocks, foot, message, words, most, listed=not single)


def brief(message: Message, most: int = 1_500) -> tuple[str, str]:
    """A message as a title and a few lines without any mark, for services that know none."""
    words = load(message.language)
    lines = [] if message.kind in {"event", "digest"} else [text.clean_lines(message.said) or words("letter.test_said")]
    for one in message.happenings[:_MOST_LISTED]:
        about = words.word("kind_of_event", one.kind)
        lines.append(f"{about}: {texts.title(one, words, _LISTED_TITLE)} ({text.clean(one.source_name)})")
        lines.append(texts.link(one.page) or texts.link(one.url))
    for source, count in message.noted:
        lines.append(words.count("letter.noted", count, source=text.clean(source)))
    kept: list[str] = []
    for line in filter(None, lines):
        if sum(len(one) + 1 for one in kept) + len(line) > most:
            break
        kept.append(line)
    if len(kept) < len([*filter(None, lines)]) or texts.left_out(message):
        kept.append(f"{words('letter.see_all')}: {texts.link(message.search)}" if texts.link(message.search) else "…")
    kept.append(f"{words('letter.why')} {texts.shorter(texts.query(message), 200)}")
    return _calling_nobody(texts.subject(message)), _calling_nobody("\n".join(kept))


def _calling_nobody(said: str) -> str:
    """A text that wakes nobody: a portal's title must not call a whole channel. A word joiner parts what would."""
    return _CALL.sub("\\1\u2060", said)


def _head(message: Message, words: Words) -> Markup:
    said = f"{words('letter.again')} " if message.again else ""
    head = Markup("{}<b>{}</b>").format(said, texts.shorter(texts.headline(message), 200))
    if message.kind == "notice":
        return head + "\n" + escape(texts.shorter(text.clean_lines(message.said), 2_500))
    if message.kind == "test":
        return head + "\n" + escape(words("letter.test_said"))
    return head


def _foot(message: Message, words: Words) -> Markup:
    foot = Markup("<i>{} {}</i>").format(words("letter.why"), texts.shorter(texts.query(message), 200))
    if url := texts.link(message.manage):
        foot += Markup(' <a href="{}">{}</a>').format(url, words("letter.manage"))
    return foot


def _told(one: Happening, words: Words) -> Iterator[Markup]:
    """One event at length: what is told first is what is left when there is no room."""
    yield Markup("<b>{}</b>\n{}").format(texts.title(one, words, _TITLE), _where(one, words))
    if links := _links(one, words):
        yield links
    yield from (Markup("⏰ {}").format(line) for line in texts.due(one, words))
    passages = texts.passages(one, words, _PASSAGE)
    for field, parts in passages[:_FIELDS]:
        said = Markup("").join(_SIGNS[sign].format(some) for sign, some in parts[:12])
        yield Markup("<b>{}</b>: {}").format(field, said)
    if len(passages) > _FIELDS:
        yield escape(words.count("letter.more", len(passages) - _FIELDS))
    for name, url in one.documents[:_DOCUMENTS]:
        shown = texts.shorter(text.clean(name), 200) or texts.shorter(text.clean(url), 200)
        yield Markup('📎 <a href="{}">{}</a>').format(url, shown) if texts.link(url) else Markup("📎 {}").format(shown)
    if len(one.documents) > _DOCUMENTS:
        yield escape(words.count("letter.more_documents", len(one.documents) - _DOCUMENTS))
    if one.also:
        yield escape(texts.shorter(f"{words('letter.also')}: {', '.join(map(text.clean, one.also))}", 300))


def _listed(one: Happening, words: Words) -> Markup:
    about, url = texts.title(one, words, _LISTED_TITLE), texts.link(one.page) or texts.link(one.url)
    shown = Markup('<a href="{}">{}</a>').format(url, about) if url else escape(about)
    return Markup("• {}: {}\n{}").format(words.word("kind_of_event", one.kind), shown, _where(one, words))


def _where(one: Happening, words: Words) -> str:
    source = texts.shorter(text.clean(one.source_name) or one.source, 200)
    if one.published_at is None:
        return source
    return f"{source} · {words.moment(one.published_at, one.precision)}"


def _links(one: Happening, words: Words) -> Markup:
    links = (("letter.copy", texts.link(one.page)), ("letter.portal", texts.link(one.url)))
    return Markup(" · ").join(Markup('<a href="{}">{}</a>').format(url, words(key)) for key, url in links if url)


def _fitted(
    head: Markup, blocks: list[Markup], foot: Markup, message: Message, words: Words, most: int, *, listed: bool
) -> Markup:
    """Head, as many blocks as there is room for, a word on those that there is none for, and foot."""
    room = most - length(head) - length(foot) - 4 - 100  # 100 for the word on what is left out
    kept: list[Markup] = []
    for block in blocks:
        if (room := room - length(block) - 2) < 0:
            break
        kept.append(block)
    rest = texts.left_out(message)
    if listed:
        rest += max(0, len(message.happenings) - len(kept))
    if rest:
        said = words.count("letter.more", rest)
        url = texts.link(message.search)
        kept.append(Markup('<a href="{}">{}</a>').format(url, said) if url else escape(said))
    elif len(kept) < len(blocks):
        kept.append(Markup("…"))
    return Markup("\n\n").join([head, *kept, foot])
