"""Pages of real portals about documents and announcements, and what was read on them by eye.

`real/<name>.html` is the page's table of the document, or for those that announce procedures (or look as if they did)
the whole page without its scripts: `whole` in the labels. `labels.json` gives for each the fields of the document and
the numbers that its own part names (null: not to be judged), for a list its rows, and what is done to procedures:
`changes`, each with the words that say so. A bare "2774" has no normal form; a circular that abolishes documents
changes no procedure, nor does "cắt giảm thời gian giải quyết".
"""

import json
from dataclasses import dataclass
from functools import cache

from procedure_pages.facts import HERE


@dataclass(frozen=True)
class RealPage:
    name: str
    url: str
    body: bytes
    labels: dict


@cache
def pages():
    labels = json.loads((HERE / "real" / "labels.json").read_text("utf-8"))
    return [
        RealPage(name, told["url"], (HERE / "real" / f"{name}.html").read_bytes(), told)
        for name, told in labels.items()
    ]
