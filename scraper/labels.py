"""The words that procedures are described in: which label or column heading means what. Data, in one place.

The wordings are those of Decree 63/2010/NĐ-CP, art. 8, of the national portal, of older provincial portals and of the
lists in decisions. They are compared without accents, case, numbering and punctuation.
"""

from __future__ import annotations

import re
from functools import lru_cache

from scraper.text import clean, fold


def _phrases(listed: str) -> frozenset[str]:
    return frozenset(listed.split(", "))


LONGEST = 110
"""Characters of the longest label."""

_WORDINGS = {
    "code": "ma thu tuc, ma so thu tuc, ma so, ma ho so thu tuc, so ho so thu tuc, ma thu tuc quoc gia, ma quoc gia, "
    "ma thu tuc hien tai, ma so ho so, so ho so",
    "name": "ten thu tuc, ten goi thu tuc, ten goi cua thu tuc, ten dich vu cong, ten thu tuc dich vu cong, ten goi",
    "field": "linh vuc, linh vuc thuc hien, thuoc linh vuc, ten linh vuc, linh vuc thu tuc, linh vuc hoat dong, "
    "nganh linh vuc, linh vuc giai quyet, linh vuc thong ke",
    "levels": "cap thuc hien, cap giai quyet, cap thu tuc, cap hanh chinh, cap thuc hien thu tuc, "
    "cap don vi thuc hien, cap chinh quyen, cap quan ly, thuoc cap",
    "kind": "loai thu tuc, loai hinh thu tuc, phan loai thu tuc, loai",
    "decision": "so quyet dinh, so quyet dinh cong bo, quyet dinh cong bo, so qd, so qd cong bo, van ban cong bo, "
    "quyet dinh so, so van ban cong bo, so ky hieu quyet dinh, so hieu quyet dinh, quyet dinh cong bo so, "
    "quyet dinh ban hanh, cong bo tai quyet dinh, cong bo theo quyet dinh, quyet dinh",
    "agency": "co quan co tham quyen, co quan co tham quyen quyet dinh, co quan quyet dinh, tham quyen quyet dinh, "
    "co quan nguoi co tham quyen quyet dinh, co quan hoac nguoi co tham quyen quyet dinh, tham quyen giai quyet, "
    "co quan co tham quyen giai quyet, co quan nguoi co tham quyen, nguoi co tham quyen quyet dinh, "
    "co quan co tham quyen quyet dinh theo quy dinh, co quan co tham quyen theo quy dinh, tham quyen",
    "carried_out_by": "co quan thuc hien, co quan truc tiep thuc hien, don vi thuc hien, co quan giai quyet, "
    "co quan don vi thuc hien, co quan tiep nhan va giai quyet, don vi giai quyet, co quan truc tiep giai quyet, "
    "co quan xu ly, don vi truc tiep thuc hien, co quan thuc hien giai quyet",
    "applicants": "doi tuong thuc hien, doi tuong ap dung, doi tuong thu huong, doi tuong duoc thuc hien, "
    "doi tuong nop ho so, doi tuong giai quyet, doi tuong thuc hien thu tuc, doi tuong phuc vu, nguoi thuc hien, "
    "doi tuong",
    "ways": "cach thuc thuc hien, cach thuc nop ho so, hinh thuc nop ho so, hinh thuc nop, hinh thuc thuc hien, "
    "phuong thuc thuc hien, cach thuc nop, cach thuc hien, phuong thuc nop ho so, cach thuc, "
    "cach thuc va dia diem thuc hien, cach thuc tiep nhan",
    "steps": "trinh tu thuc hien, trinh tu cac buoc thuc hien, cac buoc thuc hien, trinh tu giai quyet, "
    "quy trinh thuc hien, trinh tu thu tuc, cac buoc tien hanh, trinh tu cach thuc thuc hien, trinh tu tien hanh, "
    "trinh tu thuc hien gom cac buoc, quy trinh giai quyet, trinh tu va cach thuc thuc hien, trinh tu",
    "dossier": "thanh phan ho so, thanh phan so luong ho so, thanh phan va so luong ho so, thanh phan ho so gom, "
    "ho so can nop, ho so can chuan bi, ho so phai nop, thanh phan ho so can nop, ho so bao gom, giay to can nop, "
    "thanh phan ho so va so luong ho so, ho so thu tuc, danh muc ho so, ho so gom, ho so",
    "time_limit": "thoi han giai quyet, thoi gian giai quyet, thoi han giai quyet ho so, thoi gian thuc hien, "
    "thoi gian xu ly, thoi han thuc hien, thoi gian giai quyet ho so, tong thoi gian giai quyet, thoi han xu ly, "
    "thoi han, thoi gian",
    "fees": "phi le phi, le phi, phi, phi va le phi, le phi phi, muc phi, muc le phi, muc thu phi, phi hoac le phi, "
    "muc thu phi le phi, muc thu, phi thuc hien, phi tham dinh, le phi phi dich vu",
    "result": "ket qua thuc hien, ket qua giai quyet, ket qua thuc hien thu tuc, ket qua xu ly, ket qua tra ve, "
    "san pham thuc hien, ket qua nhan duoc, ket qua cua thu tuc, ket qua",
    "legal_basis": "can cu phap ly, co so phap ly, can cu phap luat, can cu phap ly thu tuc, van ban phap ly, "
    "van ban quy pham phap luat, can cu phap ly cua thu tuc, van ban lam can cu, co so phap luat, vbqppl, "
    "van ban quy pham phap luat quy dinh thu tuc, can cu",
    "conditions": "yeu cau dieu kien, yeu cau dieu kien thuc hien, dieu kien thuc hien, yeu cau hoac dieu kien, "
    "yeu cau va dieu kien, yeu cau va dieu kien thuc hien, yeu cau hoac dieu kien thuc hien, dieu kien yeu cau, "
    "yeu cau hoac dieu kien de thuc hien, yeu cau dieu kien de thuc hien, yeu cau thuc hien, dieu kien",
    "effective_from": "ngay hieu luc, ngay co hieu luc, co hieu luc tu, co hieu luc tu ngay, hieu luc tu, "
    "hieu luc tu ngay, hieu luc thi hanh, thoi diem co hieu luc, thoi diem ap dung, ngay ap dung, "
    "ngay hieu luc thi hanh, ngay co hieu luc thi hanh, hieu luc thi hanh tu ngay, co hieu luc thi hanh tu ngay, "
    "thoi gian hieu luc, "
    "ngay bat dau hieu luc, ngay bat dau co hieu luc, ap dung tu ngay, ngay thi hanh",
    "status": "tinh trang hieu luc, thong tin cong bo, loai cong bo, hinh thuc cong bo, noi dung cong bo, tinh trang, "
    "trang thai, trang thai hieu luc, tinh trang thu tuc, trang thai thu tuc",
    # Labels that the record has no field for. They end the value before them, and stay in `raw`.
    "": "dia chi tiep nhan, dia chi tiep nhan hs, dia chi tiep nhan ho so, noi tiep nhan ho so, noi nop ho so, "
    "noi tiep nhan, dia diem tiep nhan, dia diem tiep nhan ho so, dia diem thuc hien, noi thuc hien, "
    "noi nhan ho so, co quan tiep nhan, co quan tiep nhan ho so, noi tra ket qua, dia diem, "
    "co quan duoc uy quyen, co quan duoc uy quyen quyet dinh, co quan hoac nguoi co tham quyen duoc uy quyen, "
    "co quan hoac nguoi co tham quyen duoc uy quyen hoac phan cap, "
    "co quan hoac nguoi co tham quyen duoc uy quyen hoac phan cap thuc hien, co quan duoc uy quyen thuc hien, "
    "co quan nguoi co tham quyen duoc uy quyen hoac phan cap thuc hien, nguoi duoc uy quyen, uy quyen, "
    "co quan phoi hop, co quan phoi hop thuc hien, don vi phoi hop, mau don mau to khai, mau don to khai, "
    "ten mau don mau to khai, ten mau don to khai, bieu mau, mau don, bieu mau dinh kem, mau bieu, tep dinh kem, "
    "cac bieu mau, mau to khai, file dinh kem, tai lieu dinh kem, tai lieu kem theo, tai bieu mau, "
    "so luong ho so, so luong bo ho so, so bo ho so, so luong bo, so luong, tu khoa, mo ta, thong tin mo ta, "
    "thu tuc lien quan, cac thu tuc lien quan, dich vu cong lien quan, muc do truc tuyen, muc do dvc, muc do, "
    "muc do thuc hien, "
    "muc do dich vu cong, muc do cung cap dich vu cong, muc do cung cap dich vu cong truc tuyen, "
    "muc do dich vu cong truc tuyen, dich vu cong truc tuyen, dich vu cong truc tuyen muc do, co quan cong bo, "
    "don vi cong bo, co quan ban hanh, ngay ban hanh, ngay cong bo, ngay quyet dinh, ngay ban hanh quyet dinh, "
    "ngay cap nhat, ngay het hieu luc, het hieu luc, cau hoi thuong gap, tinh trang ap dung, "
    "pham vi, pham vi ap dung, noi dung, noi dung thuc hien, nguoi ky, "
    "so lan xem, so luot xem, luot xem, luot truy cap, so luot truy cap, so luot tai ve, luot tai",
}
_FIELDS = {key: name for name, keys in _WORDINGS.items() for key in _phrases(keys)}

_WEAK = _phrases(
    "ten goi, loai, quyet dinh, tham quyen, doi tuong, cach thuc, trinh tu, ho so, thoi han, thoi gian, phi, ket qua, "
    "can cu, dieu kien, tinh trang, trang thai, dia diem, uy quyen, mau don, so luong, mo ta, muc do, noi dung, "
    "pham vi, ma so, so ho so, nguoi ky, muc thu, bieu mau, dich vu cong truc tuyen, noi thuc hien, "
    "noi dung thuc hien, nguoi thuc hien, tu khoa, noi nhan ho so, hinh thuc nop"
)
"""Wordings that ordinary sentences begin with, too: they are labels where the page sets them apart."""

_COUNTERS = _phrases("so lan xem, so luot xem, luot xem, luot truy cap, so luot truy cap, so luot tai ve, luot tai")

_COLUMNS = {
    "ordinal": "stt, tt, so tt, so thu tu",
    "code": "ma, ma tt, ma so thu tuc cu, ma thu tuc moi",
    "name": "thu tuc, danh muc thu tuc, ten, ten cac thu tuc, ten thu tuc dich vu",
    "paper": "ten giay to, loai giay to, giay to, ten ho so, giay to phai nop, ten giay to phai nop, ten loai giay to, "
    "ten tai lieu, giay to ho so, ten thanh phan, ten thanh phan ho so",
    "form": "mau don to khai, mau don mau to khai, bieu mau, mau don, mau to khai, mau, bieu mau kem theo",
    "quantity": "so luong, so ban, so luong ban, so luong giay to",
    "originals": "ban chinh, so ban chinh, so luong ban chinh",
    "copies": "ban sao, so ban sao, so luong ban sao",
    "how": "hinh thuc nop, hinh thuc, cach thuc, hinh thuc nop ho so, kenh thuc hien, cach thuc nop, "
    "cach thuc thuc hien",
    "note": "mo ta, ghi chu, dien giai, mo ta chi tiet",
    "number": "so ky hieu, so hieu, ma van ban, so van ban, ky hieu, so ky hieu van ban, so hieu van ban",
    "title": "trich yeu, ten van ban, ten van ban phap ly, trich yeu noi dung, noi dung trich yeu, ten can cu",
    "issued": "ngay ban hanh, ngay ky, ngay thang ban hanh, thoi gian ban hanh",
    "issuer": "co quan ban hanh, don vi ban hanh, noi ban hanh",
}
_HEADINGS = {key: name for name, keys in _COLUMNS.items() for key in _phrases(keys)}
_COLUMN_BEGINS = (
    ("ten thu tuc", "name"),
    ("ma so thu tuc", "code"),
    ("ma thu tuc", "code"),
    ("so ho so thu tuc", "code"),
    ("thoi han giai quyet", "time_limit"),
    ("phi le phi", "fees"),
    ("can cu phap ly", "legal_basis"),
    ("ten vbqppl", "legal_basis"),
    ("ten van ban quy pham", "legal_basis"),
    ("van ban quy pham", "legal_basis"),
    ("ten van ban quy dinh", "legal_basis"),
    ("co quan thuc hien", "carried_out_by"),
    ("cach thuc thuc hien", "ways"),
    ("dia diem thuc hien", ""),
    ("quyet dinh cong bo", "decision"),
)

_MOST_MORE = 4

_NUMBERED = re.compile(
    r"(?:(?:(?:[ivx]{1,5}|\d{1,2}(?:\.\d{1,2}){0,3}|[a-zđ])\s*[.)/]|\(\s*(?:[ivx]{1,5}|\d{1,2}|[a-zđ])\s*\)"
    r"|[ivx]{1,5}\s*-|\d{1,2}\s*[:-]|[^\w\s(\[])\s*)+",
    re.IGNORECASE,
)
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_WORD = re.compile(r"[a-z0-9]+")
_TAILS = (
    " cua thu tuc", " thu tuc", " neu co", " bao gom", " gom co", " gom", " nhu sau", " cu the", " hanh chinh",
)  # fmt: skip

NOTHING = _phrases(
    "khong, khong co, khong co thong tin, khong quy dinh, chua co thong tin, chua co, dang cap nhat, khong ap dung, "
    "khong yeu cau, khong co yeu cau dieu kien, khong co quy dinh, chua cap nhat, n a, null, none, "
    "khong co yeu cau, khong co du lieu, khong co noi dung"
)
"""What stands where there is nothing to say (as `key` writes it)."""


def numbered(text: str) -> int:
    """How many characters of a clean text are numbering or a bullet: "1.2. ", "a) ", "IV - ", "- ".

    >>> numbered("1. trinh tu thuc hien"), numbered("trinh tu")
    (3, 0)
    """
    found = _NUMBERED.match(text)
    return found.end() if found else 0


@lru_cache(maxsize=4096)
def key(text: str) -> str:
    """A label as it is compared: its words without accents, numbering, brackets and punctuation.

    >>> key("10. Yêu cầu, điều kiện thực hiện TTHC (nếu có):")
    'yeu cau dieu kien thuc hien thu tuc'
    """
    folded = fold(text)
    folded = folded[numbered(folded) :]
    words = " ".join(_WORD.findall(_BRACKETS.sub(" ", folded)))
    words = re.sub(r"\b(?:thu tuc hanh chinh|tthc)\b", "thu tuc", words)
    return re.sub(r"\bthu tuc thu tuc\b", "thu tuc", words)


def field(text: str) -> str | None:
    """The field that a label names; empty for a label that there is no field for, None for what is no label."""
    if not text or len(text) > LONGEST:
        return None
    return _known(key(text))


def _known(words: str) -> str | None:
    while words:
        if words in _FIELDS:
            return _FIELDS[words]
        tail = next((tail for tail in _TAILS if words.endswith(tail)), None)
        if tail is None:
            return None
        words = words.removesuffix(tail)
    return None


def near(text: str) -> str:
    """The field of a label with more words than are known ("Lĩnh vực công tác"); empty where there is none."""
    words = key(text).split()
    for end in range(len(words) - 1, max(0, len(words) - 1 - _MOST_MORE), -1):
        begin = " ".join(words[:end])
        if (name := _FIELDS.get(begin)) and begin not in _WEAK:
            return name
    return ""


def is_weak(text: str) -> bool:
    """Whether a label's words may just as well begin a sentence."""
    return key(text) in _WEAK


def is_counter(text: str) -> bool:
    """Whether what stands under a label changes at every hit."""
    return key(text) in _COUNTERS


def column(text: str) -> str | None:
    """What a column holds, by its heading; empty for one that there is no field for, None for what is no heading."""
    if not text or len(text) > 2 * LONGEST:
        return None
    words = key(text)
    for known in (_HEADINGS.get(words), _known(words)):
        if known is not None:
            return known
    return next((name for begins, name in _COLUMN_BEGINS if words.startswith(begins)), None)


def is_nothing(text: str) -> bool:
    """Whether a value says that there is none.

    >>> is_nothing("Không có thông tin."), is_nothing("--"), is_nothing("Không quá 05 ngày")
    (True, True, False)
    """
    if len(text) > 60:
        return False
    words = key(text)
    return (not words and not any(map(str.isalnum, text))) or words in NOTHING


def bare(text: str) -> str:
    """A label for people: without numbering, bullet and colon, in the page's own spelling.

    >>> bare("1. Trình tự thực hiện:")
    'Trình tự thực hiện'
    """
    shown = clean(text)
    return shown[numbered(shown) :].strip(" :：.;-–—*•") or shown.strip()
