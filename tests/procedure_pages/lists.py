"""Pages that list many procedures: annexes of decisions with sections and merged cells, catalogues, lists of links."""

from html import escape

from procedure_pages import noise
from procedure_pages.facts import Sample, index, numbers_in, records

SITE = "https://snv.example.vn"
LEVEL_NAMES = {"bộ": "Cấp bộ", "tỉnh": "Cấp tỉnh", "xã": "Cấp xã"}
# Heading of a part of an annex, what it says of its procedures.
SECTIONS = (
    ("DANH MỤC THỦ TỤC HÀNH CHÍNH MỚI BAN HÀNH", "new", "MỚI BAN HÀNH"),
    ("DANH MỤC THỦ TỤC HÀNH CHÍNH ĐƯỢC SỬA ĐỔI, BỔ SUNG", "amended", "SỬA ĐỔI, BỔ SUNG"),
    ("DANH MỤC THỦ TỤC HÀNH CHÍNH BỊ BÃI BỎ", "abolished", "BÃI BỎ"),
    ("DANH MỤC THỦ TỤC HÀNH CHÍNH ĐƯỢC THAY THẾ", "replaced", "THAY THẾ"),
    ("Danh mục thủ tục hành chính bị hủy bỏ", "abolished", "hủy bỏ"),
    ("Danh mục thủ tục hành chính mới ban hành", "new", "mới ban hành"),
)
_ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
_CATALOGUE = ("STT", "Mã số TTHC", "Tên thủ tục hành chính", "Lĩnh vực", "Cấp thực hiện", "Quyết định công bố")
_EVERY = 15
_MARKS = ("ABC", ("I", "II", "III"), ("Phần 1", "Phần 2", "Phần 3"))
_TAILS = (".000.00.00.H56", "", ".H56")


def pages(rng):
    """All list pages."""
    known = index()
    made = [
        _plain_catalogue(known, rng, 40, merged=True),
        _plain_catalogue(known, rng, 25, merged=False),
        *(_annex(known, rng, at) for at in range(10)),
        *(_by_field(known, rng, at) for at in range(5)),
        _links(known, rng, "code-first"),
        _links(known, rng, "code-last"),
        _layout_rows(known, rng),
    ]
    return [
        Sample(
            name=f"list-{at:02d}-{name}",
            html=noise.spoiled(noise.framed(title, main, rng), rng, noise.HABITS[at % len(noise.HABITS)]),
            url=f"{SITE}/danh-muc/{at}.html",
            procedures=rows,
            numbers=numbers,
            layout="list",
        )
        for at, (name, title, main, rows, numbers) in enumerate(made)
    ]


def _cells(row):
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>\n"


def _coded(one, rng):
    return one["code"] + rng.choice(_TAILS)


def _truth(one, **more):
    return {"code": one["code"], "name": one["name"]} | more


def _heads(names):
    return "<tr>" + "".join(f"<th>{name}</th>" for name in names) + "</tr>\n"


def _plain_catalogue(known, rng, size, *, merged):
    """One table, its head printed again every 15 rows; equal fields in one cell where `merged`."""
    chosen = sorted(rng.sample(known, size), key=lambda one: (one["field"], one["code"]))
    out = []
    for start in range(0, size, _EVERY):
        block = chosen[start : start + _EVERY]
        out.append(_heads(_CATALOGUE))
        if merged and not start:
            out.append(_cells([f"({at})" for at in range(1, len(_CATALOGUE) + 1)]))
        for at, one in enumerate(block):
            levels = ", ".join(LEVEL_NAMES[level] for level in one["levels"])
            first = not at or not merged or block[at - 1]["field"] != one["field"]
            same = sum(other["field"] == one["field"] for other in block) if merged else 1
            field = f'<td rowspan="{same}">{escape(one["field"])}</td>' if first else ""
            out.append(
                f"<tr><td>{start + at + 1}</td><td>{_coded(one, rng)}</td><td>{escape(one['name'])}</td>{field}"
                f"<td>{levels}</td><td>{one['decision']}</td></tr>\n"
            )
    rows = [_truth(one, field=one["field"], levels=one["levels"], change=None, **_decided(one)) for one in chosen]
    title = f"Danh mục {size} thủ tục hành chính"
    return f"catalogue-{size}", title, f"<h1>{title}</h1>\n<table border='1'>\n{''.join(out)}</table>", rows, None


def _decided(one):
    """The decision of a row, where nobody can doubt how it reads."""
    readable = "/QĐ-" in one["decision"] and one["decision"][0].isdigit()
    return {"decision": {"raw": one["decision"], "normal": one["decision"]}} if readable else {}


def _annex(known, rng, at):
    """The annex of a decision: parts by what is done, as tables or rows of one table; fields in rows of their own."""
    sections = rng.sample(SECTIONS, rng.randint(1, 3)) if at else SECTIONS[:3]
    shape, unused = _SHAPES[at % len(_SHAPES)], iter(rng.sample(known, 60))
    marks = iter(rng.choice(_MARKS))
    before, one_table = rng.choice(("<h3>%s</h3>", "<p><b>%s</b></p>", "<p>%s</p>")), rng.random() < 0.5
    out, rows, laws = [], [], set()
    for heading, change, evidence in sections:
        title, (lines, found, named) = f"{next(marks)}. {heading}", _part(unused, shape, rng)
        rows += [row | {"change": change, "evidence": evidence} for row in found]
        laws |= named
        head = _heads(_HEADS[shape])
        if rng.random() < 0.3:
            head += _cells([f"({number})" for number in range(1, len(_HEADS[shape]) + 1)])
        if one_table:
            band = f'<tr><td colspan="{len(_HEADS[shape])}"><b>{title}</b></td></tr>\n'
            out.append((band if out else head + band) + ("" if not out or rng.random() < 0.5 else head) + lines)
        else:
            out.append(f"{before % title}\n<table>\n{head}{lines}</table>\n")
    number, day = f"{rng.randint(100, 4000)}/QĐ-UBND", f"{rng.randint(1, 28):02d}/{rng.randint(1, 12):02d}/2025"
    intro = f"<p>(Ban hành kèm theo Quyết định số {number} ngày {day} của Chủ tịch UBND tỉnh Thanh Hóa)</p>\n"
    main = "".join(out)
    main = f"<h1>PHỤ LỤC</h1>\n{intro}" + (f"<table>\n{main}</table>" if one_table else main)
    names = set(numbers_in(" ".join(f"{row['name']} {row.get('fees')}" for row in rows)))
    return f"annex-{at}", "Phụ lục", main, rows, sorted({number} | laws | names)


def _part(unused, shape, rng):
    """The rows of one part, by fields or not: HTML, truths, document numbers named."""
    pools, by_field = records(), rng.random() < 0.6
    out, rows, laws = [], [], set()
    for group in range(rng.randint(1, 3)):
        taken = [next(unused) for _ in range(rng.randint(2, 6))]
        field = taken[0]["field"]
        if by_field:
            words = rng.choice(("LĨNH VỰC {0}", "Lĩnh vực {1}", "Lĩnh vực {1} ({2:02d} TTHC)"))
            shown = escape(words.format(field.upper(), field, len(taken)))
            out.append(f'<tr><td colspan="{len(_HEADS[shape])}"><b>{_ROMAN[group]}. {shown}</b></td></tr>\n')
        merged = rng.random() < 0.5
        for at, one in enumerate(taken):
            cells, told, named = shape(one, rng, pools)
            last = f"<td>{cells[-1]}</td>"
            if merged:
                last = f'<td rowspan="{len(taken)}">Trung tâm Phục vụ hành chính công</td>' if not at else ""
            middle = "".join(f"<td>{cell}</td>" for cell in cells[:-1])
            out.append(f"<tr><td>{at + 1}</td>{middle}{last}</tr>\n")
            rows.append(_truth(one, **({"field": field} if by_field else {}), **told))
            laws |= named
    return "".join(out), rows, laws


def _shape_full(one, rng, pools):
    record = rng.choice([record for record in pools if record["legal_basis"]])
    way, laws = record["ways"][0], record["legal_basis"][:2]
    basis = "<br>".join(f"- {law['normal']}" for law in laws)
    cells = [
        _coded(one, rng),
        escape(one["name"]),
        way["time_limit"],
        escape(way["fee"] or "Không"),
        basis,
        "Bộ phận Một cửa",
    ]
    told = {
        "time_limit": way["time_limit"],
        "fees": way["fee"],
        "legal_basis": [{"normal": law["normal"]} for law in laws],
    }
    return cells, told, {law["normal"] for law in laws}


def _shape_code_inside(one, rng, pools):
    way = rng.choice(pools)["ways"][0]
    name = rng.choice(
        (f"{escape(one['name'])}<br>({_coded(one, rng)})", f"<p>{_coded(one, rng)}</p><p>{escape(one['name'])}</p>")
    )
    return [name, way["time_limit"], "Bộ phận Một cửa"], {"time_limit": way["time_limit"]}, set()


def _shape_short(one, rng, pools):
    cells = [_coded(one, rng), escape(one["name"]), one["agency"] or "Sở Nội vụ"]
    return cells, {}, set()


_SHAPES = (_shape_full, _shape_code_inside, _shape_short)
_HEADS = {
    _shape_full: (
        "STT",
        "Mã số",
        "Tên thủ tục hành chính",
        "Thời hạn giải quyết",
        "Phí, lệ phí",
        "Căn cứ pháp lý",
        "Địa điểm thực hiện",
    ),
    _shape_code_inside: ("TT", "Tên thủ tục hành chính", "Thời gian giải quyết", "Địa điểm thực hiện"),
    _shape_short: ("TT", "Mã TTHC", "Tên TTHC", "Ghi chú"),
}


def _by_field(known, rng, at):
    """Tables under headings that name the field; or one table with the field in a row over all columns."""
    out, rows = [], []
    fields = rng.sample(sorted({one["field"] for one in known}), 5)
    for number, field in enumerate(fields):
        out.append(f"<h3>{_ROMAN[number]}. Lĩnh vực {escape(field)}</h3>\n" if at % 2 else "")
        body = (
            []
            if at % 2
            else [f'<tr class="group"><td colspan="3">{_ROMAN[number]}. LĨNH VỰC: {escape(field.upper())}</td></tr>\n']
        )
        for line, one in enumerate([one for one in known if one["field"] == field], 1):
            body.append(
                _cells(
                    (str(line), f'<a href="/thu-tuc/{one["code"]}.html">{escape(one["name"])}</a>', _coded(one, rng))
                )
            )
            rows.append(_truth(one, field=field, change=None))
        head = "<tr><th>STT</th><th>Tên thủ tục hành chính</th><th>Mã thủ tục</th></tr>\n"
        if at % 2:
            out.append(f"<table>\n{head}{''.join(body)}</table>\n")
        else:
            out.append(
                ("<table>\n" + head if number == 0 else "") + "".join(body) + ("</table>\n" if number == 4 else "")
            )
    return f"by-field-{at}", "Thủ tục hành chính theo lĩnh vực", "".join(out), rows, None


def _links(known, rng, style):
    chosen = rng.sample(known, 20)
    shown = (
        (
            one,
            f"{_coded(one, rng)} - {escape(one['name'])}"
            if style == "code-first"
            else f"{escape(one['name'])} ({one['code']})",
        )
        for one in chosen
    )
    items = "".join(f'<li><a href="/thu-tuc-hanh-chinh/{one["code"]}.html">{text}</a></li>\n' for one, text in shown)
    rows = [_truth(one, change=None) for one in chosen]
    return (
        f"links-{style}",
        "Danh mục thủ tục hành chính",
        f"<h1>Danh mục thủ tục hành chính</h1>\n<ul>\n{items}</ul>",
        rows,
        None,
    )


def _layout_rows(known, rng):
    """Rows without a table, as the search result of a service portal shows them."""
    chosen = rng.sample(known, 12)
    out = [
        '<div class="item"><div class="item-title"><a href="/tthc/{0}">{1}</a></div>'
        '<div class="item-info"><span>Mã thủ tục: {0}</span> <span>Lĩnh vực: {2}</span></div></div>\n'.format(
            one["code"], escape(one["name"]), escape(one["field"])
        )
        for one in chosen
    ]
    rows = [_truth(one, field=one["field"], change=None) for one in chosen]
    return "blocks", "Kết quả tìm kiếm", "<h1>Kết quả tìm kiếm thủ tục hành chính</h1>\n" + "".join(out), rows, None
