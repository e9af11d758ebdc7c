"""Whether a page is no more its portal's: the domain has run out, and sells bets or itself (C20). Pure.

An article about gamblers who were arrested is none of that: it names one or two kinds of bets, and leads to none.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scraper.selectors import said

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

# With their accents: without them they are everyday words, too ("nhà cải tạo", "đời thường").
_BETS = re.compile(
    r"\b(?:nhà cái|cá cược|cá độ bóng|nổ hũ|tài xỉu|đổi thưởng|soi kèo|kèo nhà|xóc đĩa|bắn cá|đá gà trực tiếp|"
    r"lô đề online|game bài|casino|baccarat|slot game|jackpot|sportsbook|\w{0,8}bet\d{2,3}|\d{2,3}bet)\b"
)
_FOR_SALE = re.compile(
    r"domain(?: name)? (?:is|may be) for sale|buy this domain|(?:parked|parking) (?:free|domain|page)|domain parking|"
    r"tên miền này(?: đang)?(?: được)?(?: rao)? bán\b|tên miền này đã hết hạn"
)
_FEWEST_LINKS = 3
_FEWEST_KINDS = 4
_LONGEST_NOTICE, _LONGEST_MARKUP = 3_000, 12_000
"""Letters on a page that says no more than that its domain is for sale, and bytes of its markup."""
_CHINESE_LETTER = re.compile("[\u4e00-\u9fff]")
_CHINESE = bytes(range(0xE4, 0xEA))
"""First bytes of most letters that Chinese is written with, in UTF-8; no Vietnamese one begins so (0xC3 to 0xE1)."""
_FEWEST_LETTERS = 300


def evidence(root: Element, markup: bytes, url: str) -> str:
    """What gives a page away, in words; empty where nothing does. `markup` is clean UTF-8, `root` its tree.

    Its title and headings are looked at first: most pages are not looked at any further.
    """
    heads = " ".join(said(one) for one in root.iter("title", "h1")).lower()
    if _BETS.search(heads):
        links = [(_host(one.get("href") or ""), said(one).lower()) for one in root.iter("a")]
        bets = [(host, words) for host, words in links if _BETS.search(words) or _BETS.search(host)]
        foreign = sum(1 for host, _ in bets if host and host != _host(url))
        kinds = {kind for _, words in bets for kind in _BETS.findall(words)}
        if foreign >= _FEWEST_LINKS or len(kinds) >= _FEWEST_KINDS:
            return f"hijacked: {foreign} links to bets elsewhere under {heads[:120]!r}"
    if _CHINESE_LETTER.search(heads) and _is_chinese(markup):
        return f"hijacked: it is written in Chinese, under {heads[:120]!r}"
    words = said(root).lower() if len(markup) < _LONGEST_MARKUP else ""
    sale = _FOR_SALE.search(words) if len(words) < _LONGEST_NOTICE else None
    return f"hijacked: the page says {sale[0]!r}" if sale else ""


def _is_chinese(markup: bytes) -> bool:
    letters = len(markup) - len(markup.translate(None, _CHINESE))
    return letters >= _FEWEST_LETTERS and letters > 3 * (markup.count(0xE1) + markup.count(0xC4))


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
