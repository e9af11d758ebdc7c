"""How a page sets labels and values: each layout takes (label, HTML of the value) pairs and gives the main part."""

from itertools import count


def _label(text, rng, *, colon=None):
    colon = rng.random() < 0.5 if colon is None else colon
    return text + (":" if colon else "")


def _is_block(value):
    return any(tag in value for tag in ("<table", "<p>", "<ul", "<ol"))


def table_th(pairs, rng):
    rows = "".join(f"<tr><th>{_label(label, rng)}</th><td>{value}</td></tr>\n" for label, value in pairs)
    return f'<table class="table">\n{rows}</table>'


def table_title(pairs, rng):
    rows = "".join(f'<tr><td class="td-title">{label}</td><td>{value}</td></tr>\n' for label, value in pairs)
    return f'<table class="tbl-detail"><tbody>\n{rows}</tbody></table>'


def table_bold(pairs, rng):
    colon = rng.random() < 0.5
    rows = "".join(
        f'<tr><td width="25%"><b>{_label(label, rng, colon=colon)}</b></td><td>{value}</td></tr>\n'
        for label, value in pairs
    )
    return f'<table border="1" cellpadding="4">\n{rows}</table>'


def table_plain(pairs, rng):
    rows = "".join(f"<tr><td>{label}</td><td>{value}</td></tr>\n" for label, value in pairs)
    return f'<table class="MsoTableGrid">\n{rows}</table>'


def table_numbered(pairs, rng):
    rows = "".join(
        f"<tr><td>{at}</td><td>{label}</td><td>{value}</td></tr>\n" for at, (label, value) in enumerate(pairs, 1)
    )
    return f"<table>\n<tr><th>STT</th><th>Nội dung</th><th>Chi tiết</th></tr>\n{rows}</table>"


def table_banded(pairs, rng):
    """Short values beside their label, long ones in a row of their own below it, both over all columns."""
    out = []
    for label, value in pairs:
        if len(value) < 120:
            out.append(f"<tr><td><b>{label}</b></td><td>{value}</td></tr>\n")
        else:
            out.append(f'<tr><td colspan="2"><b>{label}</b></td></tr>\n<tr><td colspan="2">{value}</td></tr>\n')
    return f'<table class="table-bordered">\n{"".join(out)}</table>'


def table_four(pairs, rng):
    """The short values two to a row, then headings."""
    short = [pair for pair in pairs if len(pair[1]) < 120]
    long = [pair for pair in pairs if len(pair[1]) >= 120]
    rows = []
    for at in range(0, len(short), 2):
        cells = "".join(f"<td><strong>{label}:</strong></td><td>{value}</td>" for label, value in short[at : at + 2])
        rows.append(f"<tr>{cells}</tr>\n")
    return f"<table>\n{''.join(rows)}</table>\n" + headings(long, rng)


def definitions(pairs, rng):
    items = "".join(f"<dt>{_label(label, rng)}</dt>\n<dd>{value}</dd>\n" for label, value in pairs)
    return f'<dl class="dl-horizontal">\n{items}</dl>'


def info_rows(pairs, rng):
    rows = "".join(f'<div class="info-row"><div>{label}</div><div>{value}</div></div>\n' for label, value in pairs)
    return f'<div class="popup" id="popupChitietTTHC">\n{rows}</div>'


def columns(pairs, rng):
    rows = "".join(
        f'<div class="row"><div class="col-sm-3 col-xs-12">{_label(label, rng)}</div>'
        f'<div class="col-sm-9 col-xs-12">{value}</div></div>\n'
        for label, value in pairs
    )
    return f'<div class="chi-tiet-thu-tuc">\n{rows}</div>'


def spans(pairs, rng):
    items = "".join(
        f'<li><span class="label">{label}</span> <span class="value">{value}</span></li>\n'
        if not _is_block(value)
        else f'<li><span class="label">{label}</span><div class="value">{value}</div></li>\n'
        for label, value in pairs
    )
    return f'<ul class="thong-tin">\n{items}</ul>'


def bold_paragraphs(pairs, rng):
    inside = rng.random() < 0.5
    out = []
    for label, value in pairs:
        shown = f"<strong>{label}:</strong>" if inside else f"<b>{label}</b>:"
        blocks = _is_block(value)
        out.append(f"<p>{shown}</p>\n{value}\n" if blocks else f"<p>{shown} {value}</p>\n")
    return "".join(out)


def breaks(pairs, rng):
    """All in one block, lines broken, labels bold."""
    return '<div class="noidung">\n' + "<br>\n".join(f"<b>{label}:</b> {value}" for label, value in pairs) + "</div>"


def headings(pairs, rng):
    level = rng.choice(("h3", "h4"))
    return "".join(f"<{level}>{label}</{level}>\n<div>{value}</div>\n" for label, value in pairs)


def numbered(pairs, rng):
    """Numbers before the labels, as in the annex of a decision."""
    style = rng.choice(("{}.", "{})", "1.{}.", "roman", "letter"))
    out = []
    for at, (label, value) in zip(count(1), pairs, strict=False):
        mark = {"roman": f"{_ROMAN[at]}.", "letter": f"{_LETTERS[at - 1]})"}.get(style) or style.format(at)
        blocks = _is_block(value)
        out.append(f"<p><b>{mark} {label}:</b>{'</p>' if blocks else ' '}{value}{'' if blocks else '</p>'}\n")
    return "".join(out)


def plain_paragraphs(pairs, rng):
    """Nothing but a colon after the label."""
    return "".join(
        f"<p>{label}:</p>\n{value}\n" if _is_block(value) else f"<p>{label}: {value}</p>\n" for label, value in pairs
    )


def underlined(pairs, rng):
    mark = rng.choice(("- ", "* ", ""))
    return "".join(f"<div>{mark}<u>{label}</u>:</div>\n<div>{value}</div>\n" for label, value in pairs)


def form_groups(pairs, rng):
    rows = "".join(
        f'<div class="form-group"><label class="control-label">{_label(label, rng)}</label>\n<div>{value}</div></div>\n'
        for label, value in pairs
    )
    return f'<div class="form-horizontal">\n{rows}</div>'


def numbered_headings(pairs, rng):
    return "".join(f"<h4>{at}. {label}</h4>\n<div>{value}</div>\n" for at, (label, value) in enumerate(pairs, 1))


def accordion(pairs, rng):
    panels = "".join(
        f'<div class="panel panel-default"><div class="panel-heading"><h4 class="panel-title">'
        f'<a data-toggle="collapse" href="#collapse{at}">{label}</a></h4></div>\n'
        f'<div id="collapse{at}" class="panel-collapse collapse"><div class="panel-body">{value}</div></div></div>\n'
        for at, (label, value) in enumerate(pairs, 1)
    )
    return f'<div class="panel-group" id="accordion">\n{panels}</div>'


def tabs(pairs, rng):
    """The names of all panels first, then the panels; a panel's name is its heading."""
    names = "".join(f'<li><a href="#tab{at}">{label}</a></li>' for at, (label, _) in enumerate(pairs, 1))
    panels = "".join(
        f'<div class="tab-pane" id="tab{at}"><h4>{label}</h4><div>{value}</div></div>\n'
        for at, (label, value) in enumerate(pairs, 1)
    )
    return f'<ul class="nav nav-tabs">{names}</ul>\n<div class="tab-content">\n{panels}</div>'


LAYOUTS = (
    *(table_th, table_title, table_bold, table_plain, table_numbered, table_banded, table_four, definitions),
    *(info_rows, columns, spans, bold_paragraphs, breaks, headings, numbered, numbered_headings, accordion, tabs),
    *(plain_paragraphs, underlined, form_groups),
)
_ROMAN = (
    "",
    *(
        [
            "I",
            "II",
            "III",
            "IV",
            "V",
            "VI",
            "VII",
            "VIII",
            "IX",
            "X",
            "XI",
            "XII",
            "XIII",
            "XIV",
            "XV",
            "XVI",
            "XVII",
            "XVIII",
            "XIX",
            "XX",
        ]
    ),
)
_ROMAN = (*_ROMAN, "XXI", "XXII", "XXIII", "XXIV", "XXV", "XXVI")
_LETTERS = "abcdefghiklmnopqrstuvxyzàáâă"
