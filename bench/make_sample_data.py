"""Makes the binary data of the sample portal anew: font, scanned annex, old Word file, encrypted PDF.

    python -m bench.make_sample_data DejaVuSans.ttf

Needs what the project does not: fonttools, pillow, pypdf with cryptography, and LibreOffice's `soffice`.
"""

import io
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFont
from pypdf import PdfReader, PdfWriter

from sample import attachments
from sample.docx import document
from sample.pdf import of_text

DATA = Path(__file__).parent.parent / "sample" / "data"
_ROWS_PER_STRIP, _STRIP_OFFSETS, _STRIP_LENGTHS = 278, 273, 279
LETTERS = "".join(map(chr, (*range(32, 127), *range(0xC0, 0x180), 0x1A0, 0x1A1, 0x1AF, 0x1B0, *range(0x1EA0, 0x1EFA))))
LETTERS += "\u00a0\u2013\u2014\u2018\u2019\u201c\u201d\u2022\u2026\u2116"


def font(path: str) -> None:
    options = subset.Options(hinting=False, layout_features=[], name_IDs=[0, 1, 2, 13], notdef_outline=True)
    options.drop_tables += ["FFTM", "GPOS", "GSUB", "GDEF", "kern", "gasp"]
    full = subset.load_font(path, options)
    maker = subset.Subsetter(options)
    maker.populate(text=LETTERS)
    maker.subset(full)
    subset.save_font(full, str(DATA / "font.ttf"), options)
    made = TTFont(DATA / "font.ttf")
    scale = 1000 / made["head"].unitsPerEm
    widths, names = made["hmtx"], made.getBestCmap()
    glyphs = [[chr(at), made.getGlyphID(name), round(widths[name][0] * scale)] for at, name in sorted(names.items())]
    told = {
        "ascent": round(made["hhea"].ascent * scale),
        "descent": round(made["hhea"].descent * scale),
        "glyphs": glyphs,
    }
    (DATA / "font.json").write_text(json.dumps(told, ensure_ascii=False, separators=(",", ":")) + "\n", "utf-8")


def scan(lines: list[str]) -> None:
    """The lines as a page of 200 dpi, slightly turned: its pixels in group 4."""
    page = Image.new("L", attachments.SCAN_SIZE, 255)
    draw, face = ImageDraw.Draw(page), ImageFont.truetype(str(DATA / "font.ttf"), 32)
    y = 120
    for line in lines:
        for part in wrapped(line, draw, face):
            draw.text((140, y), part, font=face, fill=0)
            y += 46
        y += 8
    turned = page.rotate(0.4, fillcolor=255, resample=Image.Resampling.BICUBIC).point(lambda value: 255 * (value > 140))
    packed = io.BytesIO()
    turned.convert("1").save(packed, "TIFF", compression="group4", tiffinfo={_ROWS_PER_STRIP: page.height})
    (start,), (length,) = (Image.open(packed).tag_v2[tag] for tag in (_STRIP_OFFSETS, _STRIP_LENGTHS))
    (DATA / "scan.g4").write_bytes(packed.getvalue()[start : start + length])


def wrapped(line: str, draw: ImageDraw.ImageDraw, face: ImageFont.FreeTypeFont) -> list[str]:
    out = [""]
    for word in line.split(" "):
        longer = f"{out[-1]} {word}".strip()
        if draw.textlength(longer, font=face) > 1380:
            out.append(word)
        else:
            out[-1] = longer
    return out


def old_word(blocks: tuple[str, ...]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "mau-don.docx"
        source.write_bytes(document("Mẫu đơn", blocks, day="2025-07-01"))
        command = ["soffice", "--headless", "--convert-to", "doc:MS Word 97", "--outdir", folder, str(source)]
        subprocess.run(command, check=True, timeout=120)
        (DATA / "form.doc").write_bytes(source.with_suffix(".doc").read_bytes())


def encrypted() -> None:
    writer = PdfWriter(
        PdfReader(io.BytesIO(of_text("Hồ sơ mật", ["Nội dung được bảo vệ bằng mật khẩu."], day="2025-07-01")))
    )
    writer.encrypt(user_password="mat-khau", owner_password="chu", algorithm="RC4-128")
    packed = io.BytesIO()
    writer.write(packed)
    (DATA / "encrypted.pdf").write_bytes(packed.getvalue())


if __name__ == "__main__":
    font(sys.argv[1])
    scan(attachments.annex_lines(attachments.SCANNED))
    old_word(attachments.OLD_FORM)
    encrypted()
