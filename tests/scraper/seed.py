"""The seed article's facts, and pages that say them in the markup of its content system."""
# ruff: noqa: E501 - a piece of markup reads best in one line

from html import escape
from pathlib import Path

from scraper.config import Config
from spiders.loader import catalogue

ADDRESS = (
    "https://snv.thanhhoa.gov.vn/portal/Pages/2023-7-18/Cum-thi-dua-So-Noi-vu-cac-tinh-Bac-Trung-Bo-to-chuc-so-ket-"
    "cong-tac-6-thang-dau-nam-trien-khai-nhiem-vu-6-thang-cuoi-nam-2023k2x9fa.aspx"
)
_BLOCKS = [block.strip() for block in Path(__file__).with_name("seed.txt").read_text("utf-8").split("\n\n")]
TITLE = _BLOCKS[0]
DATE = _BLOCKS[1].split("\n")[0]
# paragraph, caption, paragraph, caption, paragraph, caption, paragraph
STORY = _BLOCKS[2:9]
PARAGRAPHS, CAPTIONS = STORY[0::2], STORY[1::2]
PHOTOS = [
    "/portal/Photos/2023-07/4d1f0a97c2e86b35khai%20mac.jpg",
    "/portal/Photos/2023-07/8be2c7035a91d46fdai%20bieu%20(1).jpg",
    "/portal/Photos/2023-07/f06a3d98175ec42bcum%20pho.jpg",
]
# link, title as the list shows it, date as the list shows it, the same as ISO
RELATED = [
    (
        ADDRESS.removeprefix("https://snv.thanhhoa.gov.vn"),
        "Cụm thi đua Sở Nội vụ các tỉnh Bắc Trung Bộ tổ chức sơ kết công tác 6 tháng đầu năm, triển khai...",
        "(18/07/2023 4:24 CH)",
        "2023-07-18T16:24:00+07:00",
    ),
    (
        "/portal/Pages/2020-2-11/Danh-muc-TTHC-linh-vuc-Thi-dua-khen-thuongu7d0qe.aspx",
        "Danh mục TTHC lĩnh vực Thi đua khen thưởng",
        "(11/02/2020 2:30 CH)",
        "2020-02-11T14:30:00+07:00",
    ),
    (
        "/portal/Pages/2019-12-2/Quyet-dinh-cong-bo-thu-tuc-hanh-chinh-dac-thu9w4hzt.aspx",
        "Quyết định công bố thủ tục hành chính đặc thù mới ban hành/bị bãi bỏ trong lĩnh vực Thi đua -...",
        "(02/12/2019 10:41 SA)",
        "2019-12-02T10:41:00+07:00",
    ),
    (
        "/portal/Pages/2014-10-27/Thong-bao-ve-viec-xet-khen-thuong3mvb1y.aspx",
        "",
        "(27/10/2014 10:21 SA)",
        "2014-10-27T10:21:00+07:00",
    ),
    (
        "/portal/Pages/2014-10-20/Linh-vu-Thi-dua-Khen-thuong6xk8rc.aspx",
        "Lĩnh vự Thi đua - Khen thưởng",
        "(20/10/2014 10:39 CH)",
        "2014-10-20T22:39:00+07:00",
    ),
]


def source(name="thanh-hoa/snv"):
    """A shipped source, as a crawl loads it."""
    return catalogue(Config.from_environment({})).load(name)


# --- pictures with their captions

CAPTIONED = {
    "centred paragraphs": '<p style="text-align:center"><img src="{src}" alt=""></p><p style="text-align:center">{text}</p>',
    "align attribute": '<p align="center"><img src="{src}"></p><p align="center">{text}</p>',
    "center element": '<center><img src="{src}"></center><center>{text}</center>',
    "center around both": '<center><img src="{src}"><br>{text}</center>',
    "no hint at all": '<p><img src="{src}"></p><p>{text}</p>',
    "justified like the text": '<p style="text-align:justify"><img src="{src}"></p><p style="text-align:justify">{text}</p>',
    "in em": '<p><img src="{src}"></p><p><em>{text}</em></p>',
    "in i in span": '<p><img src="{src}"></p><p><span><i>{text}</i></span></p>',
    "in italics by style": '<p><img src="{src}"></p><p><span style="font-style: italic;">{text}</span></p>',
    "strong and em, centred": '<p><img src="{src}"></p><p style="text-align:center"><strong><em>{text}</em></strong></p>',
    "half of it in em": '<p><img src="{src}"></p><p><em>{start}</em>{rest}</p>',
    "same paragraph after br": '<p><img src="{src}"><br>{text}</p>',
    "same paragraph after br, centred em": '<p style="text-align: center;"><img src="{src}"><br /><em>{text}</em></p>',
    "same paragraph directly": '<p><img src="{src}">{text}</p>',
    "same paragraph in span": '<p><span><img src="{src}"></span><span>{text}</span></p>',
    "same paragraph, two lines": '<p style="text-align:center"><img src="{src}"><br>{start}<br>{rest}</p>',
    "divs": '<div><img src="{src}"></div><div>{text}</div>',
    "nested divs": '<div><div><div><img src="{src}"></div></div><div><div>{text}</div></div></div>',
    "divs, align": '<div align="center"><img src="{src}"></div><div align="center">{text}</div>',
    "blank paragraph between": '<p><img src="{src}"></p><p>&nbsp;</p><p>{text}</p>',
    "blank paragraphs around": '<p>&nbsp;</p><p><img src="{src}">&nbsp;</p><p><br></p><p>\u200b</p><p>{text}</p><p>&nbsp;</p>',
    "figure": '<figure><img src="{src}"><figcaption>{text}</figcaption></figure>',
    "figure, paragraph within": '<figure><img src="{src}"><figcaption><p>{text}</p></figcaption></figure>',
    "figure, caption first": '<figure><figcaption>{text}</figcaption><img src="{src}"></figure>',
    "table, two rows": '<table><tbody><tr><td><img src="{src}"></td></tr><tr><td>{text}</td></tr></tbody></table>',
    "table, two rows, paragraphs": (
        '<table align="center"><tr><td><p><img src="{src}"></p></td></tr><tr><td><p>{text}</p></td></tr></table>'
    ),
    "table, one cell": '<table><tr><td><img src="{src}"><br>{text}</td></tr></table>',
    "table, one cell, paragraphs": '<table><tr><td><p><img src="{src}"></p><p>{text}</p></td></tr></table>',
    "table with caption element": '<table><caption>{text}</caption><tr><td><img src="{src}"></td></tr></table>',
    "picture is a link": '<p><a href="{src}"><img src="{src}"></a></p><p>{text}</p>',
    "lazy picture": '<p><img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" data-src="{src}"></p><p>{text}</p>',
    "spaces and line breaks": '<p>\r\n   <img\r\n src="{src}" />\r\n</p>\r\n\r\n<p>\r\n  {broken}\r\n </p>',
    "word": (
        '<p class="MsoNormal" align="center" style="text-align:center"><span style=\'mso-no-proof:yes\'>'
        '<img width="500" src="{src}" v:shapes="Picture_x0020_1"></span><o:p></o:p></p>'
        '<p class="MsoNormal" align="center" style="text-align:center"><i><span lang="VI">{text}<o:p></o:p></span></i></p>'
    ),
    "class says so": '<div class="picture"><img src="{src}"><div class="photo-caption">{text}</div></div>',
}  # fmt: skip


def captioned(layout, src, text):
    """A picture and its caption."""
    words = text.split(" ")
    return CAPTIONED[layout].format(
        src=src, text=text, start=" ".join(words[:5]), rest=" " + " ".join(words[5:]), broken="\r\n    ".join(words)
    )


# --- the text

TEXTS = {
    "justified": '<p style="text-align:justify;">{}</p>\n',
    "plain": "<p>{}</p>",
    "divs": "<div>{}</div>",
    "spans": '<p><span style="font-size:14pt"><span style="font-family:Times New Roman">{}</span></span></p>',
    "windows": "<p>\r\n\t{}\r\n</p>\r\n",
    "word": '<p class="MsoNormal" style="text-align:justify"><span lang="VI">{}<o:p></o:p></span></p><p><o:p>&nbsp;</o:p></p>',
    "breaks": "{}<br><br>",
}


def story(layout="centred paragraphs", text="justified"):
    """The body: paragraphs and pictures in their order."""
    parts = []
    for place, paragraph in enumerate(PARAGRAPHS):
        parts.append(TEXTS[text].format(paragraph))
        if place < len(CAPTIONS):
            parts.append(captioned(layout, PHOTOS[place], CAPTIONS[place]))
    return "".join(parts) + "<p>&nbsp;</p>"


ZOOM = '<div class="font-zoom"><a href="javascript:void(0)"><img src="/_layouts/15/a.png"></a> <span>100%</span></div>'
PAGER = '<div class="tandan-div-pager"><a href="javascript:history.back()">&lt;</a></div>'
RATING = "<p>Đánh giá của bạn về cổng thông tin điện tử</p><p>511 người đã bình chọn</p><p>1691 người đang online</p>"
FIELD = '<div id="ctl00_RichHtmlField" class="ms-rtestate-field" style="display:inline">{}</div>'

BODIES = {
    "field": ZOOM + FIELD,
    "field in a broken paragraph": f'{ZOOM}<p class="tandan-p-article-main">{FIELD}</p>',
    "empty fields around": (
        f'{ZOOM}<p class="tandan-p-article-main"><div class="ms-rtestate-field"></div>{FIELD}'
        '<div class="ms-rtestate-field">&nbsp;</div></p>'
    ),
    "field in art-content": f'<div id="art-content">{ZOOM}{FIELD}{PAGER}{RATING}</div>',
    "a field in the footer, too": (
        f'<div id="art-content">{FIELD}</div><div class="footer"><div class="ms-rtestate-field">Cơ quan chủ quản: Sở Nội '
        "vụ tỉnh Thanh Hóa. Địa chỉ: số 45B Đại lộ Lê Lợi, thành phố Thanh Hóa</div></div>"
    ),
    "art-content, and a field in the footer": (
        '<div id="art-content">{}</div><div class="footer"><div class="ms-rtestate-field">Cơ quan chủ quản: Sở Nội '
        "vụ tỉnh Thanh Hóa</div></div>"
    ),
    "art-content": '<div id="art-content">{}</div>',
    "article-contents": '<div class="article-contents">{}</div>',
    "zoom as a text before": f"100%\n{FIELD}",
    "zoom as a text within": '<div class="ms-rtestate-field">100%\n{}</div>',
    "zoom as a paragraph within": '<div id="art-content"><p>100%</p>{}</div>',
    "zoom with its buttons": '<div id="art-content"><div><a href="#">A-</a> <span>100%</span> <a href="#">A+</a></div>{}</div>',
    "zoom in a span, NBSP": '<div id="art-content"><span>&nbsp;100 %&nbsp;</span>{}</div>',
    "pager and rating within": '<div id="art-content">{}' + PAGER + RATING + "</div>",
    "pager as a text within": '<div id="art-content">{}\n&lt;\n</div>' + RATING,
    "pager as a paragraph within": '<div id="art-content">{}<p>&nbsp;</p><p>&lt;</p></div>',
    "pager of a sloppy writer": '<div id="art-content">{}<p><</p></div>',
    "rating in one line within": (
        '<div id="art-content">{}<div>Đánh giá của bạn về cổng thông tin điện tử <b>511</b> người đã bình chọn '
        "<b>1691</b> người đang online</div></div>"
    ),
    "rating in spans within": (
        '<div id="art-content">{}<span>511 người đã bình chọn</span> <span>1691 người đang online</span></div>'
    ),
    "script within": '<div id="art-content"><script>var a = "<p>Tin khác</p>";</script><style>p {{}}</style>{}</div>',
    "title and date within": (
        f'<div id="art-content"><h2>{TITLE}</h2><span class="tandan-span-date-publish">{DATE}</span>{{}}</div>'
    ),
}

TITLES = {
    "news-title": f'<p class="tandan-p-article-news-title">{TITLE}</p>',
    "title-view": f'<div class="tandan-title-view"><span>{TITLE}</span></div>',
    "h1": f"<h1>{TITLE}</h1>",
    "h1 after the portal's": f"<h1>Sở Nội vụ tỉnh Thanh Hóa</h1><h1>{TITLE}</h1>",
    "title element only": "",
    "h1 is the portal's name": "<h1>Cổng thông tin điện tử Sở Nội vụ tỉnh Thanh Hóa</h1>",
    "cut in the page, whole above": f'<p class="tandan-p-article-news-title">{TITLE[:90]}...</p>',
    "line breaks": f'<p class="tandan-p-article-news-title">\r\n\t{TITLE.replace(" ", chr(13) + chr(10) + "  ")}\r\n</p>',
    "escaped twice": f'<p class="tandan-p-article-news-title">{TITLE.replace("Sở", "S&amp;#7903;")}</p>',
}

DATES = {
    "span": f'<span class="tandan-span-date-publish">{DATE}</span>',
    "NBSP": f'<span class="tandan-span-date-publish">&nbsp;{DATE.replace(" ", "&nbsp;")} </span>',
    "entities": '<span class="tandan-span-date-publish">&#272;&#259;ng ng&agrave;y 18 - 07 - 2023</span>',
    "NFD": '<span class="tandan-span-date-publish">\u0110a\u0306ng nga\u0300y 18 - 07 - 2023</span>',
    "line breaks": '<span class="tandan-span-date-publish">\r\n Đăng ngày\r\n 18 - 07 - 2023\r\n</span>',
    "no class": f"<span>{DATE}</span>",
    "no class, plain text": f"<div>{DATE}<br></div>",
}


def _row(form, link, title, date):
    return form.format(link=escape(link), title=escape(title), date=date, bare=date.strip("()"))


_ROWS = {
    "text after the link": '<p class="tandan-p-article-other"><a href="{link}">{title}</a>{date}</p>',
    "span after the link": '<p class="tandan-p-article-other"><a href="{link}">{title}</a><span>{date}</span></p>',
    "span before the link": '<p class="tandan-p-article-other"><span>{bare}</span> <a href="{link}">{title}</a></p>',
    "in the link": '<p class="tandan-p-article-other"><a href="{link}">{title}{date}</a></p>',
    "in a span in the link": '<p class="tandan-p-article-other"><a href="{link}">{title} <span>{date}</span></a></p>',
    "list items": '<li><a href="{link}">{title}</a> {date}</li>',
    "table rows": '<tr><td><a href="{link}">{title}</a></td><td>{date}</td></tr>',
    "divs": '<div><div><a href="{link}">{title}</a></div><div>{date}</div></div>',
    "line breaks": '<a href="{link}">{title}</a>{date}<br>\r\n',
}


def rows(form):
    """The rows of the related list."""
    return "".join(_row(_ROWS[form], link, title, date) for link, title, date, _ in RELATED)


RELATED_LISTS = {
    **{
        f"known box, {form}": f'<div class="tandan-div-article-other"><p>Tin mới nhất</p>{rows(form)}</div>'
        for form in ("text after the link", "span after the link", "span before the link", "in the link", "divs", "line breaks")
    },
    "known box, list": f'<div class="tandan-div-article-other"><p>Tin mới nhất</p><ul>{rows("list items")}</ul></div>',
    "known box, table": f'<div class="tandan-div-article-other"><table>{rows("table rows")}</table></div>',
    "known paragraphs only": f"<p>Tin mới nhất</p>{rows('in a span in the link')}",
    "h3 and list": f"<div><h3>Tin mới nhất</h3><ul>{rows('list items')}</ul></div>",
    "h3 and list, beside all else": f"<h3>Tin mới nhất</h3><ul>{rows('list items')}</ul>",
    "div and divs": f"<div><div>Tin mới nhất:</div>{rows('divs')}</div>",
    "span and lines": f"<div><span> TIN MỚI NHẤT </span><br>{rows('line breaks')}</div>",
    "icon before the heading": f"<div><h4><i class='fa'></i> Tin mới nhất</h4><ul>{rows('list items')}</ul></div>",
    "heading in a link": f'<div><h4><a href="/portal/Pages/Tin-tuc.aspx">Tin mới nhất</a></h4><table>{rows("table rows")}</table></div>',
    "NFD heading": f"<div><h4>Tin mo\u031b\u0301i nha\u0302\u0301t</h4><ul>{rows('list items')}</ul></div>",
}  # fmt: skip

COUNTERS = {
    "texts": RATING,
    "numbers in b": "<div><b>511</b> người đã bình chọn</div><div><b>1691</b> người đang online</div>",
    "numbers in spans, NBSP": "<span>511</span>&nbsp;người đã bình chọn <span><span>1691</span></span>&nbsp;người đang online",
    "thousands parted": "<p>511 người đã bình chọn</p><p>1.691 người đang online</p>",
    "line breaks": "<p>511\r\n người đã\r\n bình chọn</p><p>1691\r\n\tngười đang online</p>",
}

_MENU = "".join(
    f'<li class="static"><a class="static menu-item" href="/portal/Pages/{name}.aspx">{label}</a></li>'
    for name, label in [("default", "Trang chủ"), ("Tin-tuc", "Tin tức"), ("Van-ban", "Văn bản"), ("Lien-he", "Liên hệ")]
)  # fmt: skip
FRAME = """<!DOCTYPE html>
<html dir="ltr" lang="en-US"><head><meta http-equiv="Content-type" content="text/html; charset=utf-8">
<title>
	{page_title} - CỔNG THÔNG TIN ĐIỆN TỬ SỞ NỘI VỤ TỈNH THANH HÓA
</title></head><body>
<form method="post" action="./a.aspx" id="aspnetForm"><input type="hidden" name="__VIEWSTATE" value="/wEPDwUK">
<div class="TD-main-left"><ul class="TD-ul-module-menu-left">{menu}</ul></div>
<div class="TD-main-center">{title}{date}{body}{pager}{related}</div>
<div class="TD-main-right">{counters}</div></form></body></html>"""


def page(
    *,
    body=None,
    layout="centred paragraphs",
    text="justified",
    title="news-title",
    date="span",
    field="field",
    related="known box, span after the link",
    counters="texts",
):
    """A page that says all of the seed, each part in one of the ways above."""
    return FRAME.format(
        page_title=TITLE,
        menu=_MENU,
        title=TITLES[title],
        date=DATES[date],
        body=BODIES[field].format(body or story(layout, text)),
        pager=PAGER,
        related=RELATED_LISTS[related] if related else "",
        counters=COUNTERS[counters],
    )
