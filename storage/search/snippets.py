"""The stretch of a record's text that a hit is shown with. Pure."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from storage.search import query as queries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.models import ArticleVersion
    from storage.search.query import Term

_SNIPPET = 240


def body(version: ArticleVersion) -> str:
    """The text of a record that its snippet is taken from: its body, captions, and names of its documents."""
    captions = [image["caption"] for image in version.images if image["caption"]]
    return "\n".join(filter(None, [version.body_text, *captions, *(one["title"] for one in version.attachments)]))


def snippet(text: str, wanted: Sequence[Term]) -> str:
    """The stretch of a text where most of the query stands: escaped HTML with the hits in `<mark>`."""
    found = queries.marks(text, wanted)
    start = _best_start(found)
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
    for left, right in found:
        if left < place or right > end:
            continue
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
