"""The page that lists procedures, as they stand today or stood on any day."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self, get_args

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from scraper import text
from scraper.items import VIETNAM, Level
from storage.procedure_lists import Wanted
from storage.search.language import MOST_LETTERS
from storage.timeline import CHANGES, STATES
from web import present
from web.api import Open
from web.pages import GET, PER_PAGE, day, page

LEVELS: tuple[Level, ...] = get_args(Level)
_DEEPEST = 10_000
"""Pages of the list that can be asked for."""

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What the form asked for, as it stands in the address."""

    q: str = ""
    state: str = ""
    change: str = ""
    field: str = ""
    level: str = ""
    source: str = ""
    since: str = ""
    as_of: str = ""
    page: str = ""

    @classmethod
    def read(cls, request: Request) -> Self:
        """From the address; a word that is on no list asks for nothing."""
        given = {
            name: text.clean(request.query_params.get(name, "")[: 2 * MOST_LETTERS])[:MOST_LETTERS]
            for name in cls.__slots__
        }
        for name, known in (("state", STATES), ("change", CHANGES), ("level", LEVELS)):
            if given[name] not in known:
                given[name] = ""
        return cls(**given)

    @property
    def filtered(self) -> bool:
        """Whether anything but the words and the day narrows the list."""
        return any((self.state, self.change, self.field, self.level, self.source, self.since))

    @property
    def number(self) -> int:
        """Which page of the list, counted from 1."""
        said = self.page
        return min(max(int(said), 1), _DEEPEST) if said.isascii() and said.isdigit() and len(said) < 9 else 1

    def link(self, **changes: str) -> str:
        """The address of this list with something else about it; from its first page, unless one is given."""
        asked = replace(self, **{"page": "", **changes})
        return "/procedures" + present.query((name, getattr(asked, name)) for name in asked.__slots__)


@router.api_route("/procedures", methods=GET)
def procedures(request: Request, archive: Open) -> HTMLResponse:
    """All procedures, filtered, as of a day."""
    asked = Asked.read(request)
    since, as_of = day(asked.since), day(asked.as_of)
    problems = [
        (key, said)
        for key, said, read in (("bad.since", asked.since, since), ("bad.as_of", asked.as_of, as_of))
        if said and read is None
    ]
    total, found = 0, list[dict[str, Any]]()
    today = datetime.now(VIETNAM).date()
    if not problems:
        wanted = Wanted(
            as_of=as_of or today, typed=asked.q, state=asked.state or None, change=asked.change or None,
            field=asked.field or None, level=asked.level or None, source=asked.source or None, since=since,
        )  # fmt: skip
        total, found = archive.procedures(wanted, limit=PER_PAGE, offset=(asked.number - 1) * PER_PAGE)
    return page(
        request, "procedures.html", 400 if problems else 200, asked=asked, since=since, as_of=as_of, today=today,
        problems=problems, total=total, found=found, fields=archive.fields(), sources=archive.overview().sources,
        states=STATES, changes=CHANGES, levels=LEVELS, more=total > asked.number * PER_PAGE, source_name=archive.name,
    )  # fmt: skip
