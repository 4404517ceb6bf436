"""Fonts, sizes and measures of a card's pages."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

_FOLDER = Path(__file__).resolve().parent.parent / "fonts"
FONT, BOLD, OBLIQUE = "DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique"

PAGE_SIZE = A4
#: The margins of the specification.
LEFT, TOP, RIGHT, BOTTOM = 30 * mm, 20 * mm, 10 * mm, 20 * mm
WIDTH = A4[0] - LEFT - RIGHT
#: The side of a QR code with its quiet zone, and how many are in a row.
CODE_SIDE, CODES_IN_ROW = 42 * mm, 4
#: The side of the code of a link.
LINK_SIDE = 25 * mm
GREY = HexColor(0x555555)
LINE = HexColor(0xBBBBBB)


@cache
def register_fonts() -> None:
    """Make the fonts known to reportlab, once in a process."""
    for name in (FONT, BOLD, OBLIQUE):
        pdfmetrics.registerFont(TTFont(name, _FOLDER / f"{name}.ttf"))
    pdfmetrics.registerFontFamily(FONT, normal=FONT, bold=BOLD, italic=OBLIQUE, boldItalic=BOLD)


def _style(name: str, size: float, font: str = FONT, before: float = 0) -> ParagraphStyle:
    return ParagraphStyle(
        name,
        fontName=font,
        fontSize=size,
        leading=size * 1.3,
        spaceBefore=before,
        spaceAfter=size * 0.4,
        # Identifiers and names have no blanks.
        splitLongWords=1,
    )


TITLE = _style("title", 14, BOLD)
HEADING = _style("heading", 12, BOLD, before=8)
TEXT = _style("text", 10)
NOTE = _style("note", 9, OBLIQUE)
WARNING = _style("warning", 10, BOLD, before=4)
LABEL = _style("label", 8)
LABEL.textColor = GREY
VALUE = _style("value", 8)
PART = _style("part", 8, BOLD)
