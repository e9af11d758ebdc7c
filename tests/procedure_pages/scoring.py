"""Precision and recall of each field, over pages with a known truth.

Texts are the same when they are so in NFC, without regard to white space and case; lists are compared as multisets.
What a truth leaves out is not judged.
"""

import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass

TEXTS = ("code", "name", "field", "kind", "agency", "carried_out_by", "steps", "time_limit", "fees", "result")
TEXTS = (*TEXTS, "conditions", "effective_from", "change")
_INVISIBLE = dict.fromkeys((0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0xAD))


@dataclass
class Score:
    """How many values were right, how many were said, how many there were to say."""

    right: int = 0
    said: int = 0
    there: int = 0

    @property
    def precision(self):
        return self.right / self.said if self.said else 1.0

    @property
    def recall(self):
        return self.right / self.there if self.there else 1.0

    @property
    def worse(self):
        return min(self.precision, self.recall)


class Scores:
    """Scores by field; `misses` are some of what was wrong: (page, field, said, expected)."""

    def __init__(self):
        self.fields = defaultdict(Score)
        self.misses = []

    def add(self, page, field, said, there):
        said, there = Counter(said), Counter(there)
        score, right = self.fields[field], said & there
        score.right += right.total()
        score.said += said.total()
        score.there += there.total()
        if right != said or right != there:
            self.misses.append((page, field, list((said - right).elements()), list((there - right).elements())))

    def table(self):
        lines = [f"{'field':<24}{'precision':>10}{'recall':>8}{'values':>8}"]
        lines += [
            f"{name:<24}{one.precision:>10.3f}{one.recall:>8.3f}{one.there:>8}"
            for name, one in sorted(self.fields.items())
        ]
        return "\n".join(lines)


def plain(value):
    """A text for comparison; None stays."""
    if value is None:
        return None
    return " ".join(unicodedata.normalize("NFC", str(value)).translate(_INVISIBLE).split()).casefold()


def procedure(scores, page, said, truth, prefix=""):
    """Compares a procedure of `extract`'s JSON with the truth; None for a procedure that was not found."""
    said = said or {}
    for name in TEXTS:
        if name in truth:
            scores.add(page, prefix + name, _present(said.get(name)), _present(truth[name]))
    for name in ("levels", "applicants"):
        if name in truth:
            scores.add(page, prefix + name, map(plain, said.get(name) or ()), map(plain, truth[name]))
    _decision(scores, page, said.get("decision"), truth, prefix)
    _rows(scores, page, prefix + "ways", said, truth, "ways", ("how", "time_limit", "fee", "note"))
    _rows(scores, page, prefix + "dossier.name", said, truth, "dossier", ("name",))
    _rows(scores, page, prefix + "dossier", said, truth, "dossier", ("case", "name", "form", "originals", "copies"))
    _rows(scores, page, prefix + "legal_basis", said, truth, "legal_basis", ("normal",))
    dated = [row for row in truth.get("legal_basis", ()) if "date" in row]
    if dated:
        _rows(scores, page, prefix + "legal_basis.date", said, truth, "legal_basis", ("normal", "date"))
    if dated and all("title" in row for row in dated):
        _rows(scores, page, prefix + "legal_basis.title", said, truth, "legal_basis", ("normal", "title"))
    if truth.get("evidence") or truth.get("change", 0) is None:
        _evidence(scores, page, said.get("evidence"), truth, prefix)
    if "raw" in truth:
        kept = " ".join(plain(text) for text in (said.get("raw") or {}).values() if text)
        found = [text for text in truth["raw"] if plain(text) in kept]
        scores.add(page, prefix + "raw", map(plain, found), map(plain, truth["raw"]))


def _present(value):
    return [plain(value)] if value else []


def _decision(scores, page, said, truth, prefix):
    if "decision" not in truth:
        return
    expected = truth["decision"]
    key = "normal" if (expected or {}).get("normal") else "raw"
    there = [plain(expected[key])] if expected else []
    scores.add(
        page,
        prefix + "decision",
        _present((said or {}).get(key)) if expected else _present((said or {}).get("raw")),
        there,
    )
    if expected and "date" in expected:
        scores.add(page, prefix + "decision.date", _present((said or {}).get("date")), _present(expected["date"]))


def _rows(scores, page, field, said, truth, name, keys):
    if name not in truth:
        return
    rows = [tuple(plain(row.get(key)) for key in keys) for row in said.get(name) or ()]
    scores.add(page, field, rows, [tuple(plain(row.get(key)) for key in keys) for row in truth[name]])


def _evidence(scores, page, said, truth, prefix):
    """Evidence is right if the words that decide stand in what was quoted."""
    expected = plain(truth["evidence"]) if truth.get("evidence") else None
    quoted = plain(said) if said else None
    right = bool(expected and quoted and expected in quoted)
    there, told = ([expected] if expected else []), ([expected if right else quoted] if quoted else [])
    scores.add(page, prefix + "evidence", told, there)


def page(scores, sample, reading):
    """Compares what `extract` said of a page with the page's truth."""
    if sample.procedure:
        procedure(scores, sample.name, reading["procedure"], sample.procedure)
    if sample.procedures:
        _listed(scores, sample, reading["procedures"])
    if sample.numbers is not None:
        said = {plain(one["normal"]) for one in reading["numbers"] if one["normal"]}
        scores.add(sample.name, "numbers", said, {plain(one) for one in sample.numbers})


def _listed(scores, sample, said):
    """Rows are found by their code; a row that has no partner counts against every field of it."""
    by_code = defaultdict(list)
    for row in said:
        by_code[row.get("code")].append(row)
    scores.add(sample.name, "row.found", [row.get("code") for row in said], [row["code"] for row in sample.procedures])
    for truth in sample.procedures:
        found = by_code[truth["code"]].pop(0) if by_code[truth["code"]] else None
        procedure(scores, sample.name, found, truth, "row.")
