"""Vietnamese text as the portals print it: made clean for display, made equal for comparison and search.

Two keys are made from a text: `fold` forgets the marks (what people type without a Vietnamese keyboard) and `exact`
keeps them but forgets where the tone stands ("hoà" and "hòa" are one word). All functions take any string, never
raise, and work in time linear in its length.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from html.entities import html5
from itertools import chain

_INVISIBLE = (
    r"\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"  # C0 and C1 controls but those that break a line
    r"\xad\u034f\u061c\u180e"  # soft hyphen, grapheme joiner, Arabic letter mark, Mongolian vowel separator
    r"\u200b-\u200f\u202a-\u202e\u2060-\u206f"  # zero width, direction marks and overrides, invisible operators
    r"\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"  # byte order mark, interlinear notes, tags
)


def _marks() -> str:
    """The combining marks of Unicode as the inside of a character class (marks live below U+1F000 and at U+E0100)."""
    runs: list[list[int]] = []
    for code in chain(range(0x300, 0x1F000), range(0xE0100, 0xE01F0)):
        if unicodedata.category(chr(code))[0] != "M":
            continue
        if runs and runs[-1][1] == code - 1:
            runs[-1][1] = code
        else:
            runs.append([code, code])
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in runs)


_MARKS = _marks()
_ODD = re.compile(f"[{_INVISIBLE}]+")
_SURROGATE = re.compile("[\ud800-\udfff]")
_STRANGE = re.compile(f"[{_INVISIBLE}\ud800-\udfff]")  # most texts have none, and one look is half of two changes
_BREAK = re.compile(r"[\t-\r\x85\u2028\u2029]")
# What `clean` removes may stand inside a word; it does not end one. The counts are possessive, so nothing backtracks.
# (?![ -~]) is for speed: most words end before one of these, and the large classes need not be asked.
_WORD = re.compile(rf"[^\W_]++(?:(?![ -~])[{_INVISIBLE}]*+(?:[^\W_]|[{_MARKS}])++)*+")
_PARTED = re.compile(f"({_WORD.pattern})")

_DOTS = (".", "…")
_LEFT_BY_CUT = " .…-–—,;:|/([{“‘"
_SHORTEST_PREFIX = 12


def _visible(text: str) -> str:
    """The text in NFC without what nobody sees; spaces and line breaks stay as they are."""
    # The invisible goes first: it may part a mark from its letter, and then these two do not compose.
    if _STRANGE.search(text):
        text = _ODD.sub("", _SURROGATE.sub("\ufffd", text))
    return unicodedata.normalize("NFC", text)


def clean(text: str) -> str:
    r"""One line for display and comparison.

    NFC; every kind of space, tab and line break becomes one space; ends trimmed; zero-width characters, soft hyphens,
    byte order marks, direction controls, NUL and other controls removed; lone surrogates, which no database takes,
    become U+FFFD. `clean(clean(x)) == clean(x)`.

    >>> clean("\ufeffTin\xa0m\u01a1\u0301i \n nh\u00e2\u0301t\u200b ")
    'Tin mới nhất'
    """
    return " ".join(_visible(text).split())


def clean_lines(text: str) -> str:
    r"""The same line by line: empty lines are dropped, the others are joined by "\n".

    >>> clean_lines(" một \r\n\xa0\n hai  ba")
    'một\nhai ba'
    """
    lines = (" ".join(line.split()) for line in _BREAK.split(_visible(text)))
    return "\n".join(line for line in lines if line)


class _Folded(dict[str, str]):
    """What each word and each character is in a search key, worked out when it is first met.

    By words it takes a fifth of the time: Vietnamese has some seven thousand syllables.
    """

    def __missing__(self, piece: str) -> str:
        if len(piece) > 1:
            folded = "".join(map(self.__getitem__, piece))
        else:
            # Marks go before the case (casefold makes a letter of the mark U+0345) and after it ("İ" gives one).
            folded = _unmarked(_unmarked(piece).casefold())
            # Fonts draw Eth like Đ, and converters from legacy Vietnamese encodings write it.
            folded = folded.replace("đ", "d").replace("ð", "d")
        if len(self) < _REMEMBERED and len(piece) <= _LONGEST_SYLLABLE:
            self[piece] = folded
        return folded


def _unmarked(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c)[0] != "M")


_REMEMBERED = 20_000  # more than a portal writes, Chinese names included; a page of all Unicode must not fill memory
_LONGEST_SYLLABLE = len("nghiêng") + 1  # with the comma behind it
_FOLDED = _Folded()
_SHORT = 120


def fold(text: str) -> str:
    """The search key: clean, in lower case, đ as d, without any combining mark. Folding twice is once.

    >>> fold("Quyết định ĐẤT ĐAI")
    'quyet dinh dat dai'
    """
    return _folded_short(text) if len(text) <= _SHORT and type(text) is str else _folded(text)


def _folded(text: str) -> str:
    text = clean(text)
    if text.isascii():
        return text.lower()
    # Without the marks, letters may compose (Hangul) and spaces meet.
    return " ".join(unicodedata.normalize("NFC", " ".join(map(_FOLDED.__getitem__, text.split(" ")))).split())


# Menus and side columns come again on every page of a portal. A string of lxml's would keep its tree.
_folded_short = lru_cache(maxsize=4096)(_folded)


_TONES = "\u0300\u0301\u0303\u0309\u0323"
_PLAIN_VOWELS = "aăâeêioôơuưy"
_UNTONED = {
    unicodedata.normalize("NFC", vowel + tone): (vowel, tone) for vowel in _PLAIN_VOWELS for tone in ("", *_TONES)
}
_VOWELS = "".join(_UNTONED)
_TONED = frozenset(_VOWELS) - frozenset(_PLAIN_VOWELS)
_CLUSTER = re.compile(rf"[{_VOWELS}][{_VOWELS}]++(?![{_MARKS}])")


def _nucleus(onset: str, vowels: str, final: str) -> int:
    """Which of two or three (toneless) vowels bears the tone in today's school spelling, given the letters around."""
    marked = [index for index, vowel in enumerate(vowels) if vowel in "ăâêôơư"]
    if marked:
        return marked[-1]
    glide = onset + vowels[0] in ("qu", "gi")
    rest = vowels[1:] if glide else vowels
    last = len(rest) == 1 or final.isalpha() or rest in ("oa", "oe", "uy")
    at = len(rest) - (1 if last else 2)  # hoàn, hoà; múa, ngoài, khuỷu
    return at + len(vowels) - len(rest)


@lru_cache(maxsize=4096)
def _placed(onset: str, cluster: str, final: str) -> str:
    vowels, tones = zip(*map(_UNTONED.__getitem__, cluster), strict=True)
    tone = "".join(tones)
    at = _nucleus(onset, "".join(vowels), final)
    return unicodedata.normalize("NFC", "".join(vowels[: at + 1]) + tone + "".join(vowels[at + 1 :]))


def _place(found: re.Match[str]) -> str:
    cluster, text = found[0], found.string
    # One tone to move, in no more vowels than a syllable has: the rest is foreign.
    if len(cluster) > 3 or sum(map(_TONED.__contains__, cluster)) != 1:
        return cluster
    return _placed(text[found.start() - 1 : found.start()], cluster, text[found.end() : found.end() + 1])


def exact(text: str) -> str:
    """The accented key: clean, in lower case, the tone of each syllable on the vowel that today's spelling gives it.

    Old and new placement (hòa, hoà) and common slips (tòan, qúy, gìa) come out equal; a syllable has one tone, so no
    two words fall together. `exact(exact(x)) == exact(x)` and `fold(exact(x)) == fold(x)`.

    >>> exact("Thanh Hóa, thúy, khỏe, quý, gìa, tòan")
    'thanh hoá, thuý, khoẻ, quý, già, toàn'
    """
    text = unicodedata.normalize("NFC", clean(text).lower().replace("ð", "đ"))
    return text if text.isascii() else _CLUSTER.sub(_place, text)


@dataclass(frozen=True, slots=True)
class Syllable:
    """A run of letters and digits: `text` is the slice from `start` to `end` of the text that was given."""

    start: int
    end: int
    text: str


def syllables(text: str) -> list[Syllable]:
    r"""The words of a text, each with its place, for the index and for highlighting.

    The text is taken as it is (NFC or NFD), so the offsets fit it. Combining marks belong to the letter before; what
    `clean` removes does not split a word, and never begins or ends one.

    >>> [word.text for word in syllables("Số 42/2022/NĐ-CP")]
    ['Số', '42', '2022', 'NĐ', 'CP']
    """
    return [Syllable(found.start(), found.end(), found[0]) for found in _WORD.finditer(text)]


def words(text: str) -> list[str]:
    """The same words without their places, in a third of the time.

    >>> words("Số 42/2022/NĐ-CP")
    ['Số', '42', '2022', 'NĐ', 'CP']
    """
    return _WORD.findall(text)


def parted(text: str) -> list[str]:
    """The text in pieces: what stands before the first word, that word, what stands before the second, and so on.

    >>> parted("(Số 42)")
    ['(', 'Số', ' ', '42', ')']
    """
    return _PARTED.split(text)


def is_cut(title: str) -> bool:
    """Whether the portal cut the title off: it ends with "..." or "…". A title of dots alone is none.

    >>> is_cut("tổ chức sơ kết, triển khai..."), is_cut("...")
    (True, False)
    """
    if "." not in title and "…" not in title:
        return False
    title = clean(title)
    return title.endswith(("...", "…")) and bool(title.rstrip(_LEFT_BY_CUT))


def uncut(title: str) -> str:
    """The clean title without the ending of `is_cut` and the separators before it; a whole title comes back whole.

    >>> uncut("trong lĩnh vực Thi đua -...")
    'trong lĩnh vực Thi đua'
    """
    title = clean(title)
    return title.rstrip(_LEFT_BY_CUT) if is_cut(title) else title


def same_title(cut_or_whole: str, whole: str) -> bool:
    """Whether a listing's title, perhaps cut, is that of the article with the whole title.

    Case, marks and spaces are ignored. A cut title must agree to its end, which may be in mid-word, and have at least
    12 characters: less would match every "Thông báo...". An empty title is the same as nothing.
    """
    first, second = fold(cut_or_whole), fold(whole)
    if not first:
        return False
    if first.replace(" ", "") == second.replace(" ", ""):
        return True
    first = fold(uncut(cut_or_whole))
    return (
        is_cut(cut_or_whole)
        and len(first) >= _SHORTEST_PREFIX
        and (second.replace(" ", "").startswith(first.replace(" ", "")))
    )


_ENTITY = re.compile(r"&(?:#([0-9]{1,7})|#[xX]([0-9a-fA-F]{1,6})|([A-Za-z][A-Za-z0-9]{1,31}));")


def _character(entity: re.Match[str]) -> str:
    decimal, hexadecimal, name = entity.groups()
    if name:
        character = html5.get(name + ";", "")
    else:
        code = int(decimal) if decimal else int(hexadecimal, 16)
        character = chr(code) if code <= 0x10FFFF else ""
    normal = character and not any(c in "<>\ufffd" or unicodedata.category(c)[0] == "C" for c in character)
    return character if normal else entity[0]


def unescape_twice(text: str) -> str:
    r"""Text in which entities are still seen, because the portal escaped them twice, with these unescaped.

    Only what is usual in text is unescaped: `&lt;` and `&gt;` stay, so no tag comes to be, and so do controls and
    names that HTML does not know.

    >>> unescape_twice("Ph&ocirc;&nbsp;B&#7897; &lt;script&gt;")
    'Phô\xa0Bộ &lt;script&gt;'
    """
    return _ENTITY.sub(_character, text) if "&" in text else text
