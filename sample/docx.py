"""Word files (ECMA-376) with headings, paragraphs and tables: the least that a word processor opens."""

from __future__ import annotations

import io
import zipfile
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

Table = list[list[str]]
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_TYPES = (
    f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/word/document.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>'
    '<Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/>'
    "</Types>"
)
_RELATIONS = (
    f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="word/document.xml"/>'
    f'<Relationship Id="rId2" Type="{_PACKAGE}/relationships/metadata/core-properties" Target="docProps/core.xml"/>'
    "</Relationships>"
)


def document(title: str, blocks: Sequence[str | Table], *, day: str) -> bytes:
    """A file of paragraphs (texts) and tables (rows of cells; a row of one cell spans all columns).

    Args:
        title: For the file's properties.
        blocks: What stands in it.
        day: The day that it says it was made on (ISO).
    """
    body = "".join(_paragraph(block) if isinstance(block, str) else _table(block) for block in blocks)
    core = (
        f'{_HEAD}<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<dc:title>{escape(title)}</dc:title><dc:creator>Sở Nội vụ (mẫu)</dc:creator>"
        f'<dcterms:created xsi:type="dcterms:W3CDTF">{day}T02:00:00Z</dcterms:created></cp:coreProperties>'
    )
    main = f'{_HEAD}<w:document xmlns:w="{_WORD}"><w:body>{body}</w:body></w:document>'
    return archive(
        {
            "[Content_Types].xml": _TYPES.encode(),
            "_rels/.rels": _RELATIONS.encode(),
            "docProps/core.xml": core.encode(),
            "word/document.xml": main.encode(),
        }
    )


def archive(members: dict[str, bytes]) -> bytes:
    """A ZIP file whose members have no times, so that the same content makes the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(zipfile.ZipInfo(name, _LONG_AGO), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _paragraph(text: str) -> str:
    return f'<w:p><w:r><w:t xml:space="preserve">{escape(text, quote=False)}</w:t></w:r></w:p>'


def _table(rows: Table) -> str:
    width = max(len(row) for row in rows)
    shown = "".join(f"<w:tr>{''.join(_cell(text, width - len(row) + 1) for text in row)}</w:tr>" for row in rows)
    grid = "<w:gridCol/>" * width
    return f"<w:tbl><w:tblPr/><w:tblGrid>{grid}</w:tblGrid>{shown}</w:tbl>"


def _cell(text: str, span: int) -> str:
    merged = f'<w:tcPr><w:gridSpan w:val="{span}"/></w:tcPr>' if span > 1 else ""
    return f"<w:tc>{merged}{_paragraph(text)}</w:tc>"
