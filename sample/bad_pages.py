"""What goes wrong in the pages themselves: encodings, hostile markup, pages that are something else than asked for."""

from __future__ import annotations

import unicodedata
from itertools import count
from typing import TYPE_CHECKING

from sample.faults import FOREIGN_HOST, HOME, TITLE, Fault, article, title_at, to_host
from sample.old_fonts import to_1258, to_tcvn3, to_vni

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sample.raw import Line

LOGIN = "/faults/dang-nhap"
_views = count(1_000)

_BETS = "".join(
    f'<li><a href="https://{name}.example/dang-ky">{words}</a></li>'
    for name, words in (("bet88", "Nhà cái uy tín"), ("no-hu", "Nổ hũ đổi thưởng"), ("tai-xiu", "Tài xỉu online"))
)


def page(
    body: str | bytes | Callable[[str], str | bytes], kind: str = "text/html; charset=utf-8", status: str = "200 OK"
) -> Callable[[Line], Awaitable[None]]:
    """Answers with a page, or with what is made of the title that belongs to the address."""

    async def answer(line: Line) -> None:
        said = body(title_at(line.request.path)) if callable(body) else body
        await line.answer(said.encode() if isinstance(said, str) else said, f"Content-Type: {kind}", status=status)

    return answer


_BOX = "<html><head><title>{0}</title></head><body><h1>{0}</h1><p>{1}</p></body></html>"
_CHALLENGE = (
    '<html><body><script>document.cookie="D1N=0a1b"+"; path=/";window.location.reload(true);</script></body></html>'
)
_CASINO = _BOX.format("Nhà cái uy tín số 1, casino trực tuyến", f"<ul>{_BETS}</ul>")
_RESTING = _BOX.format("Thông báo", "Hệ thống đang bảo trì, mời quay lại sau.")
_CAPTCHA = _BOX.format("Just a moment...", '<div class="g-recaptcha"></div>')


def _controls(title: str) -> str:
    dirty = title.replace("và", "v\0à\x01").replace("của", "của&#1;")
    return article(dirty).replace("điều 7", "điều\x02 7\x00")


def _deep(tag: str, times: int) -> Callable[[str], str]:
    return lambda title: article(title, foot=f"<{tag}>" * times)


def _attributes(title: str) -> str:
    return article(title, foot="<div " + " ".join(f"a{number}=''" for number in range(100_000)) + "></div>")


def _counted(title: str) -> str:
    return article(title, foot=f"<p>Lượt xem: {next(_views)}</p><p>{next(_views)} người đang online</p>")


def _damaged(title: str) -> bytes:
    return article(title).encode().replace(b" 7.", b" 7 \xff\xed\xa0\x80.")


def _coded(name: str, mark: bytes = b"") -> Callable[[str], bytes]:
    return lambda title: mark + article(title).encode(name)


def _in_font(font: str, encoded: Callable[[str], bytes]) -> Callable[[str], bytes]:
    return lambda title: encoded(article(title, head=f'<style>p {{ font-family: "{font}" }}</style>'))


PAGES = (
    Fault("B1", "UTF-8 under a header of iso-8859-1", "OK", page(article, "text/html; charset=iso-8859-1")),
    Fault("B2", "windows-1258, undeclared", "OK", page(lambda title: to_1258(article(title)), "text/html")),
    Fault("B3", "TCVN3, for the font .VnTime", "OK", page(_in_font(".VnTime", to_tcvn3), "text/html"), rewrites=True),
    Fault("B3-vni", "VNI, for the font VNI-Times", "BROKEN", page(_in_font("VNI-Times", to_vni), "text/html")),
    Fault("B4", "UTF-8 with a byte order mark", "OK", page(_coded("utf-8", b"\xef\xbb\xbf"), "text/html")),
    Fault("B4-16", "UTF-16 with a byte order mark", "OK", page(_coded("utf-16"), "text/html")),
    Fault("B5", "bytes that are no UTF-8, lone surrogates among them", "OK",
          page(_damaged, "text/html"), rewrites=True),
    Fault("B6", "NUL and other controls", "OK", page(_controls)),
    Fault("B7", "letters and their marks apart (NFD)", "OK",
          page(lambda title: unicodedata.normalize("NFD", article(title)))),
    Fault("B10", "entities escaped twice", "OK", page(lambda title: article(title.replace("ế", "&amp;#7871;")))),
    Fault("B11", "zero-width spaces and an override in the title", "OK",
          page(lambda title: article(title.replace("đất", "đ\u200bấ\u00adt\u202e")))),
    Fault("B12", "200,000 nested tags", "TOO_COMPLEX", page(_deep("div", 200_000))),
    Fault("B13", "100,000 attributes on one tag", "TOO_COMPLEX", page(_attributes), once=True),
    Fault("B14", "80,000 unclosed tags", "TOO_COMPLEX", page(_deep("b", 80_000))),
    Fault("B15", "a PDF as text/html", "BROKEN", page(b"%PDF-1.7\n1 0 obj <</Type /Catalog>> endobj\n%%EOF\n")),
    Fault("B15-html", "HTML as a PDF", "OK", page(article, "application/pdf")),
    Fault("B22", "a foreign <base>", "OK",
          page(lambda title: article(title, head='<base href="http://127.0.0.2/elsewhere/">'))),
    Fault("B24", "counters that never stand still", "OK", page(_counted)),
    Fault("C1", "a firewall's rejection with 200", "BLOCKED",
          page(_BOX.format("Request Rejected", "The requested URL was rejected. Your support ID is: 1234567"))),
    Fault("C2", "a cookie challenge with 200", "CHALLENGE",
          page(_CHALLENGE)),
    Fault("C3-403", "a captcha with 403", "CHALLENGE", page(_CAPTCHA, status="403 Forbidden")),
    Fault("C3-503", "a captcha with 503", "CHALLENGE", page(_CAPTCHA, status="503 Service Unavailable"), asked=3),
    Fault("C4", "a login form with 200", "LOGIN",
          page(_BOX.format("Đăng nhập", "<form><input name=u><input type=password name=p></form>"))),
    Fault("C4-sso", "a redirect to a login form", "LOGIN",
          lambda line: line.answer(b"", f"Location: {LOGIN}", status="302 Found")),
    Fault("C4-elsewhere", "a redirect to another host, to log in", "LOGIN",
          to_host(FOREIGN_HOST, "/sso/login?service=x")),
    Fault("C5", "under maintenance with 200", "MAINTENANCE",
          page(_RESTING)),
    Fault("C5-503", "under maintenance with 503", "MAINTENANCE",
          page(_RESTING, status="503 Service Unavailable"), asked=3),
    Fault("C6", "a page that is not there, with 200", "SOFT404",
          page(_BOX.format("Không tìm thấy trang", "Trang bạn yêu cầu không tồn tại."))),
    Fault("C7", "a redirect to the home page", "SOFT404",
          lambda line: line.answer(b"", f"Location: {HOME}", status="302 Found")),
    Fault("C9", "a layout that no selector meets", "DRIFT", page(_BOX.format(TITLE, "Một trang khác hẳn."))),
    Fault("C20", "a casino in the portal's place", "DRIFT", page(_CASINO)),
    Fault("C20-parked", "a domain that is for sale", "DRIFT",
          page(_BOX.format("snv.example.vn", "This domain is for sale. Buy this domain."))),
)  # fmt: skip
