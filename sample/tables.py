"""Procedures in HTML, as editors of SharePoint portals paste them: tables in tables, bold labels, merged cells."""

from __future__ import annotations

from html import escape
from itertools import groupby
from typing import TYPE_CHECKING

from sample.announcements import WORDS
from sample.attachments import TAIL
from sample.records import head

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sample.announcements import Decision
    from sample.records import Head, Record

_LEVELS = {"bộ": "Cấp bộ", "tỉnh": "Cấp tỉnh", "xã": "Cấp xã"}
_NOTHING = "Không có thông tin"
_LISTED: tuple[str, ...] = ("Mã số TTHC", "Tên thủ tục hành chính", "Lĩnh vực")
_REPLACED: tuple[str, ...] = (
    *("Mã số TTHC được thay thế", "Tên thủ tục được thay thế"),
    *("Mã số TTHC thay thế", "Tên thủ tục thay thế"),
)
_TWO_ROWS_OF_HEADS = (
    '<tr><th rowspan="2">STT</th><th rowspan="2">Mã số TTHC</th><th rowspan="2">Tên thủ tục hành chính</th>'
    '<th colspan="2">Thực hiện</th><th rowspan="2">Địa điểm tiếp nhận</th></tr>\n'
    "<tr><th>Cấp thực hiện</th><th>Quyết định công bố</th></tr>\n"
)


def head_pairs(one: Head, *, tail: str = TAIL) -> list[tuple[str, str]]:
    """The labels that even a head can fill, and their values as HTML."""
    return [
        ("Mã thủ tục", one.code + tail),
        ("Số quyết định", one.decision),
        ("Tên thủ tục", escape(one.name)),
        ("Cấp thực hiện", levels(one)),
        ("Loại thủ tục", one.kind or _NOTHING),
        ("Lĩnh vực", escape(one.field)),
    ]


def pairs(record: Record, *, tail: str = TAIL) -> list[tuple[str, str]]:
    """All labels of a procedure's page and their values as HTML, in the order of the national portal."""
    return [
        *head_pairs(record, tail=tail),
        ("Trình tự thực hiện", _lines(record.steps or _NOTHING)),
        ("Cách thức thực hiện", _ways(record)),
        ("Thành phần hồ sơ", _dossier(record)),
        ("Đối tượng thực hiện", ", ".join(record.applicants)),
        ("Cơ quan thực hiện", escape(record.carried_out_by or _NOTHING)),
        ("Cơ quan có thẩm quyền", escape(record.agency or _NOTHING)),
        ("Địa chỉ tiếp nhận HS", _lines(record.place or _NOTHING)),
        ("Kết quả thực hiện", "<br>".join(escape(name) for name, _ in record.results)),
        ("Căn cứ pháp lý", _legal_basis(record)),
        ("Yêu cầu, điều kiện thực hiện", _lines(record.conditions or _NOTHING)),
        ("Từ khóa", _NOTHING),
        ("Mô tả", _NOTHING),
    ]


def levels(one: Head) -> str:
    """The levels of a procedure, as portals print them."""
    return ", ".join(_LEVELS[level] for level in one.levels)


def _in_a_table(record: Record) -> str:
    rows = "".join(
        f'<tr><td style="width:22%"><strong>{label}</strong></td><td>{value}</td></tr>\n'
        for label, value in pairs(record)
    )
    return f'<table border="1" cellpadding="5" cellspacing="0" style="width:100%"><tbody>\n{rows}</tbody></table>\n'


def _under_labels(record: Record) -> str:
    return "".join(f"<p><strong>{label}:</strong></p>\n<div>{value}</div>\n" for label, value in pairs(record))


def _in_a_word_table(record: Record) -> str:
    rows = "".join(
        f'<tr><td><p class="MsoNormal">{number}</p></td><td><p class="MsoNormal"><b>{label}</b></p></td>'
        f'<td><div class="MsoNormal">{value}</div></td></tr>\n'
        for number, (label, value) in enumerate(pairs(record), 1)
    )
    return f'<table class="MsoTableGrid" border="1"><tbody>\n{rows}</tbody></table>\n'


SINGLE: tuple[Callable[[Record], str], ...] = (_in_a_table, _under_labels, _in_a_word_table)


def many(heads: Sequence[Head]) -> str:
    """Many procedures in one table: two rows of heads, a row of numbers, a row for each field, places merged."""
    rows = [
        _TWO_ROWS_OF_HEADS,
        f"<tr>{''.join(f'<td>({number})</td>' for number in range(1, 7))}</tr>\n",
    ]
    number = 0
    for letter, (field, group) in enumerate(groupby(heads, key=lambda one: one.field), 1):
        members = list(group)
        rows.append(f'<tr><td>{_roman(letter)}</td><td colspan="5"><b>Lĩnh vực {escape(field)}</b></td></tr>\n')
        for at, one in enumerate(members):
            number += 1
            place = f'<td rowspan="{len(members)}">Trung tâm Phục vụ hành chính công tỉnh</td>' if not at else ""
            rows.append(
                f"<tr><td>{number}</td><td>{one.code}{TAIL}</td><td>{escape(one.name)}</td><td>{levels(one)}</td>"
                f"<td>{one.decision}</td>{place}</tr>\n"
            )
    return f'<table border="1" style="width:100%"><tbody>\n{"".join(rows)}</tbody></table>\n'


def annex(decision: Decision) -> str:
    """What a decision does, as a heading and a table for each kind of change."""
    out = []
    rows: list[tuple[str, ...]]
    for change, heads in decision.parts():
        out.append(f"<p><strong>DANH MỤC THỦ TỤC HÀNH CHÍNH {WORDS[change].upper()}</strong></p>\n")
        if change == "replaced":
            names, rows = _REPLACED, [_replaced(one, head(decision.instead[one.code])) for one in heads]
        else:
            names, rows = _LISTED, [(one.code + TAIL, one.name, one.field) for one in heads]
        out.append(_table(names, rows))
    return "".join(out)


def _replaced(one: Head, later: Head) -> tuple[str, ...]:
    return (one.code + TAIL, one.name, later.code + TAIL, later.name)


def _roman(number: int) -> str:
    text = ""
    for value, letters in ((10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")):
        times, number = divmod(number, value)
        text += letters * times
    return text


def _table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    shown = "".join(f"<th>{name}</th>" for name in names)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>\n" for row in rows)
    return f'<table border="1"><tbody>\n<tr>{shown}</tr>\n{body}</tbody></table>\n'


def _lines(text: str) -> str:
    return "<br>\n".join(escape(line) for line in text.split("\n"))


def _ways(record: Record) -> str:
    rows = [(way.how, way.time_limit, way.fee or _NOTHING, way.note or "") for way in record.ways]
    return _table(("Hình thức nộp", "Thời hạn giải quyết", "Phí, lệ phí", "Mô tả"), rows)


def _dossier(record: Record) -> str:
    out = []
    for case, papers in groupby(record.dossier, key=lambda paper: paper.case):
        out.append(f"<p>{escape(case)}</p>\n" if case else "")
        rows = [
            (paper.name, paper.form or "", f"Bản chính: {paper.originals} Bản sao: {paper.copies or 0}")
            for paper in papers
        ]
        out.append(_table(("Tên giấy tờ", "Mẫu đơn, tờ khai", "Số lượng"), rows))
    return "".join(out) or _NOTHING


def _legal_basis(record: Record) -> str:
    rows = [
        (basis.number, basis.title, "/".join(reversed((basis.date or "").split("-"))), basis.issuer or "")
        for basis in record.legal_basis
    ]
    return _table(("Số ký hiệu", "Trích yếu", "Ngày ban hành", "Cơ quan ban hành"), rows)
