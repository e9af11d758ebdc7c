"""How well procedures are read from pages whose content is known: precision and recall of each field, with floors."""

import sys
import time

import pytest
from procedure_pages import making, real, scoring

from scraper import shapes
from scraper.config import Config
from scraper.extract import read
from scraper.items import Page
from scraper.sources import GENERIC, undeclared
from spiders.loader import catalogue

PLATFORMS = catalogue(Config.from_environment({})).platforms
# The worse of precision and recall may not fall below these.
FLOORS = dict.fromkeys(
    (
        *("code", "name", "field", "levels", "kind", "decision", "agency", "carried_out_by", "applicants", "ways"),
        *(
            "steps",
            "dossier",
            "dossier.name",
            "time_limit",
            "fees",
            "result",
            "legal_basis",
            "conditions",
            "effective_from",
        ),
        *("change", "evidence", "raw", "numbers", "row.found", "row.name", "row.field", "row.change", "row.evidence"),
    ),
    0.95,
) | dict.fromkeys(
    (
        *("decision.date", "legal_basis.date", "legal_basis.title", "row.code", "row.levels"),
        *("row.decision", "row.time_limit", "row.fees", "row.legal_basis"),
    ),
    0.9,
)


def extracted(body, url):
    page = Page(url=url, body=body, content_type="text/html; charset=utf-8", platforms=tuple(PLATFORMS.values()))
    return shapes.reading(read(page, undeclared(PLATFORMS[GENERIC], url)), url)


@pytest.fixture(scope="module")
def scores():
    pages, total = making.samples(), scoring.Scores()
    started = time.perf_counter()
    for sample in pages:
        scoring.page(total, sample, extracted(sample.body, sample.url))
    seconds = time.perf_counter() - started
    sys.stdout.write(f"\n{len(pages)} pages, {len(pages) / seconds:.0f} a second\n{total.table()}\n")
    return total


def test_there_are_enough_pages_of_every_kind():
    pages = making.samples()
    single = [page for page in pages if page.procedure]
    assert len(single) >= 60
    assert len({page.layout for page in single}) >= 15
    assert max(len(page.procedures) for page in pages) >= 40


def test_the_same_pages_are_made_each_time():
    assert [page.html for page in making.samples()] == [page.html for page in making.samples()]


@pytest.mark.parametrize("field", FLOORS)
def test_field_is_read_well_enough(scores, field):
    score = scores.fields[field]
    assert score.there > 0
    assert score.worse >= FLOORS[field], [miss for miss in scores.misses if miss[1] == field][:5]


def test_every_field_has_a_floor(scores):
    assert set(scores.fields) == set(FLOORS)


def test_numbers_of_real_pages_are_read():
    """What a page with its menus names besides cannot be labelled by eye: there only the recall is judged."""
    total = scoring.Scores()
    for page in real.pages():
        labels = page.labels
        if labels["numbers"] is None:
            continue
        said = {one["normal"] for one in extracted(page.body, page.url)["numbers"] if one["normal"]}
        expected = set(labels["numbers"])
        total.add(page.name, "numbers", said & expected if labels.get("whole") else said, expected)
    assert total.fields["numbers"].worse >= 0.95, total.misses


@pytest.mark.parametrize("page", real.pages(), ids=lambda page: page.name)
def test_a_table_of_documents_is_no_procedure(page):
    reading = extracted(page.body, page.url)
    assert (reading["procedure"], reading["procedures"]) == (None, [])


def test_what_real_pages_announce_is_told_with_the_words_that_say_so():
    """Most of these pages are traps: circulars that abolish documents, procedures whose time limits are cut."""
    told = 0
    for page in real.pages():
        said = extracted(page.body, page.url)["announcements"]
        expected = page.labels.get("changes")
        if expected is None:
            continue
        assert [one["change"] for one in said] == [one["change"] for one in expected], page.name
        for one, label in zip(said, expected, strict=True):
            assert label["evidence"].casefold() in one["evidence"].casefold()
        told += len(said)
    assert told
