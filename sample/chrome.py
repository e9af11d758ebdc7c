"""The frame around every page of the sample portal: head, menu, sidebars, counters, footer.

All of it is made once, as bytes. What changes from hit to hit (view state, votes, people online) is put between the
ready pieces, so that a page costs little more than one join.
"""

from __future__ import annotations

import base64
import random
from itertools import count

from sample.addresses import ascii_slug
from sample.topics import TOPICS

SITE_NAME = "CỔNG THÔNG TIN ĐIỆN TỬ SỞ NỘI VỤ - TRANG MẪU"
NEWS, ACTIVITY = "/portal/Pages/Tin-tuc.aspx", "/portal/KenhTin/Hoat-dong-nganh.aspx"
PROCEDURES, HOME = "/portal/Pages/Thu-tuc-hanh-chinh.aspx", "/portal/Pages/default.aspx"
FEED, SEARCH = "/portal/rss/Hoat-dong-nganh.rss", "/portal/Pages/Tim-kiem.aspx"
ENGLISH = "/en/portal/Pages/default.aspx"

_MENU_KINDS = (
    *("Văn bản lĩnh vực", "Hỏi đáp lĩnh vực", "Biểu mẫu lĩnh vực", "Lịch công tác lĩnh vực", "Số liệu lĩnh vực"),
    *("Đường dây nóng lĩnh vực", "Cán bộ phụ trách lĩnh vực", "Kế hoạch lĩnh vực", "Tài liệu tập huấn lĩnh vực"),
    "Góp ý dự thảo lĩnh vực",
)
# Channels that stand in the menu and hold nothing yet: lower-case path -> name.
EMPTY_CHANNELS = {
    f"/portal/KenhTin/{ascii_slug(f'{kind} {topic.field}')}.aspx": f"{kind} {topic.field}"
    for topic in TOPICS
    for kind in _MENU_KINDS
} | {"/portal/Pages/so-do-cong.aspx": "Sơ đồ cổng", "/portal/Pages/lien-he.aspx": "Liên hệ"}
_MENU = {
    HOME: "Trang chủ",
    NEWS: "Tin tức",
    ACTIVITY: "Hoạt động ngành",
    PROCEDURES: "Thủ tục hành chính",
    SEARCH: "Tìm kiếm",
    FEED: "RSS",
    ENGLISH: "English",
    "/_layouts/15/Authenticate.aspx?Source=%2Fportal": "Đăng nhập",
    **EMPTY_CHANNELS,
}
_SCRIPTS = (
    *("init.js", "msajaxbundle.js", "blank.js", "ScriptResource.js", "core.js", "sp.runtime.js", "sp.js", "cui.js"),
    *("jquery-1.8.3.min.js", "jquery.tandan.bar-chart.js", "font-zoom.js", "ribbon.js", "followingcommon.js"),
)
_VIEW_STATE_LENGTH = 20_000
# Slices of one long random text stand for view states: nobody decodes them, they only have to differ and weigh.
_POOL = base64.b64encode(random.Random("view state").randbytes(150_000)).replace(b"=", b"A")  # noqa: S311 - looks random, hides nothing
_POOL_STEP = 7_919
_hits = count(1)


def _menu_item(number: int, href: str, name: str) -> str:
    return f'<li class="static"><a class="static menu-item" id="m{number}" href="{href}">{name}</a></li>\n'


def _banner(folder: str, number: int) -> str:
    return (
        f'<div class="TD-banner"><a href="{HOME}" title=""><img src="/portal/{folder}/2026-01/banner{number:02d}.jpg" '
        'alt="" style="width:100%;border-width:0px;"></a></div>\n'
    )


_SCRIPT_LINKS = "".join(
    f'<script type="text/javascript" src="/_layouts/15/{name}?rev=TjG%2BQqJ3q%2F1oY1wZ0wTz{number}"></script>\n'
    for number, name in enumerate(_SCRIPTS)
)
_INLINE_SCRIPT = "".join(
    f"RegisterSod('sp.part{number}.js', '\\u002f_layouts\\u002f15\\u002fsp.part{number}.js?rev=cAb1{number}');"
    f"RegisterSodDep('sp.part{number}.js', 'sp.core.js');\n"
    for number in range(28)
)
_HEAD_START = (
    b'<!DOCTYPE html>\n<html dir="ltr" lang="vi-VN">\n<head>\n<meta http-equiv="X-UA-Compatible" content="IE=10">\n'
    b'<meta name="GENERATOR" content="Microsoft SharePoint"><meta charset="utf-8">\n<title>\n\t'
)
_HEAD_END = (
    f" - {SITE_NAME}\n</title>\n"
    '<link rel="stylesheet" type="text/css" href="/_layouts/15/1066/styles/Themable/corev15.css">\n'
    '<link rel="stylesheet" type="text/css" href="/Style%20Library/TanDan/portal.css">\n'
    f"{_SCRIPT_LINKS}"
    f'<script type="text/javascript">\n//<![CDATA[\nvar g_presenceEnabled = true;\n{_INLINE_SCRIPT}//]]>\n</script>\n'
).encode()
_BODY_START = b'</head>\n<body>\n<form method="post" action="./'
_FORM_START = b'" id="aspnetForm">\n<div class="aspNetHidden">\n'
_POSTBACK_FIELDS = (
    b'<input type="hidden" name="__EVENTTARGET" id="__EVENTTARGET" value="">\n'
    b'<input type="hidden" name="__EVENTARGUMENT" id="__EVENTARGUMENT" value="">\n'
)
_STATE_START = b'<input type="hidden" name="__VIEWSTATE" id="__VIEWSTATE" value="'
_STATE_END = (
    b'">\n<input type="hidden" name="__VIEWSTATEGENERATOR" id="__VIEWSTATEGENERATOR" value="BAB98CB3">\n'
    b'<input type="hidden" name="__EVENTVALIDATION" id="__EVENTVALIDATION" value="'
)
_TOP = (
    '">\n</div>\n<script type="text/javascript">\n//<![CDATA[\nvar theForm = document.forms[\'aspnetForm\'];\n'
    "function __doPostBack(eventTarget, eventArgument) {\n"
    "    theForm.__EVENTTARGET.value = eventTarget;\n    theForm.__EVENTARGUMENT.value = eventArgument;\n"
    "    theForm.submit();\n}\n//]]>\n</script>\n"
    '<div id="s4-workspace"><div id="s4-bodyContainer">\n'
    '<div class="TD-header"><a href="/"><img src="/portal/ImageAds/2026-01/dau-trang.jpg" alt=""></a></div>\n'
    '<div class="TD-main-left">\n<ul class="TD-ul-module-menu-left">\n'
    + "".join(_menu_item(number, href, name) for number, (href, name) in enumerate(_MENU.items(), 1))
    + "</ul>\n"
    + "".join(_banner("LinkImage", number) for number in range(1, 9))
    + '</div>\n<div class="TD-main-center" id="DeltaPlaceHolderMain">\n'
).encode()
_RIGHT = (
    '</div>\n<div class="TD-main-right">\n'
    + "".join(_banner("ImageAds", number) for number in range(1, 13))
    + '<div class="TD-poll"><p class="TD-poll-title">Đánh giá của bạn về cổng thông tin điện tử</p>\n'
    + "".join(
        f'<label><input type="radio" name="poll"> {choice}</label><br>\n' for choice in ("Tốt", "Khá", "Chưa tốt")
    )
    + '<p class="TD-poll-votes">'
).encode()
_ONLINE = ' người đã bình chọn</p></div>\n<div class="TD-online"><span>'.encode()
_BOTTOM = (
    " người đang online</span></div>\n</div>\n"
    f'<div class="TD-footer"><p>{SITE_NAME}</p>'
    "<p>Trang dựng để thử phần mềm, không phải trang của cơ quan nào.</p></div>\n"
    "</div></div>\n</form>\n</body>\n</html>\n"
).encode()


def frame(
    title: bytes,
    main: bytes,
    *,
    action: bytes = b"default.aspx",
    extra_head: bytes = b"",
    state: tuple[bytes, bytes] | None = None,
) -> bytes:
    """A whole page around the main part.

    Args:
        title: What stands in <title> before the site's name, as HTML.
        main: HTML of the middle column.
        action: Name of the page that its form posts to.
        extra_head: More for <head>.
        state: View state and event validation of a page with postbacks; others get random ones.
    """
    hit = next_hit()
    if state is None:
        start = hit * _POOL_STEP % (len(_POOL) - _VIEW_STATE_LENGTH)
        view_state, validation = b"/wEPDw" + _POOL[start : start + _VIEW_STATE_LENGTH], _POOL[start : start + 180]
    else:
        view_state, validation = state
    return b"".join(
        (
            *(_HEAD_START, title, _HEAD_END, extra_head, _BODY_START, action, _FORM_START, _POSTBACK_FIELDS),
            *(_STATE_START, view_state, _STATE_END, validation, _TOP, main, _RIGHT),
            *(b"%d" % (510 + hit), _ONLINE, b"%d" % (1600 + hit * 37 % 401), _BOTTOM),
        )
    )


def filler(length: int) -> bytes:
    """Random-looking bytes of that length, others at each hit."""
    start = next_hit() * _POOL_STEP % (len(_POOL) - length)
    return _POOL[start : start + length]


def next_hit() -> int:
    """The number of a hit, one more each time."""
    return next(_hits)
