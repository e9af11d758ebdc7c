"""What stands behind each label of a procedure's page: the words of the label, the HTML of the value, the truth."""

from html import escape

from procedure_pages.facts import NOTHING, number

LABELS = {
    "code": ("Mã thủ tục", "Mã số TTHC", "Mã TTHC", "Mã thủ tục hành chính", "Mã số thủ tục"),
    "name": ("Tên thủ tục", "Tên thủ tục hành chính", "Tên TTHC", "Tên thủ tục"),
    "decision": ("Số quyết định", "Quyết định công bố", "Số quyết định công bố", "Số QĐ công bố"),
    "field": ("Lĩnh vực", "Lĩnh vực", "Thuộc lĩnh vực", "Tên lĩnh vực", "Lĩnh vực thống kê"),
    "levels": ("Cấp thực hiện", "Cấp thực hiện", "Cấp giải quyết", "Cấp hành chính"),
    "kind": ("Loại thủ tục", "Loại TTHC", "Loại thủ tục hành chính"),
    "agency": (
        "Cơ quan có thẩm quyền",
        "Cơ quan có thẩm quyền quyết định",
        "Cơ quan có thẩm quyền giải quyết",
        "Cơ quan quyết định",
    ),
    "carried_out_by": (
        "Cơ quan thực hiện",
        "Cơ quan thực hiện thủ tục hành chính",
        "Cơ quan trực tiếp thực hiện TTHC",
        "Cơ quan trực tiếp thực hiện",
    ),
    "applicants": ("Đối tượng thực hiện", "Đối tượng thực hiện thủ tục hành chính", "Đối tượng thực hiện TTHC"),
    "ways": ("Cách thức thực hiện", "Cách thức thực hiện", "Cách thực hiện", "Hình thức nộp hồ sơ"),
    "steps": ("Trình tự thực hiện", "Trình tự thực hiện", "Các bước thực hiện", "Trình tự các bước thực hiện"),
    "dossier": ("Thành phần hồ sơ", "Thành phần hồ sơ", "Hồ sơ bao gồm", "Thành phần hồ sơ, bao gồm"),
    "sets": ("Số lượng hồ sơ", "Số bộ hồ sơ", "Số lượng (bộ) hồ sơ"),
    "time_limit": ("Thời hạn giải quyết", "Thời hạn giải quyết", "Thời gian giải quyết", "Thời hạn xử lý"),
    "fees": ("Phí, lệ phí", "Lệ phí", "Phí, lệ phí (nếu có)", "Phí/lệ phí", "Lệ phí (nếu có)"),
    "result": (
        "Kết quả thực hiện",
        "Kết quả thực hiện thủ tục hành chính",
        "Kết quả giải quyết",
        "Kết quả thực hiện TTHC",
    ),
    "legal_basis": (
        "Căn cứ pháp lý",
        "Căn cứ pháp lý của thủ tục hành chính",
        "Cơ sở pháp lý",
        "Căn cứ pháp lý của TTHC",
    ),
    "conditions": (
        "Yêu cầu, điều kiện thực hiện",
        "Yêu cầu, điều kiện thực hiện thủ tục hành chính (nếu có)",
        "Yêu cầu, điều kiện",
        "Điều kiện thực hiện",
    ),
    "effective_from": ("Ngày có hiệu lực", "Ngày hiệu lực", "Có hiệu lực từ ngày"),
    "place": ("Địa chỉ tiếp nhận HS", "Địa chỉ tiếp nhận hồ sơ", "Nơi tiếp nhận hồ sơ"),
    "authorised": ("Cơ quan được ủy quyền", "Cơ quan hoặc người có thẩm quyền được ủy quyền"),
    "together": ("Cơ quan phối hợp", "Cơ quan phối hợp (nếu có)"),
    "online": ("Mức độ trực tuyến", "Mức độ cung cấp dịch vụ công", "Mức độ DVC"),
    "keywords": ("Từ khóa",),
    "related": ("Thủ tục hành chính liên quan", "TTHC liên quan"),
    "published_by": ("Cơ quan công bố", "Đơn vị công bố"),
}
ORDER = tuple(LABELS)
_LEVEL_NAMES = {"bộ": "Cấp bộ", "tỉnh": "Cấp tỉnh", "huyện": "Cấp huyện", "xã": "Cấp xã"}
_TITLES = {
    "QĐ": "Quyết định",
    "NĐ": "Nghị định",
    "TT": "Thông tư",
    "NQ": "Nghị quyết",
    "TTLT": "Thông tư liên tịch",
}


def lines(text, rng):
    """Lines of text as an editor sets them: broken, or each a paragraph."""
    parts = text.split("\n")
    if len(parts) > 1 and rng.random() < 0.5:
        return "".join(f"<p>{escape(part)}</p>" for part in parts)
    return "<br>\n".join(escape(part) for part in parts)


def bullets(texts, rng):
    style = rng.choice(("ul", "ol", "dash", "break"))
    if style in {"ul", "ol"}:
        return f"<{style}>" + "".join(f"<li>{escape(text)}</li>" for text in texts) + f"</{style}>"
    sign = "- " if style == "dash" else ""
    return "<br>".join(sign + escape(text) for text in texts)


def day(iso, rng):
    year, month, date = iso.split("-")
    return rng.choice((f"{date}/{month}/{year}", f"{int(date)}/{int(month)}/{year}", f"{date}-{month}-{year}"))


def table(head, rows, rng, *, numbered=False):
    """A table of cells that are HTML; equal neighbours of a column are merged where chance says so."""
    if numbered:
        head, rows = ("STT", *head), [(str(at), *row) for at, row in enumerate(rows, 1)]
    cell = rng.choice(("th", "td"))
    shown = "".join(f"<{cell}>{name}</{cell}>" for name in head)
    body = f"<thead><tr>{shown}</tr></thead>\n<tbody>\n" if rng.random() < 0.5 else f"<tr>{shown}</tr>\n"
    return f'<table class="table table-bordered">\n{body}{_merged(rows, rng)}</table>\n'


def _merged(rows, rng):
    spans = [[1] * len(row) for row in rows]
    if rng.random() < 0.5:
        for column in range(1, len(rows[0]) if rows else 0):
            for at in range(len(rows) - 1, 0, -1):
                if rows[at][column] == rows[at - 1][column] != "":
                    spans[at - 1][column], spans[at][column] = spans[at][column] + 1, 0
    out = []
    for row, span in zip(rows, spans, strict=True):
        cells = (
            f'<td rowspan="{count}">{text}</td>' if count > 1 else f"<td>{text}</td>"
            for text, count in zip(row, span, strict=True)
            if count
        )
        out.append(f"<tr>{''.join(cells)}</tr>\n")
    return "".join(out)


def ways(record, rng, truth):
    """The ways to submit: a table with all that is known, or only their names."""
    if rng.random() < 0.3:
        names = list(dict.fromkeys(way["how"] for way in record["ways"]))
        truth["ways"] = [{"how": name, "time_limit": None, "fee": None, "note": None} for name in names]
        return rng.choice((", ", "; ")).join(names) if rng.random() < 0.5 else bullets(names, rng)
    noted = rng.random() < 0.7 and any(way["note"] for way in record["ways"])
    head = ["Hình thức nộp", rng.choice(("Thời hạn giải quyết", "Thời gian")), rng.choice(("Phí, lệ phí", "Lệ phí"))]
    none = rng.choice(("", NOTHING))
    rows = [
        [way["how"], way["time_limit"], escape(way["fee"] or none), *([escape(way["note"] or none)] if noted else [])]
        for way in record["ways"]
    ]
    truth["ways"] = [way | {"note": way["note"] if noted else None} for way in record["ways"]]
    return table((*head, *(["Mô tả"] if noted else [])), rows, rng)


def dossier(record, rng, truth):
    """The papers: tables, one for each case or with the case in a row of its own, or a plain list."""
    items = record["dossier"]
    if rng.random() < 0.25 and not any(item["case"] for item in items):
        truth["dossier"] = [
            {"case": None, "name": item["name"], "form": None, "originals": _in_words(item["name"]), "copies": None}
            for item in items
        ]
        return bullets([item["name"] for item in items], rng)
    counted, numbered = rng.choice(_COUNTS), rng.random() < 0.4
    head = ("Tên giấy tờ", "Mẫu đơn, tờ khai", *counted[0])
    truth["dossier"] = []
    cases = {}
    for item in items:
        cells, known = counted[1](item)
        cases.setdefault(item["case"], []).append((escape(item["name"]), escape(item["form"] or ""), *cells))
        truth["dossier"].append(item | known)
    if len(cases) > 1 and rng.random() < 0.4:
        return _one_table(head, cases, rng)
    return "".join(
        (f"<p>{rng.choice(('<b>%s</b>', '%s:', '<i>%s</i>')) % escape(case)}</p>\n" if case else "")
        + table(head, rows, rng, numbered=numbered)
        for case, rows in cases.items()
    )


def _in_words(name):
    """How many originals the line itself asks for, as some papers of the records do at their end."""
    return 1 if name.rstrip(" ;.").endswith(("(bản chính)", ": 01 bản chính")) else None


def _one_table(head, cases, rng):
    shown = "".join(f"<th>{name}</th>" for name in head)
    out = [f"<tr>{shown}</tr>\n"]
    for case, rows in cases.items():
        if case:
            out.append(f'<tr><td colspan="{len(head)}"><strong>{escape(case)}</strong></td></tr>\n')
        out += ["<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>\n" for row in rows]
    return f'<table border="1">\n{"".join(out)}</table>\n'


def _words(item):
    copies = "" if item["copies"] is None else f", {item['copies']} bản sao"
    return (f"{item['originals']} bản chính{copies}",), {}


def _padded(item):
    return (f"Bản chính: {item['originals']:02d}<br>Bản sao: {item['copies'] or 0:02d}",), {
        "copies": item["copies"] or 0
    }


def _columns(item):
    return (str(item["originals"]), str(item["copies"] or 0)), {"copies": item["copies"] or 0}


_COUNTS = (
    (("Số lượng",), _words),
    (("Số lượng",), _padded),
    (("Bản chính", "Bản sao"), _columns),
    (("Số lượng",), _words),
)


def legal_basis(record, rng, truth):
    """The documents: a table with or without dates and issuers, or sentences that name them."""
    rows, style = record["legal_basis"], rng.choice(("four", "two", "lines", "lines"))
    if style == "lines":
        truth["legal_basis"] = [{"normal": row["normal"], "date": row["date"]} for row in rows]
        return bullets([_sentence(row, rng) for row in rows], rng)
    dated = style == "four"
    truth["legal_basis"] = [
        number(row["normal"], row["number"], row["date"] if dated else None, row["title"]) for row in rows
    ]
    if not dated:
        return table(
            ("Tên văn bản pháp lý", "Mã văn bản"), [(escape(row["title"]), row["number"]) for row in rows], rng
        )
    head = ("Số ký hiệu", "Trích yếu", "Ngày ban hành", "Cơ quan ban hành")
    cells = [
        (row["number"], escape(row["title"]), day(row["date"], rng) if row["date"] else "", row["issuer"] or "")
        for row in rows
    ]
    return table(head, cells, rng, numbered=rng.random() < 0.5)


def _sentence(row, rng):
    kind = row["normal"].rsplit("/", 1)[1].split("-")[0]
    name = _TITLES.get(kind, "Luật" if kind.startswith("QH") else "Nghị quyết")
    when = ""
    if row["date"]:
        year, month, date = row["date"].split("-")
        when = rng.choice((f" ngày {date} tháng {month} năm {year}", f" ngày {int(date)}/{int(month)}/{year}"))
    issued = f" của {row['issuer']}" if row["issuer"] else ""
    return f"{name} số {row['normal']}{when}{issued}"


def decision(record, rng, truth):
    """The deciding document, as typed; sometimes with its date, sometimes with what it does."""
    raw = record["decision"]
    normal = raw if raw[0].isdigit() and "/QĐ-" in raw else None  # how "QĐ/0001-BCA" reads may be argued
    truth["decision"] = number(normal, raw)
    style = rng.choice(("plain", "plain", "spaced", "dated", "does")) if normal else "plain"
    if style == "spaced":
        return raw.replace("/", " /", 1)
    if style == "plain":
        return raw
    iso = f"{rng.randint(2022, 2025)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
    year, month, date = iso.split("-")
    truth["decision"]["date"] = iso
    if style == "dated":
        return rng.choice(
            (f"{raw} ngày {date}/{month}/{year}", f"Quyết định số {raw} ngày {date} tháng {month} năm {year}")
        )
    words, change = rng.choice(CHANGES)
    truth["change"], truth["evidence"] = change, words
    return (
        f"Quyết định số {raw} ngày {date}/{month}/{year} về việc công bố thủ tục hành chính {words} "
        f"lĩnh vực {escape(record['field'])}"
    )


CHANGES = (
    ("mới ban hành", "new"),
    ("được sửa đổi, bổ sung", "amended"),
    ("được thay thế", "replaced"),
    ("bị bãi bỏ", "abolished"),
    ("sửa đổi, bổ sung", "amended"),
)


def levels(record, rng):
    names = [_LEVEL_NAMES[level] for level in record["levels"]]
    return rng.choice((", ", "; ", " - ")).join(names) if rng.random() < 0.8 else "<br>".join(names)
