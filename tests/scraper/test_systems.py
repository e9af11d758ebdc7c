"""What only some content systems do: which one a page is of, how a listing counts, documents behind scripts."""

from base64 import b64encode
from pathlib import Path

import pytest
import seed
from hypothesis import given
from hypothesis import strategies as st

from scraper import body, extract, listing
from scraper.config import Config
from scraper.detect import LEAST_EVIDENCE, platform_of
from scraper.items import GENERIC, Page
from scraper.sources import undeclared
from spiders.explore import kind_of
from spiders.loader import catalogue

PAGES = Path(__file__).parent.parent / "pages"
PLATFORMS = catalogue(Config.from_environment({})).platforms
SAVED = sorted(file for file in PAGES.glob("*/**/*.html"))
HERE = "https://truong.example.edu.vn/tin-tuc/thong-bao/thong-bao-nghi-le.html"


# --- which platform a page is of


@pytest.mark.parametrize("file", SAVED, ids=lambda file: file.relative_to(PAGES).as_posix())
def test_saved_page_shows_its_platform(file):
    folder = file.parent.relative_to(PAGES).as_posix()
    guess = platform_of(file.read_bytes(), PLATFORMS.values())
    assert guess.platform.id == {"thanh-hoa/snv": "sharepoint"}.get(folder, folder)
    assert guess.platform.name in str(guess)


def test_article_of_the_seed_shows_its_platform():
    assert platform_of(seed.page().encode(), PLATFORMS.values()).platform.id == "sharepoint"


@pytest.mark.parametrize(
    ("marks", "platform"),
    [
        ("Liferay portlet-boundary p_p_id", "liferay"),
        ("Liferay portlet-boundary p_p_id UI_Danhsachtin", "vnpt"),  # VNPT's theme shows Liferay's marks, too
        ("moduleWrapper decode64('eA==')", "vhv"),
        ("liferay", None),
        ("<p>Chào mừng</p>", None),
    ],
)
def test_platform_is_the_one_with_most_marks(marks, platform):
    guess = platform_of(marks.encode(), PLATFORMS.values())
    assert (guess and guess.platform.id) == platform


@given(st.sets(st.sampled_from(sorted({mark for one in PLATFORMS.values() for mark in one.detect}))))
def test_no_platform_shows_more_marks_than_the_one_that_is_told(marks):
    page = "\n".join(marks).upper()
    shown = {name: tuple(mark for mark in one.detect if mark.upper() in page) for name, one in PLATFORMS.items()}
    most = max(shown, key=lambda name: (len(shown[name]), len(shown[name]) / (len(PLATFORMS[name].detect) or 1)))
    guess = platform_of(page.encode(), PLATFORMS.values())
    if len(shown[most]) < LEAST_EVIDENCE:
        assert guess is None
    else:
        assert (guess.platform.id, guess.evidence) == (most, shown[most])


def test_no_page_shows_that_it_is_any_portal():
    assert PLATFORMS[GENERIC].detect == ()
    assert list(PLATFORMS)[-1] == GENERIC


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("Thủ tục hành chính /tthc", "procedures"),
        ("Bộ thủ tục /trang-2", "procedures"),
        ("Lĩnh vực /thu-tuc-hanh-chinh/dat-dai", "procedures"),
        ("Văn bản chỉ đạo /chi-dao", "documents"),
        ("Công văn /cv", "documents"),
        ("Văn bản về thủ tục hành chính /van-ban", "procedures"),
        ("Tin hoạt động /tin-tuc", "news"),
        ("", "news"),
    ],
)
def test_kind_of_a_section(words, kind):
    assert kind_of(words) == kind


# --- how many entries a listing says it has


def total(platform, markup):
    return listing.total(extract.tree(markup.encode()), markup, PLATFORMS[platform].totals)


def folded(said):
    return f"<p>Tin</p><script>decode64('{b64encode(said.encode()).decode()}');</script>"


@pytest.mark.parametrize(
    ("platform", "markup", "number"),
    [
        ("liferay", "<div>Hiển thị 1 - 10 of 243 kết quả.</div>", 243),
        ("liferay", "<div>Showing <b>1 - 10</b> of 1,243 results.</div>", 1243),
        ("liferay", "<div>Hiển thị 1 - 10 trong số 2.430 kết quả.</div>", 2430),
        ("liferay", "<div>Có 12 kết quả</div>", None),
        ("vhv", folded('{"layout": "Article.List.list","totalItems":61,"pageNo":1}'), 61),
        ("vhv", folded('{"totalItems":"7"}') + folded('{"totalItems":12}'), 7),  # a sidebar's is no listing's own
        ("vhv", folded('{"itemsPerPage":"12"}'), None),
        ("vhv", "<p>Tin</p><script>decode64('eyJ0b3RhbEl0ZW1zIjo2MX0')</script>", None),  # its padding is lost
        ("vhv", "<p>Tin</p><script>decode64('=eyJ0b3RhbEl0ZW1zIjo2MX=')</script>", None),
        ("vhv", "<p>Tin</p><script>decode64('/////////////////////w==')</script>", None),  # no UTF-8
        ("generic", "<div>Hiển thị 1 - 10 of 243 kết quả.</div>", None),
    ],
)
def test_total(platform, markup, number):
    assert total(platform, markup) == number


# --- documents


def article(platform, markup, url=HERE):
    page = Page(url=url, body=markup.encode(), role="detail")
    return extract.read(page, undeclared(PLATFORMS[platform], url)).article


def vhv(links):
    return article(
        "vhv",
        '<h1 class="title-detail">Thông báo nghỉ lễ</h1><div class="content-detail">'
        f"<p>Nhà trường thông báo lịch nghỉ lễ.</p>{links}</div>",
    )


def attached(found):
    return [(one.url.removeprefix("https://truong.example.edu.vn"), one.title) for one in found.attachments]


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        (
            """<a href="javascript:;" onclick="downloadFile('60ee69','/upload/1/558_QD.pdf')">Quyết định 558</a>""",
            [("/upload/1/558_QD.pdf", "Quyết định 558")],
        ),
        (
            """<a onclick="downloadFile('60ee69','../../upload/b.docx')" title="Mẫu">Tải về</a>""",
            [("/upload/b.docx", "Mẫu")],
        ),
        ("""<a href="#" onclick="downloadFile('60ee69','/thu-muc')">Thư mục</a>""", []),
        ("""<a href="#" onclick="openFile('60ee69','/upload/a.pdf')">Xem</a>""", []),
    ],
)
def test_document_that_a_script_fetches(link, expected):
    assert attached(vhv(link)) == expected


def test_document_that_vnpts_script_fetches():
    found = article(
        "vnpt",
        '<div class="UI_Tinbai_chitiet"><div class="UI_Tinbai_chitiet_tieude">Thông báo tuyển dụng</div>'
        '<div class="UI_Tinbai_chitiet_noidung"><p>Trường cần tuyển hai giáo viên.</p><a onclick="CountDown('
        "'/x/CountDown?p_auth=hvQ','21695569', '30','/documents/79/thong-bao.pdf');\">Thông báo</a></div></div>",
        "https://truong.example.edu.vn/chi-tiet-tin?/thong-bao/21695569",
    )
    assert attached(found) == [("/documents/79/thong-bao.pdf", "Thông báo")]


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("/documents/10182/20143/Quyet-dinh.pdf/96795f7f-6988-4a83-bd76-0364d610a590", "application/pdf"),
        ("/documents/10182/20143/QD.doc/96795f7f-6988-4a83-bd76-0364d610a590?version=1.0&t=15", "application/msword"),
        ("/documents/10182/20143/Quyet-dinh/96795f7f-6988-4a83-bd76-0364d610a590", None),
        ("/tin.pdf.html", None),
    ],
)
def test_document_with_liferays_id_behind_its_name(address, kind):
    found = vhv(f'<p><a href="{address}">Toàn văn</a></p>')
    assert [one.media_type for one in found.attachments] == ([kind] if kind else [])


@pytest.mark.parametrize(
    ("said", "named", "title"),
    [
        ("Tải về tại đây", "Kế hoạch năm học", "Kế hoạch năm học"),
        ("(Tải về)", "Kế hoạch năm học", "Kế hoạch năm học"),
        ("Download file", "", ""),
        ("Xem chi tiết", "", ""),
        ("Bấm vào đây để tải về", "", ""),
        ("Tải về kế hoạch năm học", "Tệp", "Tải về kế hoạch năm học"),
        ("Xem chi tiết kế hoạch", "", "Xem chi tiết kế hoạch"),
    ],
)
def test_label_is_no_title(said, named, title):
    assert attached(vhv(f'<p><a href="/a.pdf" title="{named}">{said}</a></p>')) == [("/a.pdf", title)]


# --- authors and captions

PICTURE = '<p><img src="/a.jpg"></p>'
SENTENCE = "Nhà trường đã tổ chức hội nghị tổng kết năm học với sự tham gia của đông đảo phụ huynh."


@pytest.mark.parametrize(
    ("ending", "author"),
    [
        ("<p><b>Nguyễn Văn An</b></p>", "Nguyễn Văn An"),
        (f"<p><b>Một số hình ảnh của hội nghị</b></p>{PICTURE}{PICTURE}", None),
        (f"{PICTURE}<p>Ảnh: An.</p><p>{SENTENCE}</p><p><b>Lê An</b></p>", "Lê An"),
    ],
)
def test_heading_above_pictures_is_no_author(ending, author):
    found = body.read(extract.tree(f"<div><p>{SENTENCE}</p>{ending}</div>".encode()), HERE, ())
    assert found.author == author


@pytest.mark.parametrize("left", [")", "(", "–", "…"])
def test_what_is_left_of_a_bracket_is_no_caption(left):
    found = body.read(
        extract.tree(f"<div><p>{SENTENCE}</p>{PICTURE}<p>{left}</p><p>{SENTENCE}</p></div>".encode()), HERE, ()
    )
    assert [image.caption for image in found.images] == [""]
