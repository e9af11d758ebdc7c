"""What a spider may ask about the past. Storage answers it; a test hands over a `Blank`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from scraper import text
from scraper.items import NONE, Validators

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from scraper.items import Entry, Moment, NextPage


FEWEST_ROWS = 5
"""Rows that a listing must show before anything is made of how many of them are alike."""
FEWEST_DATED = 2
"""Rows that a listing must show before anything is made of how many of them show a date."""


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownListing:
    """A listing that was read before.

    `walked_at` is when the last walk that came to its end did so: entries first seen before it are settled. It is None,
    and there are no validators, where a walk was cut off: the next one must go all the way. `resume` says where a
    backfill of it stands: the number of the page that comes next, and the way there. It is `barren` where a look at it
    found lately that nothing is there and that it leads nowhere.

    `rows` is how many its first page had, `dated` how many of a hundred of them showed a date, `read_well` when a walk
    last came to its end, cut off since or not: what a reading is compared with. All are None if that is too long ago.
    """

    walked_at: datetime | None = None
    validators: Validators = NONE
    resume: tuple[int, NextPage] | None = None
    barren: bool = False
    rows: int | None = None
    dated: int | None = None
    read_well: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownPage:
    """A page of this source that was heard of before, and what listings said of it."""

    url: str
    canonical_url: str
    first_seen: datetime
    section: str | None = None
    owed: bool = False
    listed_title: str = ""
    listed: Moment | None = None
    validators: Validators = NONE


def dated_rows(entries: Sequence[Entry]) -> int | None:
    """Of a hundred rows, how many show a date; None where there are too few to tell."""
    if len(entries) < FEWEST_DATED:
        return None
    return 100 * sum(1 for entry in entries if entry.published) // len(entries)


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownDocument:
    """A document that a page of this source links to. One that is `resting` failed, and is to be left alone yet."""

    url: str
    canonical_url: str
    validators: Validators = NONE
    resting: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class UnreadDocument:
    """Bytes in the archive that are due for another reading; `scan` says that OCR is what they wait for."""

    digest: str
    url: str
    warc: str
    offset: int
    scan: bool = False


def moved(known: KnownPage, entry: Entry) -> bool:
    """Whether a listing now gives a page another title or date than it used to: the page has probably changed.

    A cut title is the same as a whole one that begins like it; what was not given before has not moved.
    """
    old, new = known.listed_title, entry.title
    renamed = bool(old and new) and not (text.same_title(new, old) or text.same_title(old, new))
    if entry.published is None or known.listed is None:
        return renamed
    minutes = entry.published.precision == known.listed.precision == "minute"
    if minutes:
        return renamed or entry.published.at != known.listed.at
    return renamed or entry.published.at.date() != known.listed.at.date()


class History(Protocol):
    """The past of one source, as one crawl of it needs it."""

    first_run: bool
    """No run of this source has yet come to its end: what is found is backfill, not news."""

    def known(self, canonical_urls: Collection[str]) -> dict[str, KnownPage]:
        """The pages among these that are known, by canonical address."""

    def called(self, titles: Collection[str], *, before: datetime) -> dict[str, KnownPage]:
        """Pages that were heard of before a time, by the title that listings gave them; one of each."""

    def listing(self, canonical_url: str) -> KnownListing:
        """What is known of a section, feed or sitemap."""

    def owed(self, *, rested: bool = False) -> Sequence[KnownPage]:
        """Pages that are owed a visit: heard of and never had, or failed and due again; with `rested`, not too soon."""

    def aging(self, *, all_pages: bool = False, most: int | None = None) -> Sequence[KnownPage]:
        """Pages to ask again for silent edits and withdrawals: a few (`most`), the longest unasked first; or all."""

    def documents(self, canonical_url: str) -> Sequence[KnownDocument]:
        """The documents that the record of this page links to."""

    def documents_owed(self) -> Sequence[KnownDocument]:
        """Documents that are owed a visit: heard of and never had, or failed and due again."""

    def unread(self, *, ocr: bool) -> Sequence[UnreadDocument]:
        """Documents that could not be read and are due for another try; with `ocr`, also the scans."""

    def held(self, document: UnreadDocument) -> tuple[bytes, str] | None:
        """A document's bytes as they came, and their content coding; None where the archive cannot give them."""


class Blank:
    """No past at all."""

    first_run = True

    def known(self, canonical_urls: Collection[str]) -> dict[str, KnownPage]:  # noqa: ARG002 - nothing is known
        """Nothing is known."""
        return {}

    def called(self, titles: Collection[str], *, before: datetime) -> dict[str, KnownPage]:  # noqa: ARG002 - none
        """None is known."""
        return {}

    def listing(self, canonical_url: str) -> KnownListing:  # noqa: ARG002 - the same for all
        """No listing was read before."""
        return KnownListing()

    def owed(self, *, rested: bool = False) -> Sequence[KnownPage]:  # noqa: ARG002 - there is none
        """Nothing is owed."""
        return ()

    def aging(self, *, all_pages: bool = False, most: int | None = None) -> Sequence[KnownPage]:  # noqa: ARG002 - none
        """Nothing is old."""
        return ()

    def documents(self, canonical_url: str) -> Sequence[KnownDocument]:  # noqa: ARG002 - nothing is known
        """No page links to any."""
        return ()

    def documents_owed(self) -> Sequence[KnownDocument]:
        """None is owed."""
        return ()

    def unread(self, *, ocr: bool) -> Sequence[UnreadDocument]:  # noqa: ARG002 - there is none
        """None was tried."""
        return ()

    def held(self, document: UnreadDocument) -> tuple[bytes, str] | None:  # noqa: ARG002 - there is none
        """There is no archive."""
        return None
