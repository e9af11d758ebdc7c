"""The records that pages are made of (the sample portal's), and how a page's truth is written: as the contract's JSON.

A field that the truth leaves out is not judged; one that is null or empty is not on the page.
"""

import json
import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
DATA = HERE.parent.parent / "sample" / "data"
NOTHING = "Không có thông tin"
LISTS = ("levels", "applicants", "ways", "dossier", "legal_basis")
_NUMBER = re.compile(
    r"(?<![\w/.])\d{1,4}[a-z]?(?:\.\d)?/(?:\d{4}/)?(?:[A-ZĐ]+(?:-[A-ZĐ][A-Za-zĐ]*)+|(?:QH|UBTVQH)\d{2})(?![\w-])"
)


def records():
    return json.loads((DATA / "records.json").read_text("utf-8"))


def index():
    return json.loads((DATA / "index.json").read_text("utf-8"))


def numbers_in(text):
    """The document numbers that a text names, in the order of the alphabet."""
    return sorted(set(_NUMBER.findall(unicodedata.normalize("NFC", text))))


def blank():
    """A procedure of which a page shows nothing."""
    texts = ("code", "name", "field", "kind", "decision", "agency", "carried_out_by", "steps", "time_limit", "fees")
    more = ("result", "conditions", "effective_from", "change", "evidence")
    return dict.fromkeys((*texts, *more)) | {name: [] for name in LISTS} | {"raw": []}


def number(normal, raw=None, date=None, title=None):
    return {"raw": raw or normal, "normal": normal, "date": date, "title": title}


@dataclass
class Sample:
    """A page and what it shows: one procedure, or the rows of a list."""

    name: str
    html: str
    url: str
    procedure: dict | None = None
    procedures: list = field(default_factory=list)
    numbers: list | None = None
    layout: str = ""

    @property
    def body(self):
        return self.html.encode()
