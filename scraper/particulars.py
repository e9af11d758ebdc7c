"""A page about one document: its number, subject, issuer and dates under labels, in a table or any other layout. Pure.

Portals show a legal document as such a record with the file beside it, and often there is no other text on the page.
The labels are those of VNPT's and VHV's records, and other wordings of the same: they are known by their words, and a
value is what stands beside one.
"""

from __future__ import annotations

import copy
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

from scraper import labels
from scraper.selectors import drop, said
from scraper.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lxml.etree import _Element as Element

_WORDINGS = {
    "number": "so ky hieu, so hieu, so van ban, ky hieu, so ky hieu van ban, so hieu van ban, so cong van, ma van ban",
    "title": "trich yeu, trich yeu noi dung, noi dung trich yeu, trich yeu van ban, tieu de van ban, ten van ban, "
    "tieu de, ten tai lieu",
    "issued": "ngay ban hanh, ngay ky, ngay van ban, ngay ban hanh van ban, thoi gian ban hanh",
    "file": "van ban dinh kem, tai lieu dinh kem, file dinh kem, tep dinh kem, tep tin dinh kem, tap tin dinh kem, "
    "dinh kem, file van ban, tep van ban, tai ve, tai van ban",
    "": "co quan ban hanh, don vi ban hanh, noi ban hanh, cap ban hanh, nam ban hanh, nguoi ban hanh, loai van ban, "
    "kieu van ban, hinh thuc van ban, the loai van ban, nhom van ban, loai tai lieu, linh vuc, linh vuc van ban, "
    "ngay hieu luc, ngay co hieu luc, ngay het hieu luc, hieu luc, tinh trang hieu luc, trang thai hieu luc, "
    "tinh trang, trang thai, ngay dang, ngay cong bao, so cong bao, nguoi ky, chuc danh, chuc vu nguoi ky, pham vi, "
    "noi nhan, mo ta, do khan",
}
_FIELDS = {key: name for name, keys in _WORDINGS.items() for key in keys.split(", ")}
_FEWEST = 4
"""Labels that make a record: a line of news may well begin with one."""
_MOST = 200
"""A page with more has a list of many."""
_LONGEST_LABEL = 40
_FRAME = frozenset({"html", "body", "form"})
_FOREIGN = ("nav", "header", "footer", "aside", "select", "textarea", "input")
"""What no record holds, but a page around one, and the form of a search that has the same labels."""
_UNSEEN = frozenset({"script", "style", "noscript", "template", "title", "option", "button", "a"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """What a page shows of its document.

    `place` is the element that holds it, and `field` a copy without subject, files and counts of visits. `issued` is
    as the page prints it. `title` and `issued` are empty where they are not told.
    """

    place: Element
    field: Element
    title: str
    issued: str


@dataclass(frozen=True, slots=True, eq=False)
class _Label:
    """An element that begins with a label: its words as they stand, and as they are compared, and what they mean."""

    element: Element
    words: str
    key: str
    field: str


def read(root: Element) -> Record | None:
    """The record that a page is about; None where it shows none, or several."""
    found = list(islice(_labels(root), _MOST + 1))
    if not _FEWEST <= len(found) <= _MOST:
        return None
    held = Counter(around for one in found for around in (one.element, *one.element.iterancestors()))
    numbers = [one for one in found if one.field == "number" and any(map(str.isdigit, _row(one, held)[2]))]
    places = dict.fromkeys(place for one in numbers if (place := _place(one, found, held)) is not None)
    return _record(next(iter(places)), found, held) if len(places) == 1 else None


def _labels(root: Element) -> Iterator[_Label]:
    for element in root.iter():
        words = element.text
        if not words or not isinstance(element.tag, str) or element.tag in _UNSEEN or words.isspace():
            continue
        begin = clean(words.partition(":")[0])
        if len(begin) <= _LONGEST_LABEL and (field := _field(key := labels.key(begin))) is not None:
            yield _Label(element, begin, key, field)


@lru_cache(maxsize=1024)
def _field(key: str) -> str | None:
    return "counter" if labels.is_counter(key) else _FIELDS.get(key)


def _place(number: _Label, found: Sequence[_Label], held: Counter[Element]) -> Element | None:
    """The element that holds the record of a number; None where that holds more than a record.

    It is the smallest one with enough labels, and grows while all that stands beside it has labels, too: records are
    set in two columns.
    """
    place = next((one for one in number.element.iterancestors() if held[one] >= _FEWEST), None)
    if place is None or sum(1 for _ in _others(place, held)) > sum(1 for part in place if held[part]):
        return None
    while (parent := place.getparent()) is not None and parent.tag not in _FRAME and not any(_others(parent, held)):
        place = parent
    keys = [one.key for one in found if place in one.element.iterancestors()]
    whole = len(set(keys)) == len(keys) and place.tag not in _FRAME
    return place if whole and next(place.iter(*_FOREIGN), None) is None else None


def _others(element: Element, held: Counter[Element]) -> Iterator[str]:
    """What the parts of an element say that hold no label."""
    for part in element:
        if not held[part] and isinstance(part.tag, str) and part.tag not in _UNSEEN and (words := said(part)):
            yield words


def _own(label: _Label, held: Counter[Element]) -> Element:
    """The element that is a label's alone: its row, or its cell where the row has more than a label and a value."""
    own = label.element
    while (parent := own.getparent()) is not None and held[parent] == 1 and parent.tag not in _FRAME:
        if sum(1 for _ in _others(parent, held)) > 1:
            break
        own = parent
    return own


def _row(label: _Label, held: Counter[Element]) -> tuple[Element, Element | None, str]:
    """The element that is a label's alone, the one beside it where that holds the value, and the value."""
    own = _own(label, held)
    inside = said(own).partition(label.words)[2].strip(" :") or clean(own.tail or "").strip(" :")
    if inside or sum(1 for child in own if child.tag != "br") > 1:  # an empty cell is a value, too
        return own, None, inside
    beside = own.getnext()
    return (own, beside, said(beside)) if beside is not None and not held[beside] else (own, None, "")


def _record(place: Element, found: Sequence[_Label], held: Counter[Element]) -> Record:
    rows = [(one, *_row(one, held)) for one in found if place in one.element.iterancestors()]
    title, issued = (
        next((value for one, _, _, value in rows if one.field == wanted and value), "")
        for wanted in ("title", "issued")
    )
    field = copy.deepcopy(place)
    twins = dict(zip(place.iter(), field.iter(), strict=True))
    for one, own, beside, value in rows:
        if one.field in {"file", "counter"} or (one.field == "title" and value in {"", title}):
            if clean(own.tail or "").strip(" :") == value:
                twins[own].tail = None
            for element in (own, beside):
                if element is not None:
                    drop(twins[element])
    return Record(place=place, field=field, title=title, issued=issued)
