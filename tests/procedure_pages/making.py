"""The pages: one procedure each in every layout, and the lists. The same seed makes the same pages."""

import random
from html import escape

from procedure_pages import fields, lists, noise
from procedure_pages.facts import NOTHING, Sample, blank, numbers_in, records
from procedure_pages.fields import LABELS, ORDER
from procedure_pages.layouts import LAYOUTS

SEED = 20250701
SITE = "https://dvc.example.vn"
_TEXTS = ("field", "kind", "agency", "carried_out_by", "steps", "conditions")
_ALWAYS, _OFTEN = {"name"}, {"code", "field", "steps", "dossier", "legal_basis", "ways", "result"}
_AROUND = ("sets", "place", "authorised", "together", "online", "keywords", "related", "published_by")
_TAILS = (".000.00.00.H56", ".000.00.00.H56.02", ".H56", "")


def samples(seed=SEED):
    """All generated pages: each layout with six records and habits, then the lists."""
    return [*_single_pages(seed), *lists.pages(random.Random(seed + 1))]


def _single_pages(seed):
    known, made = records(), []
    for at in range(len(LAYOUTS) * 6):
        rng = random.Random(seed * 1000 + at)
        layout = LAYOUTS[at % len(LAYOUTS)]
        habit = noise.HABITS[(at // len(LAYOUTS) * 3 + at) % len(noise.HABITS)]
        made.append(_page(at, known[at * 7 % len(known)], layout, habit, rng))
    return made


def _page(at, record, layout, habit, rng):
    truth = blank()
    chosen = [name for name in ORDER if _shown(name, record, rng)]
    if rng.random() < 0.3:
        moved = chosen.pop(rng.randrange(1, len(chosen)))
        chosen.insert(rng.randrange(1, len(chosen)), moved)
    pairs, upper = [], rng.random() < 0.2
    for name in chosen:
        value = _value(name, record, rng, truth)
        label = rng.choice(LABELS[name])
        pairs.append((label.upper() if upper else label, value))
    heading = f"<h1>{escape(record['name'])}</h1>\n" if rng.random() < 0.4 else "<h2>Chi tiết thủ tục hành chính</h2>\n"
    main = heading + layout(pairs, rng)
    page = noise.spoiled(noise.framed(escape(record["name"][:80]), main, rng), rng, habit)
    named = " ".join([*_printed(truth), str((truth["decision"] or {}).get("normal") or "")])
    named += " " + " ".join(row["normal"] for row in truth["legal_basis"])
    return Sample(
        name=f"{at:03d}-{layout.__name__}-{habit}",
        html=page,
        url=f"{SITE}/thu-tuc-hanh-chinh/chi-tiet/{at}.html",
        procedure=truth,
        numbers=None if record["decision"].startswith("QĐ/") else numbers_in(named),
        layout=layout.__name__,
    )


def _printed(truth):
    texts = [truth[name] or "" for name in ("name", "steps", "result", "conditions", "fees")]
    texts += [text for way in truth["ways"] for text in (way["fee"] or "", way["note"] or "")]
    texts += [item["name"] + " " + (item["case"] or "") for item in truth["dossier"]]
    return [*texts, *(row.get("title") or "" for row in truth["legal_basis"]), *truth["raw"]]


def _shown(name, record, rng):
    if name in _ALWAYS:
        return True
    if name in _AROUND:
        return rng.random() < 0.35 and (name != "place" or bool(record["place"]))
    if name in {"time_limit", "fees", "effective_from"}:
        return rng.random() < 0.4
    if name == "result":
        return rng.random() < 0.9
    missing = not record[name] and name not in _TEXTS
    return not missing and rng.random() < (0.9 if name in _OFTEN else 0.75)


def _value(name, record, rng, truth):
    """The HTML of a value; notes in `truth` what it says."""
    match name:
        case "code":
            truth["code"] = record["code"]
            return record["code"] + rng.choice(_TAILS)
        case "name":
            truth["name"] = record["name"]
            return escape(record["name"])
        case "decision" | "ways" | "dossier" | "legal_basis":
            return getattr(fields, name)(record, rng, truth)
        case "levels":
            truth["levels"] = record["levels"]
            return fields.levels(record, rng)
        case "applicants":
            truth["applicants"] = record["applicants"]
            return ", ".join(record["applicants"]) if rng.random() < 0.6 else fields.bullets(record["applicants"], rng)
        case "time_limit" | "fees":
            way = record["ways"][0]
            truth[name] = way["time_limit"] if name == "time_limit" else way["fee"]
            return escape(truth[name] or _nothing(rng))
        case "result":
            truth["result"] = "\n".join(one["name"] for one in record["results"])
            return fields.lines(truth["result"], rng)
        case "effective_from":
            truth[name] = f"{rng.randint(2022, 2026)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
            return fields.day(truth[name], rng)
        case _ if name in _AROUND:
            return _around(name, record, rng, truth)
    truth[name] = record[name]
    return fields.lines(record[name], rng) if record[name] else _nothing(rng)


def _nothing(rng):
    return rng.choice((NOTHING, NOTHING, "Không", "", "Không có thông tin."))


def _around(name, record, rng, truth):
    """What the record has no field for: it must be kept as labelled text."""
    text = {
        "sets": rng.choice(("01 bộ", "01 (bộ)", "02 bộ")),
        "place": record["place"] or "",
        "online": rng.choice(("Toàn trình", "Một phần", "Cung cấp thông tin trực tuyến")),
        "published_by": "Ủy ban nhân dân tỉnh Thanh Hóa",
    }.get(name)
    if text is None:
        return NOTHING
    truth["raw"].append(text)
    return fields.lines(text, rng)
