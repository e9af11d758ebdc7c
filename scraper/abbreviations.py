"""The abbreviations that the numbers of Vietnamese documents are made of, and how people mistype them.

Types of administrative documents and the make-up of their numbers: Decree 30/2020/NĐ-CP, appendices I (part II, item 3)
and III. Types of legal norms: Law 64/2025/QH15 on promulgation (before it 80/2015/QH13), art. 4, numbered by Decree
78/2025/NĐ-CP (before it 34/2016/NĐ-CP). Consolidated texts (VBHN): Ordinance 01/2012/UBTVQH13. The Party numbers its
papers the other way round (180-KH/TU).
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

TYPES = (
    *("NQ", "QĐ", "CT", "QC", "QyĐ", "TC", "TB", "HD", "CTr", "KH", "PA", "ĐA", "DA", "BC", "BB", "TTr", "HĐ", "CĐ"),
    *("BGN", "BTT", "GUQ", "GM", "GGT", "GNP", "PG", "PC", "PB", "SY", "TrS", "SL"),
    *("NĐ", "TT", "TTLT", "TTLB", "NQLT", "PL", "L", "LCT", "VBHN", "ĐC"),
    *("KL", "CV", "GP", "QT", "ĐL", "CTrPH", "QCPH", "KHPH", "GXN"),
    *("QĐCB",),  # quyết định công bố: 01/QĐCB on the national portal
)
"""The abbreviation of each type as it stands in a number. An official letter (công văn) has none; some write CV."""

TYPE_NAMES = "|".join(sorted({n for t in TYPES for n in (t, t.replace("Đ", "D"))}, key=len, reverse=True))
"""The same, with and without Đ, as the alternatives of a regular expression."""

WORDS = {
    "thong tu lien tich": "TTLT",
    "nghi quyet lien tich": "NQLT",
    "van ban hop nhat": "VBHN",
    "quyet dinh": "QĐ",
    "nghi dinh": "NĐ",
    "nghi quyet": "NQ",
    "thong tu": "TT",
    "chi thi": "CT",
    "ke hoach": "KH",
    "thong bao": "TB",
    "to trinh": "TTr",
    "huong dan": "HD",
    "bao cao": "BC",
    "chuong trinh": "CTr",
    "cong dien": "CĐ",
    "ket luan": "KL",
    "phap lenh": "PL",
    "bo luat": "Luật",
    "luat": "Luật",
    "lenh": "L",
    "quy che": "QC",
    "quy dinh": "QyĐ",
    "de an": "ĐA",
    "phuong an": "PA",
    "giay moi": "GM",
    "giay phep": "GP",
    "bien ban": "BB",
    "cong van": None,
    "van ban": None,
    # the English editions of the portals
    "decision": "QĐ",
    "decree": "NĐ",
    "circular": "TT",
    "resolution": "NQ",
    "directive": "CT",
    "plan": "KH",
    "law": "Luật",
    "document": None,
    # what stands before a number as often as the words do
    "ttlt": "TTLT",
    "vbhn": "VBHN",
    "qd": "QĐ",
    "nd": "NĐ",
    "nq": "NQ",
    "tt": "TT",
    "ct": "CT",
    "kh": "KH",
    "tb": "TB",
    "ttr": "TTr",
    "cv": None,
    "vb": None,
}
"""The (folded) words before a number that say its type; None where that type has no abbreviation."""

_MINISTRIES = (
    "CA CT CN TM GDĐT GTVT KHĐT KHCN KHCNMT LĐTBXH NG NV NN NNPTNT NNMT QP TC TNMT TP TTTT VHTTDL VHTT VHTTTT XD YT"
    " BCVT DTTG TS"
)
_DEPARTMENTS = (
    "NV GDĐT TC KHĐT YT XD CT GTVT TP TNMT NN NNPTNT NNMT NgV VHTTDL VHTT VHTTTT TTTT KHCN LĐTBXH DTTG DL QHKT ATTP"
)
ISSUERS = frozenset(
    [
        *("CP", "TTg", "CTN", "HĐBT", "HĐCP", "UBND", "HĐND", "UB", "UBHC", "VPCP", "VPQH", "VPCTN", "TTCP", "UBDT"),
        *("NHNN", "KTNN", "BHXH", "TCHQ", "TCT", "TCTK", "KBNN", "TANDTC", "TAND", "VKSNDTC", "VKSND", "CTHADS"),
        *("TLĐ", "LĐLĐ", "TWĐTN", "TĐTN", "HLHPN", "MTTQ", "UBMTTQ", "ĐCT", "TW", "TU", "HU", "ThU", "ĐU", "VPTU"),
        *("BTCTW", "BTGTW", "BTCTU", "BTGTU", "UBKT", "UBKTTU", "UBKTTW", "BNCTU", "BDVTU", "VPTW"),
        *(
            "VP",
            "VPUBND",
            "BCĐ",
            "BCH",
            "BQL",
            "BDT",
            "TTT",
            "CAT",
            "BCHQS",
            "BQLKKT",
            "BQLKCN",
            "CCT",
            "CTHUE",
            "HĐTĐ",
        ),
        *("B" + name for name in _MINISTRIES.split()),
        *("S" + name for name in _DEPARTMENTS.split()),
        *(
            "P" + name
            for name in ("GDĐT", "NV", "TP", "TC", "TCKH", "YT", "KT", "VHTT", "GD", "KTHT", "TNMT", "LĐTBXH")
        ),
    ]
)
"""Issuers that are known by their abbreviation: bodies of the state, ministries (B…), departments (S…, P…)."""

_LATIN = str.maketrans(
    {
        # Cyrillic and Greek capitals that look Latin, as on vanban.chinhphu.vn
        **dict(zip("АВЕЅІЈКМНОРСТУХ", "ABESIJKMHOPCTYX", strict=True)),
        **dict(zip("асеорхуѕіј", "aceopxysij", strict=True)),
        **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX", strict=True)),
        **dict(zip("ÐðƉɖ", "ĐđĐđ", strict=True)),  # Eth and African D look like Đ
        **dict.fromkeys("‐‑‒–—−﹣－", "-"),
        **dict.fromkeys("⁄∕／", "/"),
        **dict.fromkeys("’‘`", "'"),
        "\\": "/",
        "＆": "&",
        "：": ":",
        "；": ";",
    }
)
_REMEMBERED = 10_000


class _Plain(dict[int, str]):
    """What each character (by its code) is in a plain text, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        base = "".join(c for c in unicodedata.normalize("NFD", character) if unicodedata.category(c)[0] != "M")
        plain = (base if len(base) == 1 else character).translate(_LATIN)
        if len(self) < _REMEMBERED:
            self[code] = plain
        return plain


_PLAIN = _Plain()


def plain(text: str) -> str:
    """The text without marks but that of Đ, in Latin letters for their look-alikes, character for character.

    What comes out has the length of what went in, so that a place in one is the same place in the other.

    >>> plain("Số 12/QÐ–ỤВND")
    'So 12/QĐ-UBND'
    """
    return text.translate(_PLAIN)


def flat(text: str) -> str:
    """A plain text in lower case with d for đ; again character for character."""
    return plain(text).lower().replace("đ", "d")


def _key(abbreviation: str) -> str:
    return abbreviation.upper().replace("Đ", "D").replace("&", "")


# Of two types that only a Đ tells apart (HD, HĐ; DA, ĐA) the one without it is what stands there.
_TYPE_BY_KEY = {_key(name): name for name in sorted(TYPES, key=lambda name: "Đ" in name, reverse=True)}
_ISSUER_BY_KEY = {_key(name): name for name in ISSUERS}
# Where these stand within an abbreviation, D is the Đ of đào tạo, đầu tư, lao động, hội đồng, (ban) chỉ đạo.
_FRAGMENTS = [
    "GDĐT",
    "GD&ĐT",
    "KHĐT",
    "KH&ĐT",
    "LĐTB",
    "HĐND",
    "BCĐ",
    "LĐLĐ",
    "TĐTN",
    "TLĐ",
    "TĐKT",
    "GDĐH",
    "QLĐĐ",
    "ĐTBD",
]


def type_of(abbreviation: str) -> str | None:
    """The type that an abbreviation stands for, as the decree writes it, with or without its Đ; None if it is none.

    >>> type_of("QD"), type_of("ttr"), type_of("UBND")
    ('QĐ', 'TTr', None)
    """
    if abbreviation.upper() in TYPES:
        return abbreviation.upper()
    return _TYPE_BY_KEY.get(_key(abbreviation))


def known_issuer(abbreviation: str) -> bool:
    """Whether this is the abbreviation of a body that is known here."""
    return _key(abbreviation) in _ISSUER_BY_KEY


@lru_cache(maxsize=1024)
def issuer_of(abbreviation: str) -> str:
    """An issuer's abbreviation in upper case, its Đ put back where that is certain.

    An ampersand stays ("SGD&ĐT"); small letters stay where they tell apart ("TTg", "GDTrH").

    >>> issuer_of("SGDDT"), issuer_of("TTG"), issuer_of("ubnd"), issuer_of("BLDTB&XH")
    ('SGDĐT', 'TTg', 'UBND', 'BLĐTB&XH')
    """
    if "&" not in abbreviation and _key(abbreviation) in _ISSUER_BY_KEY:
        return _ISSUER_BY_KEY[_key(abbreviation)]
    name = abbreviation.upper() if abbreviation.islower() else abbreviation
    name = name.replace("đ", "Đ")
    for fragment in _FRAGMENTS:
        name = name.replace(fragment.replace("Đ", "D"), fragment)
    return name


def is_party(issuer: str) -> bool:
    """Whether this body numbers its papers as the Party does (180-KH/TU); the Youth Union does, too."""
    return issuer in {"TW", "TU", "HU", "ThU", "QU", "ĐU", "ĐUK", "BCSĐ", "TWĐTN", "TĐTN"} or (
        issuer.startswith(("VP", "BTC", "BTG", "BDV", "BNC", "UBKT")) and issuer.endswith(("TW", "TU"))
    )
