"""The words that all rooms share: what a page says, as frozen records.

Nothing here reads, fetches or stores. A change to a record is `dataclasses.replace(...)`. Longer than others: the words
of one vocabulary are read beside each other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Literal

from scraper.outcomes import Outcome

if TYPE_CHECKING:
    from scraper.deadlines import Deadline
    from scraper.layout import Platform
    from scraper.sketch import Sketch

VIETNAM = timezone(timedelta(hours=7), "+07:00")
"""Asia/Ho_Chi_Minh as the portals print it: +07:00 without daylight saving since 1975."""

GENERIC = "generic"
"""The platform that stands for all portals that have no profile."""
Precision = Literal["minute", "day"]
ArticleKind = Literal["article", "procedure"]
Role = Literal["detail", "listing", "feed", "sitemap", "home", "any"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """When something happened, as exactly as the page said it.

    `at` is aware and in `VIETNAM`; with precision `day` it is midnight there.
    """

    at: datetime
    precision: Precision


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A row of a listing, a feed, a sitemap or a related list.

    `title` is empty where the link had none; `truncated` says that the portal cut it off ("triển khai...").
    """

    url: str
    title: str = ""
    published: Moment | None = None
    truncated: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Image:
    """A picture of the body and the caption that the page prints under it (empty where it prints none)."""

    url: str
    caption: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Attachment:
    """A document that the page links to. `title` is the link's text: file names on these portals are mangled."""

    url: str
    title: str = ""
    media_type: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Counters:
    """Numbers that change at every hit. They are never part of a content hash."""

    votes: int | None = None
    online: int | None = None
    views: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Postback:
    """What must be posted to have a page of a listing.

    With a `target` it is an ASP.NET form: the fields of the page just read, which hold the state of the walk. Without
    one it is a form that stands for itself.
    """

    target: str
    argument: str
    fields: tuple[tuple[str, str], ...]

    @property
    def form(self) -> tuple[tuple[str, str], ...]:
        """All fields of it."""
        if not self.target:
            return self.fields
        return (*self.fields, ("__EVENTTARGET", self.target), ("__EVENTARGUMENT", self.argument))


@dataclass(frozen=True, kw_only=True, slots=True)
class NextPage:
    """The way to a listing's next page: an address to get, or (with `postback`) to post a form to."""

    url: str
    postback: Postback | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Article:
    """One article or notice as its own page tells it.

    `url` is where it was found, `canonical_url` the address that names it. `published` is what the page itself
    prints, `published_raw` the words that it was read from. `body_text` has one paragraph a line and leaves
    captions to `images`; `body_html` keeps both. `related` is the page's list of other articles.
    """

    url: str
    canonical_url: str
    title: str
    kind: ArticleKind = "article"
    published: Moment | None = None
    published_raw: str | None = None
    updated: Moment | None = None
    summary: str | None = None
    author: str | None = None
    section: str | None = None
    body_text: str = ""
    body_html: str = ""
    images: tuple[Image, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    related: tuple[Entry, ...] = ()
    counters: Counters = field(default_factory=Counters)
    language: str | None = None


Level = Literal["bộ", "tỉnh", "huyện", "xã"]
"""Who carries a procedure out; the districts (huyện) ended on 1 July 2025 (Resolution 203/2025/QH15)."""
Change = Literal["new", "amended", "replaced", "abolished"]
"""What a decision does to a procedure (Decree 63/2010/NĐ-CP, art. 14)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentNumber:
    """The number of a legal document, as somebody wrote it and as it was understood.

    `raw` is what the page says, `normal` the form to search and link by ("1234/QĐ-UBND"); it is None, with a `reason`,
    where the words could not be read as a number. `number` keeps its suffix ("105a"), `type` is the abbreviation
    ("QĐ"), `issuer` likewise ("UBND", "NHNN"); `date` is when the document was issued, `title` what it is about.
    """

    raw: str
    normal: str | None = None
    type: str | None = None
    number: str | None = None
    year: int | None = None
    issuer: str | None = None
    date: date | None = None
    title: str | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """One way to submit a dossier: in person, online, by post; with what that costs and how long it takes."""

    how: str
    time_limit: str | None = None
    fee: str | None = None
    note: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DossierItem:
    """One paper of a dossier. `case` is the heading it stands under, `form` the template to fill in (code or name)."""

    name: str
    case: str | None = None
    form: str | None = None
    originals: int | None = None
    copies: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Instead:
    """The code of a procedure that another one replaces, or is replaced by, and the words that say so."""

    code: str
    evidence: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Procedure:
    """One administrative procedure as a page tells of it: all of it, or a row of a list.

    `code` is the portable form ("1.001234", without the tail of an agency); `agency` decides, `carried_out_by` does the
    work. `change` is what the deciding document does to it, and `evidence` the words that say so: there is no change
    without them. `replaces` and `replaced_by` are those in whose place it stands, and the other way round.
    `raw` keeps every label of the page with its text, understood or not, in the page's order.
    """

    code: str | None = None
    name: str = ""
    field: str | None = None
    levels: tuple[Level, ...] = ()
    kind: str | None = None
    decision: DocumentNumber | None = None
    agency: str | None = None
    carried_out_by: str | None = None
    applicants: tuple[str, ...] = ()
    ways: tuple[Way, ...] = ()
    steps: str | None = None
    dossier: tuple[DossierItem, ...] = ()
    time_limit: str | None = None
    fees: str | None = None
    result: str | None = None
    legal_basis: tuple[DocumentNumber, ...] = ()
    conditions: str | None = None
    effective_from: date | None = None
    change: Change | None = None
    evidence: str | None = None
    replaces: tuple[Instead, ...] = ()
    replaced_by: tuple[Instead, ...] = ()
    raw: tuple[tuple[str, str], ...] = ()


Flag = Literal["encrypted", "scanned", "ocr", "truncated"]
"""What is particular about a document: it asks for a password; its pages are pictures; their text is by OCR; not all of
its text was read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """A file in an archive. Its text, where it has one, is on the archive's pages from `first` on, `pages` of them.

    `name` is what the archive says, and no path of ours. `message` tells why a member has no text.
    """

    name: str
    size: int
    media_type: str | None = None
    first: int = 0
    pages: int = 0
    message: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """A file that a page links to, as it was read.

    `media_type` is what its content is, whatever a server or a name says; `digest` is that of its bytes ("sha256:" and
    hex), `size` their number. `pages` holds the text of each page, the first one first; the sheets of a workbook are
    its pages, and the members' pages an archive's. `page_count` is how many pages there are, read or not; None where
    the format does not say. OK is a document with text, EMPTY_OK one that is sound and has none that can be read,
    `message` then tells why; of a failure, `pages` has what could be read all the same.

    `procedures` are those that its text lists, `numbers` the document numbers that it names, `named_on` the page (from
    one) on which each is first named, and `own` the normal forms of those that it is, by its letterhead; `decision` is
    the one that it is or is an annex of, `effective` the day from which it says that it has effect; of its `deadlines`
    nobody has asked yet whether they are past.
    """

    outcome: Outcome
    message: str = ""
    media_type: str | None = None
    digest: str = ""
    size: int = 0
    pages: tuple[str, ...] = ()
    page_count: int | None = None
    title: str | None = None
    author: str | None = None
    created: datetime | None = None
    modified: datetime | None = None
    flags: frozenset[Flag] = frozenset()
    members: tuple[Member, ...] = ()
    procedures: tuple[Procedure, ...] = ()
    numbers: tuple[DocumentNumber, ...] = ()
    named_on: tuple[int, ...] = ()
    own: frozenset[str] = frozenset()
    decision: DocumentNumber | None = None
    effective: date | None = None
    deadlines: tuple[Deadline, ...] = ()


PageKind = Literal["article", "procedure", "listing", "feed", "sitemap", "blocked", "not_found", "login", "other"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """One response to read: its bytes as they came, and what is known of where it stands.

    `role` is what the address is meant to be, `number` a listing's page, counted from 1. `platforms` are those to
    choose from where the source's is not known; the last one stands for all others. `explore` asks for links to more
    listings.
    """

    url: str
    body: bytes
    content_type: str = ""
    content_encoding: str = ""
    role: Role = "any"
    number: int = 1
    platforms: tuple[Platform, ...] = ()
    explore: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """All that was made of one response.

    `kind` is what the page turned out to be, `outcome` what that means for the fetch, `message` why where it is not
    OK. A listing gives `entries` and the way to its `next_page`, a sitemap index the further `sitemaps`; a page that
    was refused gives its `title` alone. `total` is how many entries a listing says it has on all its pages; `sections`
    are a home page's links that may lead to listings. `procedure` is what a page of one procedure tells, `procedures`
    the rows of one that lists many, `announced` what an article says is done to procedures and the words that say so,
    `numbers` the document numbers that the page names, `deadlines` the days until when it asks for something, `sketch`
    its text's. A listing has `strayed` where its selectors meet nothing; its entries are then the links of the form of
    an article's address.
    """

    kind: PageKind
    outcome: Outcome
    message: str = ""
    platform: str | None = None
    title: str = ""
    article: Article | None = None
    sketch: Sketch | None = None
    entries: tuple[Entry, ...] = ()
    strayed: bool = False
    next_page: NextPage | None = None
    total: int | None = None
    sitemaps: tuple[str, ...] = ()
    sections: tuple[Entry, ...] = ()
    procedure: Procedure | None = None
    procedures: tuple[Procedure, ...] = ()
    announced: tuple[tuple[Change, str], ...] = ()
    numbers: tuple[DocumentNumber, ...] = ()
    deadlines: tuple[Deadline, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Validators:
    """What came with the body that we hold.

    The server's validators, to be sent back word for word (RFC 9110 §13), and the archive's record of it, which a
    revisit record refers to (WARC 1.1 §6.7).
    """

    etag: str | None = None
    last_modified: str | None = None
    captured_at: datetime | None = None
    digest: str | None = None

    @property
    def conditional(self) -> bool:
        """Whether a request can be made conditional with them."""
        return bool(self.etag or self.last_modified)


NONE = Validators()


VisitRole = Literal["detail", "document", "listing", "feed", "sitemap", "look"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Visit:
    """One page of a portal, asked for and answered (or not): what the spider hands on to be kept.

    A `document` is what was made of an attachment's bytes; `attached` are the attachments that a detail page names,
    each with its canonical address and whether it is on the portal's own hosts. The role `look` is that of a page that
    might have been a listing, and is none: only its fetch is kept.

    `canonical_url` names the page, `url` is what was asked and `final_url` what answered after redirects. `number`
    counts a listing's pages. `walk` says where a walk stands after this page of a listing: `open`
    while it goes on, `closed` when it came to its end; `validators` are then those of its first page. `backfill` says
    that the page is one of a walk through all pages, and `onward` where that goes on. `fetch` is the ticket of the
    fetch that capture opened, if there was a response or an error on the wire.
    """

    role: VisitRole
    url: str
    canonical_url: str
    final_url: str
    outcome: Outcome
    at: datetime
    message: str = ""
    section: str | None = None
    reading: Reading | None = None
    document: Document | None = None
    attached: tuple[tuple[str, Attachment, bool], ...] = ()
    entries: tuple[tuple[str, Entry], ...] = ()
    number: int = 1
    walk: Literal["open", "closed"] | None = None
    backfill: bool = False
    onward: NextPage | None = None
    validators: Validators | None = None
    fetch: object | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Reread:
    """Bytes of a document that the archive holds, read once more: by whom could not read them before, or by OCR."""

    digest: str
    document: Document
    at: datetime
