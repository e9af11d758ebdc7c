"""The labelled pages themselves: what a truth says stands on its page, and nothing of a page breaks in the parser."""

import re

import pytest
from lxml import html
from procedure_pages import making, real
from procedure_pages.scoring import plain

SAMPLES = making.samples()


def squeezed(text):
    return re.sub(r"\s", "", plain(text) or "")


def shown(sample):
    return squeezed(html.document_fromstring(sample.body).text_content())


def texts(truth):
    for name, value in truth.items():
        if name in {"levels", "effective_from", "change"} or not value:
            continue
        if name == "decision":
            yield value["raw"]
        elif name == "legal_basis":
            yield from (row.get("raw") or row["normal"] for row in value)
            yield from (row["title"] for row in value if row.get("title"))
        elif isinstance(value, str):
            yield value
        else:
            for row in value:
                yield from (row,) if isinstance(row, str) else (text for text in row.values() if isinstance(text, str))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_truth_stands_on_its_page(sample):
    page = shown(sample)
    for truth in (*sample.procedures, *([sample.procedure] if sample.procedure else [])):
        for text in texts(truth):
            assert squeezed(text) in page, text
    for number in sample.numbers or ():
        assert squeezed(number) in page


def widths(table):
    """How many columns each row fills, with the cells that reach down from above."""
    reaching, found = [], []
    for row in table.xpath("./tr | ./thead/tr | ./tbody/tr"):
        reaching = [(left - 1, columns) for left, columns in reaching if left > 1]
        width = sum(columns for _, columns in reaching)
        for cell in row:
            columns = int(cell.get("colspan", 1))
            width += columns
            reaching.append((int(cell.get("rowspan", 1)), columns))
        found.append(width)
    return found


@pytest.mark.parametrize("sample", [one for one in SAMPLES if one.procedures], ids=lambda sample: sample.name)
def test_every_row_of_a_table_fills_all_columns(sample):
    for table in html.document_fromstring(sample.body).iter("table"):
        assert len(set(widths(table))) == 1


@pytest.mark.parametrize("page", real.pages(), ids=lambda page: page.name)
def test_a_label_stands_on_its_real_page(page):
    text = squeezed(html.document_fromstring(page.body).text_content())
    for told in (page.labels.get("document") or {}, *page.labels.get("rows", ())):
        for name in ("title", "number", "issuer", "signer"):
            assert squeezed(told.get(name)) in text
    for change in page.labels.get("changes", ()):
        assert squeezed(change["evidence"]) in text
