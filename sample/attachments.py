"""The files that the procedure pages of the sample portal carry: good ones, and each kind of bad one.

Files are made when they are asked for, the same bytes each time; those that need other programs are in `data/`.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from sample import docx, pdf
from sample.announcements import IN_DOCX, SCANNED, WORDS
from sample.records import heads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sample.announcements import Decision
    from sample.docx import Table
    from sample.records import Head, Record

TAIL = ".000.00.00.H56"
SCAN_SIZE = (1654, 2339)
OLD_FORM: tuple[str, ...] = (
    "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
    "Độc lập - Tự do - Hạnh phúc",
    "ĐƠN ĐỀ NGHỊ CẤP LẠI THẺ CÔNG CHỨNG VIÊN",
    "Kính gửi: Sở Tư pháp",
    "Mã thủ tục: 1.013830.000.00.00.H56",
    "Tôi tên là: ........................................ Số điện thoại: ....................",
    "Lý do đề nghị cấp lại: ............................................................",
)


def annex_lines(decision: Decision) -> list[str]:
    """The annex of a decision as lines of text: parts, and under them code and name of each procedure."""
    day = "/".join(reversed(decision.signed.split("-")))
    lines = ["PHỤ LỤC", f"(Kèm theo Quyết định số {decision.number} ngày {day} của Chủ tịch UBND tỉnh)"]
    for letter, (change, members) in zip("ABCD", decision.parts(), strict=False):
        lines.append(f"{letter}. DANH MỤC THỦ TỤC HÀNH CHÍNH {WORDS[change].upper()}")
        lines += [f"{number}. {one.code}{TAIL} - {one.name}" for number, one in enumerate(members, 1)]
    return lines


def _annex(decision: Decision) -> bytes:
    """The annex as a Word file with a table for each part."""
    blocks: list[str | Table] = list(annex_lines(decision)[:2])
    for letter, (change, members) in zip("ABCD", decision.parts(), strict=False):
        blocks.append(f"{letter}. DANH MỤC THỦ TỤC HÀNH CHÍNH {WORDS[change].upper()}")
        rows = [[str(number), one.code + TAIL, one.name, one.field] for number, one in enumerate(members, 1)]
        blocks.append([["STT", "Mã số TTHC", "Tên thủ tục hành chính", "Lĩnh vực"], *rows])
    return docx.document(f"Phụ lục Quyết định {decision.number}", blocks, day=decision.signed)


def _decision_text(decision: Decision) -> bytes:
    """The decision itself, without the list."""
    year, month, day = decision.signed.split("-")
    start = "/".join(reversed(decision.effective.split("-")))
    paragraphs = [
        "ỦY BAN NHÂN DÂN TỈNH",
        f"Số: {decision.number}",
        f"Ngày {day} tháng {month} năm {year}",
        "QUYẾT ĐỊNH",
        f"Về việc {decision.title.split(' ', 4)[4]}",
        "Căn cứ Nghị định số 63/2010/NĐ-CP ngày 08 tháng 6 năm 2010 của Chính phủ về kiểm soát thủ tục hành chính;",
        "Điều 1. Công bố kèm theo Quyết định này danh mục thủ tục hành chính (có phụ lục kèm theo).",
        f"Điều 2. Quyết định này có hiệu lực thi hành kể từ ngày {start}.",
        "Điều 3. Chánh Văn phòng UBND tỉnh, Giám đốc các sở chịu trách nhiệm thi hành Quyết định này./.",
    ]
    return pdf.of_text(f"Quyết định {decision.number}", paragraphs, day=decision.signed)


def _scanned() -> bytes:
    picture = pdf.Picture(*SCAN_SIZE, _stored("scan.g4"))
    return pdf.of_pictures("Scan0001", [picture], day=SCANNED.signed)


def procedure_text(record: Record) -> bytes:
    """A whole procedure as a document."""
    paragraphs = [f"Mã thủ tục: {record.code}{TAIL}", f"Tên thủ tục: {record.name}", f"Lĩnh vực: {record.field}"]
    if record.steps:
        paragraphs += ["Trình tự thực hiện:", *record.steps.split("\n")]
    paragraphs += ["Thành phần hồ sơ:", *(f"- {paper.name}" for paper in record.dossier)]
    paragraphs += ["Căn cứ pháp lý:", *(f"- {basis.number}: {basis.title}" for basis in record.legal_basis)]
    return pdf.of_text(record.name, paragraphs, day="2025-07-01")


def form(record: Record) -> bytes:
    """A form to fill in for a procedure."""
    blocks: list[str | Table] = [
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "ĐƠN ĐỀ NGHỊ",
        f"Thực hiện thủ tục: {record.name} (mã số {record.code}{TAIL})",
        [["Họ và tên", "...................."], ["Số định danh cá nhân", "...................."], ["Nội dung đề nghị"]],
    ]
    return docx.document("Đơn đề nghị", blocks, day="2025-07-01")


def _long(heads: Sequence[Head]) -> bytes:
    """200 pages, each with its number and a list of procedures."""
    paragraphs = []
    for page in range(1, 201):
        listed = [heads[(page * 7 + at) % len(heads)] for at in range(12)]
        paragraphs.append(f"\fTrang {page} trên 200")
        paragraphs += [f"{one.code}{TAIL} - {one.name}"[:180] for one in listed]
    return pdf.of_text("Bộ thủ tục hành chính", paragraphs, day="2025-07-01")


def _hostile_archive() -> bytes:
    """Members that climb out of the folder or stand at the root, beside a harmless one."""
    text = "Tệp này không được ghi ra ngoài thư mục.\n".encode()
    return docx.archive(
        {
            "../../ngoai-thu-muc.txt": text,
            "/tmp/tuyet-doi.txt": text,  # noqa: S108 - a name that must never be written to
            "..\\windows.txt": text,
            "phu-luc.docx": _annex(IN_DOCX),
        }
    )


@cache
def special(name: str) -> bytes:
    """One of the files that are the same on every portal, by its name. Raises KeyError."""
    match name:
        case "annex.docx":
            return _annex(IN_DOCX)
        case "decision.pdf":
            return _decision_text(IN_DOCX)
        case "scanned.pdf":
            return _scanned()
        case "long.pdf":
            return _long(heads())
        case "cut.pdf":
            whole = _decision_text(IN_DOCX)
            return whole[: len(whole) * 3 // 5]
        case "hostile.zip":
            return _hostile_archive()
        case "error.pdf":
            return "<!DOCTYPE html>\n<html><body><h1>Không tìm thấy tệp</h1></body></html>\n".encode()
        case "form.doc" | "encrypted.pdf":
            return _stored(name)
    raise KeyError(name)


def _stored(name: str) -> bytes:
    return files("sample").joinpath("data", name).read_bytes()
