"""Which procedure takes another's place, where a list or a page says so with its code. Pure.

Decisions list a replaced procedure beside the one that stands in for it ("Mã số TTHC được thay thế", "Mã số TTHC thay
thế"), or say it in a note ("thay thế thủ tục 1.001234"; Decree 63/2010/NĐ-CP, art. 14). Names alone are no evidence,
nor is a column that does not say which of two procedures goes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scraper import legal, tables
from scraper.items import Instead, Procedure
from scraper.text import clean, fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_OF_IT = r"(?:thu tuc|tthc)(?: hanh chinh)?"
_SUCCESSOR = re.compile(
    rf".*(?<![a-z]){_OF_IT} (?:moi )?thay the|(?:.* )?(?:duoc |bi )?thay the (?P<by>bang|boi)(?![a-z]).*"
)
_PREDECESSOR = re.compile(rf".*(?<![a-z]){_OF_IT}(?: cu)? (?:duoc|bi) thay the")
_BY = re.compile(r"(?:(?<![a-z])(?:duoc|bi) )?thay the (?:bang|boi)(?![a-z])")
_FOR = re.compile(rf"(?<!duoc )(?<!bi )(?<![a-z])thay the (?:cho )?(?:cac |nhung )?{_OF_IT}(?![a-z])")
_INSTEAD = re.compile(r"(?<![a-z])(?:bang|boi)(?![a-z])")
_ENDS = re.compile(r"[;\n]|\.(?!\d)")
_LONGEST = 600
"""Letters of a text that may say it: longer ones tell how a procedure goes, and not what becomes of it."""
_SHORTEST_NAME = 8


@dataclass(frozen=True, slots=True)
class _Said:
    """A procedure's code that stands in a place of the page's words, `after` saying that it comes after the other."""

    code: str
    after: bool
    words: str
    name: str


def linked(rows: Iterable[Procedure]) -> tuple[Procedure, ...]:
    """The rows with the codes of those that they replace or are replaced by, and with rows for these.

    What stands in for a replaced procedure is new by the same decision, and what a new one stands in for is replaced,
    with the words that say so, unless a row of its own says what becomes of it. Rows that were linked stay as they are.
    """
    found = [_linked(row) for row in rows]
    told = {row.code for row, _ in found if row.change}
    whole = [row for row, _ in found]
    for row, said in found:
        for one in said if row.change and row.code else ():
            if one.code not in told:
                told.add(one.code)
                whole.append(_beside(row, one))
    return tuple(whole)


def alone(one: Procedure) -> Procedure:
    """A procedure that a page is about, with the codes of those that it replaces or is replaced by."""
    return _with(one, list(_said(one)))


def _linked(row: Procedure) -> tuple[Procedure, list[_Said]]:
    row = _turned(row)
    said = list(_said(row))
    if row.change == "replaced" and said and not any(one.after for one in said):
        row = replace(row, change="new", evidence=said[0].words)  # under a heading of both, it is the one that comes
    return _with(row, said), said


def _turned(row: Procedure) -> Procedure:
    """A row of a table of pairs whose first column names the one that comes: it tells of the one that goes."""
    columns = {which: _named(row, which) for which in (_SUCCESSOR, _PREDECESSOR)}
    new, old = columns[_SUCCESSOR], columns[_PREDECESSOR]
    if row.change != "replaced" or not new or not old or row.code != new[0] or row.code == old[0]:
        return row
    return replace(row, code=old[0], name=old[1] or row.name)


def _named(row: Procedure, which: re.Pattern[str]) -> tuple[str, str] | None:
    """The code and the name that columns with such a label give."""
    cells = [(fold(label), said) for label, said in row.raw if which.fullmatch(fold(label).strip(" :"))]
    codes = [code for _, said in cells for code in legal.codes(said)]
    if len(set(codes)) != 1:
        return None
    names = [clean(said) for label, said in cells if label.startswith("ten")]
    return codes[0], names[0] if len(names) == 1 else tables.named("", cells[0][1])[1]


def _with(row: Procedure, said: Iterable[_Said]) -> Procedure:
    later = {one.code: one for one in row.replaced_by}
    former = {one.code: one for one in row.replaces}
    for one in said:
        (later if one.after else former).setdefault(one.code, Instead(code=one.code, evidence=one.words))
    return replace(row, replaced_by=tuple(later.values()), replaces=tuple(former.values()))


def _beside(row: Procedure, said: _Said) -> Procedure:
    """The other procedure of a pair, by the same decision."""
    own = (Instead(code=row.code, evidence=said.words),) if row.code else ()
    return Procedure(
        code=said.code, name=said.name, field=row.field, levels=row.levels, decision=row.decision,
        effective_from=row.effective_from, change="new" if said.after else "replaced", evidence=said.words,
        replaces=own if said.after else (), replaced_by=() if said.after else own, raw=row.raw,
    )  # fmt: skip


def _said(row: Procedure) -> Iterator[_Said]:
    """What a row's labels and texts say, each other procedure once."""
    seen = {row.code}
    for label, value in row.raw:
        if len(value) > _LONGEST:
            continue
        folded = fold(label).strip(" :")
        for code, after, name in _of(folded, value, row):
            if code not in seen:
                seen.add(code)
                line = next((line for line in value.splitlines() if code in legal.codes(line)), value)
                yield _Said(code, after, clean(f"{label}: {line}" if label else line), name)


def _of(label: str, value: str, row: Procedure) -> Iterator[tuple[str, bool, str]]:
    """The codes under one label, whether each comes after the row's own procedure, and its name."""
    for which, after in ((_PREDECESSOR, False), (_SUCCESSOR, True)):
        found = which.fullmatch(label)
        if found and (row.change in {"replaced", "abolished"} or found.groupdict().get("by")):
            named = _named(row, which)
            for code in legal.codes(value):
                yield code, after, named[1] if named and named[0] == code else ""
            return
    for code, after in _sentences(fold(f"{label}: {value}" if label else value), row.code):
        yield code, after, ""


def _sentences(folded: str, own: str | None) -> Iterator[tuple[str, bool]]:
    for found in (*_BY.finditer(folded), *_FOR.finditer(folded)):
        end = _ENDS.search(folded, found.end())
        rest = folded[found.end() : end.start() if end else None]
        before, after = "", rest
        if found.re is _FOR:
            instead = _INSTEAD.search(rest)
            before, after = (rest[: instead.start()], rest[instead.end() :]) if instead else (rest, "")
        old, new = legal.codes(before), legal.codes(after)
        if found.re is _BY or own in old:
            yield from ((code, True) for code in new)
        elif not new or own in new:
            yield from ((code, False) for code in old)
