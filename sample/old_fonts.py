"""How Vietnamese was written before Unicode: windows-1258, and bytes that only mean something in a certain font."""

from __future__ import annotations

import unicodedata

_ACUTE, _GRAVE, _HOOK, _TILDE, _DOT = "\u0301", "\u0300", "\u0309", "\u0303", "\u0323"
_TONES = _GRAVE + _ACUTE + _TILDE + _HOOK + _DOT
_TCVN3_LETTERS = "àảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵĂÂÊÔƠƯĐăâêôơưđ"
_TCVN3_FONT = "µ¶·¸¹»¼½¾ÆÇÈÉÊËÌÎÏÐÑÒÓÔÕÖ×ØÜÝÞßáâãäåæçèéêëìíîïñòóôõö÷øùúûüýþ¡¢£¤¥¦§¨©ª«¬\xad®"
_VNI_ALONE = {"í": "í", "ì": "ì", "ỉ": "æ", "ĩ": "ó", "ị": "ò", "ỵ": "î", "đ": "ñ", "Đ": "Ñ"}
_VNI_MARKS = {
    "": {_ACUTE: "ù", _GRAVE: "ø", _HOOK: "û", _TILDE: "õ", _DOT: "ï", "": ""},
    "\u0302": {_ACUTE: "á", _GRAVE: "à", _HOOK: "å", _TILDE: "ã", _DOT: "ä", "": "â"},
    "\u0306": {_ACUTE: "é", _GRAVE: "è", _HOOK: "ú", _TILDE: "ü", _DOT: "ë", "": "ê"},
}


def to_1258(text: str) -> bytes:
    """Text in windows-1258, which has letters with their hats, and tones as marks behind them."""
    return "".join(base + tone for base, tone in map(_parts, unicodedata.normalize("NFC", text))).encode("cp1258")


def to_tcvn3(text: str) -> bytes:
    """Text as it was typed for the .VnTime font; a capital with a tone is a small letter, in a font of capitals."""
    known = str.maketrans(_TCVN3_LETTERS, _TCVN3_FONT)
    small = "".join(one if one.isascii() or one in _TCVN3_LETTERS else one.lower() for one in text)
    return small.translate(known).encode("latin-1")


def to_vni(text: str) -> bytes:
    """Text as it was typed for the VNI-Times font: a plain letter, and a byte that draws the marks over it."""
    return "".join(map(_vni, unicodedata.normalize("NFC", text))).encode("latin-1")


def _parts(letter: str) -> tuple[str, str]:
    """A letter with its hat, and its tone."""
    marks = unicodedata.normalize("NFD", letter)
    tone = next((mark for mark in marks[1:] if mark in _TONES), "")
    return unicodedata.normalize("NFC", marks.replace(tone, "") if tone else marks), tone


def _vni(letter: str) -> str:
    if letter.isascii() or letter in _VNI_ALONE:
        return _VNI_ALONE.get(letter, letter)
    with_hat, tone = _parts(letter)
    marks = unicodedata.normalize("NFD", with_hat)
    base, hats = marks[0], marks[1:]
    if hats == "\u031b":  # the horn has letters of its own
        return {"o": "ô", "u": "ö", "O": "Ô", "U": "Ö"}[base] + _VNI_MARKS[""][tone]
    return base + _VNI_MARKS[hats][tone]
