"""Addresses of articles: written from a number and a title, and read back to the number without any table.

The six "random" characters at the end of an address are the article's number, scrambled. So a portal of 20,000
articles starts at once: nothing has to be generated before its address is asked for.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
TAIL_LENGTH = 6
_TAILS = len(ALPHABET) ** TAIL_LENGTH
_IDS, _FIRST_ID = 900_000, 100_000
# A multiplier without a common factor with the range makes number -> tail one-to-one and thus reversible.
_STEP, _SHIFT = 1_234_567_891, 987_654_321
_ID_STEP = 7_919
_STEP_BACK = pow(_STEP, -1, _TAILS)
_ID_STEP_BACK = pow(_ID_STEP, -1, _IDS)

_NEW_STYLE = re.compile(r"-(\d{6})\.aspx$")
_OLD_STYLE = re.compile(r"([0-9a-z]{6})\.aspx$")
_NOT_WORD = re.compile(r"[^0-9A-Za-z]+")
_SLUG_LENGTH = 130


def ascii_slug(text: str) -> str:
    """The text in plain letters, words joined by hyphens.

    >>> ascii_slug("Cải cách hành chính: Đợt 2")
    'Cai-cach-hanh-chinh-Dot-2'
    """
    plain = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D")).encode("ascii", "ignore").decode()
    return _NOT_WORD.sub("-", plain)[:_SLUG_LENGTH].strip("-")


def old_style(number: int, title: str, published: datetime) -> str:
    """An address as SharePoint made them first: unpadded date folder, random tail glued to the title."""
    value = (number * _STEP + _SHIFT) % _TAILS
    tail = ""
    for _ in range(TAIL_LENGTH):
        value, digit = divmod(value, len(ALPHABET))
        tail = ALPHABET[digit] + tail
    folder = f"{published.year}-{published.month}-{published.day}"
    return f"/portal/Pages/{folder}/{ascii_slug(title)}{tail}.aspx"


def new_style(number: int, title: str, published: datetime) -> str:
    """An address of the newer kind: padded date folder, small letters, a numeric id after a hyphen."""
    identity = _FIRST_ID + number * _ID_STEP % _IDS
    return f"/portal/pages/{published:%Y-%m-%d}/{ascii_slug(title).lower()}-{identity}.aspx"


def candidates(path: str) -> list[int]:
    """The article numbers an address may stand for; the caller compares the whole address."""
    lowered = path.lower()
    found: list[int] = []
    if not lowered.startswith("/portal/pages/"):
        return found
    if match := _NEW_STYLE.search(lowered):
        found.append((int(match[1]) - _FIRST_ID) * _ID_STEP_BACK % _IDS)
    if match := _OLD_STYLE.search(lowered):
        found.append((int(match[1], len(ALPHABET)) - _SHIFT) * _STEP_BACK % _TAILS)
    return found
