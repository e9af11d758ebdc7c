"""Source and platform files: what they may say, how they merge, and how a mistake is told."""
# ruff: noqa: E501 - a piece of markup reads best in one line

from datetime import date, time

import pytest
from seed import source as shipped

from scraper.config import Config
from scraper.detect import platform_of
from scraper.sources import BadSource, Catalogue, UnknownSource, load_platform, load_source, undeclared
from spiders.loader import catalogue

PLATFORM = """name = "Thử"
detect = ["mark-one", "mark-two", "mark-three"]
fold_case = true
page_parameter = "PageIndex"
[selectors]
title = [".title", "h1"]
body = ".body"
[counters]
views = 'Lượt xem: (\\d+)'
"""
FOUR_LINES = """name = "Sở Nội vụ"
url = "https://snv.example.vn/"
platform = "thu"
sections.news = ["/portal/Pages/Tin-tuc.aspx"]
"""


@pytest.fixture
def platforms(tmp_path):
    file = tmp_path / "thu.toml"
    file.write_text(PLATFORM, "utf-8")
    return {"thu": load_platform(file)}


@pytest.fixture
def load(tmp_path, platforms):
    """A source from the text of its file."""

    def of(text):
        file = tmp_path / "snv.toml"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_source(file, "thanh-hoa/snv", platforms)

    return of


@pytest.fixture
def faults(load):
    """What is said against a source file, without the folder."""

    def of(text):
        with pytest.raises(BadSource) as refusal:
            load(text)
        assert all(fault.file.endswith("/snv.toml") for fault in refusal.value.problems)
        assert str(refusal.value).splitlines()
        return [(fault.line, fault.key, fault.message) for fault in refusal.value.problems]

    return of


def test_four_lines_are_enough(load):
    source = load(FOUR_LINES)
    assert (source.id, source.name, source.platform) == ("thanh-hoa/snv", "Sở Nội vụ", "thu")
    assert [(one.kind, one.role, one.url) for one in source.sections] == [
        ("news", "listing", "https://snv.example.vn/portal/Pages/Tin-tuc.aspx")
    ]
    assert source.hosts == {"snv.example.vn"}
    assert source.layout.selectors.title == (".title", "h1")
    assert source.layout.fold_case


def test_every_key_that_the_contract_names(load):
    source = load("""
name = "Sở"
url = "https://www.snv.example.vn/"
platform = "thu"
sections = { news = "/tin", procedures = ["/tthc"], documents = ["https://vb.example.vn/a"] }
hosts = ["Anh.example.vn"]
feeds = ["/rss"]
sitemaps = ["/sitemap.xml"]
hub = "/moi"
expect = { entries = 10, articles_a_month = 2.5 }
budget = 500
delay = 5
hours = { from = 22:00:00, to = 06:00:00 }
tls = "accept-invalid"
province = "thanh-hoa"
aliases = ["http://noivu.example.vn/"]
verified = 2026-08-01
since = 2014-01-01
notes = "Ghi chú"
selectors.title = ".own"
counters.votes = '(\\d+) phiếu'
noise = ['^x$']
[[was]]
until = 2020-01-01
selectors.body = ".old"
""")
    assert [(one.role, one.url) for one in source.sections] == [
        ("feed", "https://www.snv.example.vn/rss"),
        ("sitemap", "https://www.snv.example.vn/sitemap.xml"),
        ("listing", "https://www.snv.example.vn/moi"),
        ("listing", "https://www.snv.example.vn/tin"),
        ("listing", "https://www.snv.example.vn/tthc"),
        ("listing", "https://vb.example.vn/a"),
    ]
    assert source.hosts == {"snv.example.vn", "vb.example.vn", "anh.example.vn"}
    assert source.owns("http://www.vb.example.vn/x")
    assert not source.owns("http://evil.example/")
    assert (source.file.hours.start, source.file.hours.end) == (time(22), time(6))
    assert (source.file.delay, source.file.budget, source.file.tls) == (5.0, 500, "accept-invalid")
    assert (source.file.verified, source.file.since) == (date(2026, 8, 1), date(2014, 1, 1))
    assert source.file.was[0].selectors.body == (".old",)


def test_leaves_override_leaves_and_nothing_else(load):
    source = load(FOUR_LINES + "selectors.title = '.own'\ncounters.votes = '(\\d+)'\nfold_case = false\n")
    assert source.layout.selectors.title == (".own",)
    assert source.layout.selectors.body == (".body",)
    assert (source.layout.counters.votes, source.layout.counters.views) == (("(\\d+)",), ("Lượt xem: (\\d+)",))
    assert not source.layout.fold_case
    assert source.layout.page_parameter == "PageIndex"


def test_platform_is_not_changed_by_its_sources(load, platforms):
    load(FOUR_LINES + "selectors.title = '.own'\n")
    assert platforms["thu"].selectors.title == (".title", "h1")
    assert load(FOUR_LINES).layout.selectors.title == (".title", "h1")


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b""])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_byte_order_mark_and_line_ends_of_windows(load, mark, end):
    assert load(mark + FOUR_LINES.replace("\n", end).encode()).name == "Sở Nội vụ"


UNKNOWN = [
    ("colour = 1", 5, "colour"),
    ("selectors.titel = 'h1'", 5, "selectors.titel"),
    ("selectors = { titel = 'h1' }", 5, "selectors.titel"),
    ("[selectors]\ntitle = 'h1'\ntitel = 'h1'", 7, "selectors.titel"),
    ("\n# chú thích\n[ selectors ]\n  titel='h1'  # đây", 8, "selectors.titel"),
    ('"selectors"."titel" = "h1"', 5, "selectors.titel"),
    ("sections.newz = ['/a']", 5, "sections.newz"),
    ("expect = { entry = 1 }", 5, "expect.entry"),
    ("hours = { from = 01:00:00, to = 02:00:00, til = 1 }", 5, "hours.til"),
    ("counters.vote = '(a)'", 5, "counters.vote"),
    ("[[was]]\nuntil = 2020-01-01\nselectors.titel = 'h1'", 7, "was.0.selectors.titel"),
    ("[[was]]\nuntil = 2020-01-01\n[was.selectors]\ntitle = 'h1'\ntitel = 'h1'", 9, "was.0.selectors.titel"),
    ("[[was]]\nuntil = 2020-01-01\nselectors.title = 'h1'\n[[was]]\nuntil = 2021-01-01\ntill = 1\nselectors = {}", 10, "was.1.till"),
    ("name2 = 1", 5, "name2"),
    ("id = 'x'", 5, "id"),
    ("detect = ['x']", 5, "detect"),
    ("[web]\nport = 1", 5, "web"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "at", "key"), UNKNOWN)
def test_unknown_keys_are_refused_at_any_depth(faults, line, at, key):
    assert faults(FOUR_LINES + line + "\n") == [(at, key, "unknown key")]


MISTYPED = [
    ("delay = 'x'", "delay", "number"),
    ("delay = -1", "delay", "greater"),
    ("budget = 0", "budget", "greater"),
    ("budget = 1.5", "budget", "integer"),
    ("expect = 5", "expect", ""),
    ("expect.entries = 'viele'", "expect.entries", "integer"),
    ("hours = { from = 01:00:00 }", "hours.to", "required"),
    ("hours.from = 'morgens'\nhours.to = 01:00:00", "hours.from", "time"),
    ("tls = 'maybe'", "tls", "'verify' or 'accept-invalid'"),
    ("verified = true", "verified", ""),
    ("since = 'früher'", "since", "date"),
    ("hub = 5", "hub", "string"),
    ("feeds = 5", "feeds", ""),
    ("feeds = [5]", "feeds.0", "string"),
    ("paused = 'vielleicht'", "paused", "bool"),
    ("selectors.title = '..x'", "selectors.title.0", "not a CSS selector: '..x'"),
    ("selectors.title = ['h1', 'a:hover']", "selectors.title.1", "not a CSS selector: 'a:hover'"),
    ("selectors.title = ['']", "selectors.title.0", "not a CSS selector"),
    ("selectors = 'h1'", "selectors", ""),
    ("counters.votes = '('", "counters.votes.0", "not a regular expression: missing )"),
    ("counters.votes = '[0-9]+'", "counters.votes.0", "group"),
    ("noise = ['[']", "noise.0", "not a regular expression"),
    ("fold_case = 'x'", "fold_case", "bool"),
    ("[[was]]\nselectors.title = 'h1'", "was.0.until", "required"),
]


@pytest.mark.parametrize(("line", "key", "word"), MISTYPED)
def test_mistyped_values_are_refused_with_line_and_key(faults, line, key, word):
    found = faults(FOUR_LINES + line + "\n")
    assert {fault[1].removesuffix(".1").removesuffix(".date").removesuffix(".literal[False]") for fault in found} <= {
        key,
        key.removesuffix(".1"),
    }
    assert all(fault[0] >= 5 for fault in found), found
    assert any(word in fault[2] for fault in found), found
    assert not any("Value error" in fault[2] for fault in found)


@pytest.mark.parametrize(
    ("old", "new", "at", "key", "word"),
    [
        ('name = "Sở Nội vụ"\n', "", 0, "name", "required"),
        ('name = "Sở Nội vụ"', 'name = ""', 1, "name", "at least 1 character"),
        ('name = "Sở Nội vụ"', "name = 5", 1, "name", "string"),
        ('url = "https://snv.example.vn/"\n', "", 0, "url", "required"),
        ("https://snv", "snv", 2, "url", "not an http address: 'snv.example.vn/'"),
        ("https://snv", "ftp://snv", 2, "url", "not an http address"),
        ("https://snv.example.vn/", "https:///a", 2, "url", "no host"),
        ('platform = "thu"\n', "", 0, "platform", "required"),
        ('"thu"', '"sharpoint"', 3, "platform", "no platform 'sharpoint'; there are thu"),
        ('"thu"', "5", 3, "platform", ""),
        ('["/portal/Pages/Tin-tuc.aspx"]', "5", 4, "sections.news", ""),
        ('["/portal/Pages/Tin-tuc.aspx"]', "[5]", 4, "sections.news.0", "string"),
        ("sections.news", "feeds_of.news", 4, "feeds_of", "unknown key"),
        ('sections.news = ["/portal/Pages/Tin-tuc.aspx"]\n', "", 0, "sections", "nothing to crawl"),
        ('["/portal/Pages/Tin-tuc.aspx"]', "[]", 4, "sections", "nothing to crawl"),
        ('["/portal/Pages/Tin-tuc.aspx"]', '["ftp://a.example.vn/"]', 4, "sections.news.0", "not an http address"),
    ],
)
def test_what_a_source_needs(faults, old, new, at, key, word):
    assert old in FOUR_LINES
    found = faults(FOUR_LINES.replace(old, new))
    assert (at, key) in {(fault[0], fault[1]) for fault in found}, found
    assert any(word in fault[2] for fault in found if fault[1] == key), found


def test_all_mistakes_are_told_at_once(faults):
    text = FOUR_LINES.replace('name = "Sở Nội vụ"\n', "").replace('"thu"', '"thuu"')
    found = faults(text + "delay = 'x'\nselectors.titel = 'h1'\nnoise = ['(']\n")
    assert {fault[1] for fault in found} == {"name", "platform", "delay", "selectors.titel", "noise.0"}


def test_message_reads_as_one_line_a_fault(tmp_path, platforms):
    file = tmp_path / "a.toml"
    file.write_text(FOUR_LINES + "delai = 3\n", "utf-8")
    with pytest.raises(BadSource) as refusal:
        load_source(file, "a", platforms)
    assert str(refusal.value) == f"{file}:5: delai: unknown key"


@pytest.mark.parametrize(
    ("text", "line"),
    [("name = \n", 1), ('name = "a"\nurl = "b\n', 2), ("a = 1\nb = 2\na = 3\n", 3), ("[[was]\n", 1), ('a = "\x00"', 1)],
)
def test_what_is_no_toml_is_told_with_its_line(faults, text, line):
    ((at, key, message),) = faults(text)
    assert (at, key) == (line, "")
    assert message.startswith("is no TOML: ")


@pytest.mark.parametrize("body", [b"\xff\xfe\x00", b'name = "S\xe1"'])
def test_what_is_no_utf8(faults, body):
    ((line, _, message),) = faults(body)
    assert line == 0
    assert "cannot be read" in message


def test_file_that_is_not_there(tmp_path, platforms):
    with pytest.raises(BadSource, match="cannot be read"):
        load_source(tmp_path / "nirgends.toml", "x", platforms)


def test_platform_file_with_a_mistake(tmp_path):
    file = tmp_path / "p.toml"
    file.write_text('name = "P"\n[selectors]\ntitel = "h1"\n', "utf-8")
    with pytest.raises(BadSource) as refusal:
        load_platform(file)
    assert str(refusal.value) == f"{file}:3: selectors.titel: unknown key"


# --- the catalogue


@pytest.fixture
def folders(tmp_path):
    """Platforms, shipped sources, own sources."""
    made = {name: tmp_path / name for name in ("platforms", "shipped", "own")}
    (made["shipped"] / "thanh-hoa").mkdir(parents=True)
    (made["own"] / "thanh-hoa/huyen").mkdir(parents=True)
    made["platforms"].mkdir()
    (made["platforms"] / "thu.toml").write_text(PLATFORM, "utf-8")
    (made["shipped"] / "thanh-hoa/snv.toml").write_text(FOUR_LINES, "utf-8")
    (made["shipped"] / "hue.toml").write_text(FOUR_LINES.replace("snv", "hue"), "utf-8")
    return made


@pytest.fixture
def all_of(folders):
    return lambda: Catalogue(folders["platforms"], [folders["shipped"], folders["own"]])


def test_ids_are_paths(folders, all_of):
    (folders["own"] / "thanh-hoa/huyen/nga-son.toml").write_text(FOUR_LINES, "utf-8")
    (folders["own"] / "README.md").write_text("no source", "utf-8")
    assert sorted(all_of().files) == ["hue", "thanh-hoa/huyen/nga-son", "thanh-hoa/snv"]
    assert all_of().load("thanh-hoa/huyen/nga-son").id == "thanh-hoa/huyen/nga-son"


def test_own_file_takes_the_place_of_a_shipped_one(folders, all_of):
    (folders["own"] / "thanh-hoa/snv.toml").write_text(FOUR_LINES.replace("Sở Nội vụ", "Của tôi"), "utf-8")
    assert all_of().load("thanh-hoa/snv").name == "Của tôi"
    assert all_of().load("hue").name == "Sở Nội vụ"


def test_unknown_source_is_told_with_those_that_come_close(all_of):
    with pytest.raises(UnknownSource, match=r"no source 'hoa/snv'; there are thanh-hoa/snv$"):
        all_of().load("hoa/snv")
    with pytest.raises(UnknownSource, match=r"there are hue, thanh-hoa/snv$"):
        all_of().load("xyz")


def test_one_broken_file_stops_no_other(folders, all_of):
    (folders["own"] / "kaputt.toml").write_text("name = ", "utf-8")
    found = all_of()
    assert [source.id for source in found.usable()] == ["hue", "thanh-hoa/snv"]
    assert {source_id: len(found.check(source_id)) for source_id in found.files} == {
        "hue": 0,
        "kaputt": 1,
        "thanh-hoa/snv": 0,
    }


def test_folder_that_is_not_there_is_an_empty_one(folders):
    assert sorted(Catalogue(folders["platforms"], [folders["shipped"] / "x"]).files) == []


def test_shipped_sources_are_sound():
    every = catalogue(Config.from_environment({}))
    assert set(every.files) >= {"sample", "thanh-hoa/snv"}
    for source_id in every.files:
        source = every.load(source_id)
        assert source.sections
        assert source.layout.selectors.body
        assert source.owns(source.url)


def test_operators_folder_is_looked_into(tmp_path):
    (tmp_path / "moi.toml").write_text(FOUR_LINES.replace('"thu"', '"sharepoint"'), "utf-8")
    every = catalogue(Config.from_environment({"CONGTIN_SOURCES": str(tmp_path)}))
    assert every.load("moi").platform == "sharepoint"


# --- what a source knows of addresses


@pytest.mark.parametrize(
    ("address", "is_one"),
    [
        ("https://namdinh.gov.vn/portal/Pages/2021-10-5/Ung-dung-Blockchain-trong-Chinh-phu-dien-tuja6ggf.aspx", True),
        ("https://xasonlinh.hatinh.gov.vn/portal/pages/2023-01-30/Bai-viet-468686.aspx", True),
        ("https://snv.thanhhoa.gov.vn/portal/Pages/Bai.aspx?ItemID=12", True),
        ("https://snv.thanhhoa.gov.vn/portal/Pages/Tin-tuc.aspx", False),
        ("https://snv.thanhhoa.gov.vn/portal/Pages/Tin-tuc.aspx?PageIndex=2", False),
        ("https://snv.thanhhoa.gov.vn/portal/KenhTin/Hoat-dong.aspx", False),
        ("https://snv.thanhhoa.gov.vn/", False),
    ],
)
def test_addresses_of_articles(address, is_one):
    source = shipped()
    assert source.is_article(source.canonical(address)) is is_one


def test_undeclared_portal_has_the_platforms_layout(platforms):
    source = undeclared(platforms["thu"], "https://moi.example.vn/tin.aspx")
    assert (source.id, source.platform, source.name) == ("moi.example.vn", "thu", "moi.example.vn")
    assert source.layout.selectors.title == (".title", "h1")
    assert source.owns("https://moi.example.vn/khac")


# --- which platform a page is of


@pytest.mark.parametrize(
    ("page", "score"),
    [
        (b"<p class=MARK-ONE>mark-two</p>", 2 / 3),
        (b"mark-one mark-two mark-three", 1.0),
        (b"mark-one mark-one", None),
        (b"", None),
    ],
)
def test_platform_of_a_page(platforms, page, score):
    guess = platform_of(page, platforms.values())
    assert (guess and guess.score) == score
