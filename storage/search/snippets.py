"""The stretch of a record's text that a hit is shown with. Pure."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from storage.search import marking

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row

    from storage.search.query import Term

_SNIPPET = 240


def body(row: Row[*tuple[Any, ...]]) -> str:
    """The text of a record that its snippet is taken from: its body, captions, and names of its documents."""
    captions = [image["caption"] for image in row.images if image["caption"]]
    return "\n".join(filter(None, [row.body_text, *captions, *(one["title"] for one in row.attachments)]))


def snippet(text: str, wanted: Sequence[Term]) -> str:
    """The stretch of a text where most of the query stands: escaped HTML with the hits in `<mark>`."""
    start = _best_start(marking.near(text, wanted))
    if start > 60:
        first = max(text.rfind("\n", 0, start), text.rfind(". ", 0, start) + 1, start - 60)
        if text[first] not in "\n ":
            first = text.find(" ", first, start)  # not in the middle of a word
        start = first if first >= 0 else start
    else:
        start = 0
    end = min(len(text), start + _SNIPPET)
    if end < len(text):
        end = max(text.rfind(" ", start, end), start + _SNIPPET // 2)
    parts = ["… " if start else ""]
    place = start
    for left, right in ((start + left, start + right) for left, right in marking.marks(text[start:end], wanted)):
        parts += [html.escape(text[place:left]), "<mark>", html.escape(text[left:right]), "</mark>"]
        place = right
    parts += [html.escape(text[place:end]), " …" if end < len(text) else ""]
    return " ".join("".join(parts).split())


def _best_start(found: Sequence[tuple[int, int]]) -> int:
    """Where a stretch begins that holds the most of the text that was found; the first of equals."""
    best = start = covered = after = 0
    for place, (left, right) in enumerate(found):
        if after <= place:
            covered, after = 0, place
        while after < len(found) and found[after][1] <= left + _SNIPPET - 60:
            covered += found[after][1] - found[after][0]
            after += 1
        if covered > best:
            best, start = covered, left
        covered -= right - left
    return start
