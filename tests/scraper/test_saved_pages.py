"""Saved pages read as their golden records say: `tests/pages/<source>/<page>.html` beside `<page>.json`.

A new page gets its record by `python tests/scraper/test_saved_pages.py`, which writes the missing ones, to be read by
eye against the page before they are committed. It never writes over one that is there.
"""

import json
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
import seed

from scraper import shapes
from scraper.config import Config
from scraper.extract import read
from scraper.items import GENERIC, Page
from scraper.sources import undeclared
from spiders.loader import catalogue

PAGES = Path(__file__).parent.parent / "pages"
PLATFORMS = catalogue(Config.from_environment({})).platforms
SAVED = sorted(PAGES.glob("**/*.html"))
ADDRESSES = tomllib.loads((PAGES / "addresses.toml").read_text("utf-8")) | {
    "thanh-hoa/snv/bai-viet.html": seed.ADDRESS,
    "thanh-hoa/snv/danh-sach.html": "https://snv.thanhhoa.gov.vn/portal/Pages/Tin-tuc.aspx",
}


def name(file):
    return file.relative_to(PAGES).as_posix()


def record(file):
    """What `congtin extract` would print of the page: by the source in whose folder it is, else by what it shows."""
    address, folder = ADDRESSES[name(file)], name(file).rpartition("/")[0]
    page = Page(url=address, body=file.read_bytes(), content_type="text/html; charset=utf-8")
    if folder not in PLATFORMS:
        return shapes.reading(read(page, seed.source(folder)), address)
    told = read(replace(page, platforms=tuple(PLATFORMS.values())), undeclared(PLATFORMS[GENERIC], address))
    assert told.platform == folder
    return shapes.reading(told, address)


def test_pages_are_there():
    assert {name(file) for file in SAVED} == set(ADDRESSES)


@pytest.mark.parametrize("file", SAVED, ids=name)
def test_page_reads_as_its_record(file):
    golden = file.with_suffix(".json")
    assert golden.exists(), f"{golden} is missing: run {Path(__file__).name} and read what it writes"
    assert record(file) == json.loads(golden.read_text("utf-8"))


def test_every_record_has_its_page():
    assert {file.with_suffix(".html") for file in PAGES.glob("*/**/*.json")} == set(SAVED)


if __name__ == "__main__":
    for saved in SAVED:
        if not (written := saved.with_suffix(".json")).exists():
            written.write_text(json.dumps(record(saved), ensure_ascii=False, indent=2) + "\n", "utf-8")
