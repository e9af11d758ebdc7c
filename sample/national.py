"""The national portal of public services as its crawlers have told of it: a JSON service, a page for each procedure.

The service and the keys of its rows are those that four public crawlers use; what they do not tell is invented: the
answer to an unknown service (an empty list), the rows of a procedure's steps and conditions. So what reads this may
still fail on the real one.
"""

from __future__ import annotations

import json
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote

from sample import attachments, tables
from sample.messages import Answer, Request, file, html
from sample.procedures import DOCX
from sample.records import Record, heads, records

if TYPE_CHECKING:
    from collections.abc import Callable

    from sample.records import Head

REST = "/jsp/rest.jsp"
DETAIL = "/p/home/dvc-chi-tiet-thu-tuc-hanh-chinh.html"
FORM = "/web/jsp/download_file.jsp"
_FIRST_ID, _ROWS = 10_001, 10
_JSON = b"application/json; charset=utf-8"


def rest(request: Request) -> Answer:
    """Answers the service named in the form's `params`; rows are JSON objects, all values are text."""
    form = parse_qs(request.body.decode("utf-8", "replace"))
    try:
        params = json.loads(form["params"][0])
        rows = _SERVICES.get(params.get("service"), _no_rows)(params)
    except (KeyError, ValueError, AttributeError, TypeError):
        return html(b"<html><body><h1>HTTP Status 500</h1></body></html>\n", (), 500)
    return file(_JSON, json.dumps(rows, ensure_ascii=False).encode())


def detail(request: Request) -> Answer:
    """The page of a procedure, asked for by code or by the service's ID."""
    one = _numbered().get(_asked(request, "ma_thu_tuc"))
    if one is None:
        return html("<html><body><h1>Không tìm thấy thủ tục</h1></body></html>\n".encode(), (), 404)
    found = tables.pairs(one, tail="") if isinstance(one, Record) else tables.head_pairs(one, tail="")
    rows = "".join(f'<div class="info-row"><div>{label}</div><div>{value}</div></div>\n' for label, value in found)
    link = f'<a href="{FORM}?ma={quote(one.code)}">Mẫu đơn, tờ khai</a>\n' if isinstance(one, Record) else ""
    page = (
        f'<!DOCTYPE html>\n<html lang="vi">\n<head><meta charset="utf-8"><title>{escape(one.name)}</title></head>\n'
        '<body>\n<div class="header"><a href="/p/home/dvc-trang-chu.html">Cổng Dịch vụ công quốc gia (mẫu)</a></div>\n'
        f'<h1 class="main-title-sub">{escape(one.name)}</h1>\n'
        f'<div class="modal" id="popupChitietTTHC"><div class="modal-body">\n{rows}</div></div>\n'
        f"{link}</body>\n</html>\n"
    )
    return html(page.encode(), ())


def form(request: Request) -> Answer:
    """The form of a procedure, a Word file."""
    one = _numbered().get(_asked(request, "ma"))
    if not isinstance(one, Record):
        return html("<html><body><h1>Không tìm thấy tệp</h1></body></html>\n".encode(), (), 404)
    return file(DOCX, attachments.form(one))


def _asked(request: Request, name: str) -> str:
    return parse_qs(request.query).get(name, [""])[0]


@cache
def _all() -> tuple[Head, ...]:
    return (*records(), *heads())


@cache
def _numbered() -> dict[str, Head]:
    """Procedures by code and by ID."""
    by_id = {str(_FIRST_ID + at): one for at, one in enumerate(_all())}
    return by_id | {one.code: one for one in _all()}


@cache
def _fields() -> dict[str, int]:
    return {name: at for at, name in enumerate(sorted({one.field for one in _all()}), 1)}


def _search(params: dict[str, Any]) -> list[dict[str, str]]:
    """A page of procedures; AMOUNT is how many there are on all pages."""
    keyword, field = str(params.get("keyword") or "").casefold(), int(params.get("field_id") or -1)
    found = [
        (_FIRST_ID + at, one)
        for at, one in enumerate(_all())
        if (keyword in one.name.casefold() or keyword == one.code) and field in {-1, _fields()[one.field]}
    ]
    size, page = max(int(params.get("recordPerPage") or _ROWS), 1), max(int(params.get("pageIndex") or 1), 1)
    return [
        {
            "ID": str(identity),
            "PROCEDURE_CODE": one.code,
            "PROCEDURE_NAME": one.name,
            "FIELD_NAME": one.field,
            "PUBLISHED_AGENCY": "Bộ, ngành" if "bộ" in one.levels else "UBND tỉnh Thanh Hóa",
            "IMPLEMENTATION_AGENCY": (one.carried_out_by if isinstance(one, Record) else one.agency) or "",
            "AMOUNT": str(len(found)),
        }
        for identity, one in found[(page - 1) * size : page * size]
    ]


def _named(params: dict[str, Any]) -> Head | None:
    return _numbered().get(str(params.get("id") or params.get("procedure_id") or ""))


def _steps(params: dict[str, Any]) -> list[dict[str, str]]:
    one = _named(params)
    lines = one.steps.split("\n") if isinstance(one, Record) and one.steps else []
    return [{"ORDER": str(at), "CONTENT": line} for at, line in enumerate(lines, 1)]


def _conditions(params: dict[str, Any]) -> list[dict[str, str]]:
    one = _named(params)
    return [{"CONTENT": one.conditions}] if isinstance(one, Record) and one.conditions else []


def _no_rows(_params: dict[str, Any]) -> list[dict[str, str]]:
    return []


_SERVICES: dict[Any, Callable[[dict[str, Any]], list[dict[str, str]]]] = {
    "procedure_advanced_search_service_v2": _search,
    "procedure_get_impl_orders_by_proc_id_service_v2": _steps,
    "procedure_get_requires_by_procedure_id_service_v2": _conditions,
    "procedure_get_related_procedures_service_v2": _no_rows,
}
