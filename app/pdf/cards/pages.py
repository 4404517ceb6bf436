"""The pages of a card: an information block, and a page for each signature with its QR codes."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from io import BytesIO

from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    PageBreak,
    PageTemplate,
    Paragraph,
    Table,
    TableStyle,
)

from app.pdf.cards import style, words
from app.pdf.cards.contents import Card
from app.pdf.cards.facts import Fact, list_facts, write_moment
from app.pdf.cards.qr_codes import LONGEST, QUIET, DrawnCode, draw, list_texts
from app.wording.sentences import Wording

_GRID = TableStyle(
    [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.25, style.LINE),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 4),
        ("TOPPADDING", (0, 0), (-1, -1), 1),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
    ]
)
_CODES = TableStyle(
    [(f"{side}PADDING", (0, 0), (-1, -1), 0) for side in ("LEFT", "RIGHT", "TOP", "BOTTOM")]
)


class _Mark(Flowable):
    """Nothing that is seen; it remembers the page that it is on."""

    def __init__(self) -> None:
        super().__init__()
        self.width = self.height = 0
        self.page = 0

    def draw(self) -> None:
        self.page = self.canv.getPageNumber()


class _Code(Flowable):
    """A QR code; None is its place only."""

    def __init__(self, code: DrawnCode | None, side: float = style.CODE_SIDE) -> None:
        super().__init__()
        self.hAlign = "LEFT"
        self.width = self.height = side
        self._code = code

    def draw(self) -> None:
        if self._code is None:
            return
        scale = self.width / (self._code.modules + 2 * QUIET)
        self.canv.saveState()
        self.canv.scale(scale, scale)
        self.canv.translate(QUIET, QUIET)
        self.canv.addLiteral(self._code.operations)
        self.canv.restoreState()


class _Template(BaseDocTemplate):
    """A4 pages with the footer of the specification, from the second page on."""

    def __init__(self, file: BytesIO, footer: str, total: int) -> None:
        # Compressed later, all at once.
        super().__init__(file, pagesize=style.PAGE_SIZE, pageCompression=0, invariant=1)
        frame = Frame(
            style.LEFT,
            style.BOTTOM,
            style.WIDTH,
            style.PAGE_SIZE[1] - style.TOP - style.BOTTOM,
            0,
            0,
            0,
            0,
        )
        self._footer, self._total = footer, total
        self.addPageTemplates(PageTemplate("page", [frame], onPage=self._draw_footer))

    def _draw_footer(self, canvas: Canvas, _document: BaseDocTemplate) -> None:
        number = canvas.getPageNumber()
        if number > 1:
            canvas.setFont(style.FONT, 8)
            canvas.drawString(style.LEFT, style.BOTTOM / 2, self._footer)
            right = style.PAGE_SIZE[0] - style.RIGHT
            canvas.drawRightString(right, style.BOTTOM / 2, f"{number} / {self._total}")


def write_pages(card: Card, wording: Wording) -> bytes:
    """Return the pages of a card as a PDF, without attachments."""
    style.register_fonts()
    numbers = [0] * (len(card.signatures) + 1)
    facts = [list_facts(one, wording) for one in card.signatures]
    texts = [list_texts(one.cms) for one in card.signatures]
    # Once without codes, to learn the numbers of pages.
    _, numbers, total = _build(card, wording, facts, [[None] * len(x) for x in texts], numbers, 0)
    codes: list[list[DrawnCode | None]] = [list(map(draw, each)) for each in texts]
    written, _, _ = _build(card, wording, facts, codes, numbers, total)
    return written


def _build(  # noqa: PLR0913, PLR0917 - all that differs between the two times
    card: Card,
    wording: Wording,
    facts: list[list[Fact]],
    codes: list[list[DrawnCode | None]],
    numbers: list[int],
    total: int,
) -> tuple[bytes, list[int], int]:
    """Return the pages, and on which each part begins, and how many there are."""
    marks = [_Mark() for _ in numbers]
    story: list[Flowable] = [marks[0], *_information(card, wording, numbers)]
    for at in range(len(card.signatures)):
        story += [PageBreak(), marks[at + 1]]
        story += _signature(card, at, facts[at], codes[at], wording)
    file = BytesIO()
    template = _Template(file, wording.sentence(words.TITLE), total)
    template.build(story)
    return file.getvalue(), [mark.page for mark in marks], template.page


def _information(card: Card, wording: Wording, numbers: list[int]) -> list[Flowable]:
    """Return the information block."""
    say = wording.sentence
    about = [
        (say(words.DOCUMENT_NAME), card.original.name),
        (say(words.DESCRIPTION), card.description),
        (say(words.MADE_AT), write_moment(card.made_at, wording)),
        (say(words.SYSTEM), card.system),
    ]
    parts = [say(words.INFORMATION), *_titles(card, wording)]
    pages = [
        (part, wording.phrase(words.PAGE.template, page=number))
        for part, number in zip(parts, numbers, strict=True)
    ]
    return [
        Paragraph(say(words.TITLE), style.TITLE),
        _table(about),
        Paragraph(say(words.CONTENTS), style.HEADING),
        _table(pages, (0.8, 0.2)),
        Paragraph(say(words.ATTACHED), style.HEADING),
        _files(card, wording),
        *_explanations(card, wording),
        *_link(card, wording),
    ]


def _titles(card: Card, wording: Wording) -> list[str]:
    total = len(card.signatures)
    return [
        f"{wording.phrase(words.SIGNATURE_PAGE.template, number=number, total=total)}: "
        f"{one.signer.claims.common_name or '—'}"
        for number, one in enumerate(card.signatures, 1)
    ]


def _files(card: Card, wording: Wording) -> Flowable:
    say = wording.sentence
    rows = [
        (say(words.FILE), say(words.REMARK), say(words.SIZE)),
        (card.original.name, say(words.ORIGINAL), str(len(card.original.data))),
    ]
    for name, one in zip(card.names, card.signatures, strict=True):
        remark = wording.phrase(
            words.SIGNATURE_OF.template, name=one.signer.claims.common_name or "—"
        )
        rows.append((name, remark, str(len(one.cms))))
    return _table(rows, (0.4, 0.42, 0.18))


def _explanations(card: Card, wording: Wording) -> list[Flowable]:
    say = wording.sentence
    texts = [say(words.CHECKED)]
    if card.act:
        texts.append(wording.phrase(words.BY_ACT.template, act=card.act))
    texts += map(say, (words.WHAT_IS_A_CARD, words.WHAT_IS_AN_ORIGINAL, words.HOW_TO_VERIFY))
    if card.address:
        texts.append(wording.phrase(words.HOW_TO_VERIFY_AT.template, address=card.address))
    return [
        Paragraph(say(words.INFORMATION), style.HEADING),
        *(_paragraph(text, style.TEXT) for text in texts),
        _paragraph(say(words.WARNING), style.WARNING),
        _paragraph(say(words.AS_OF), style.NOTE),
    ]


def _link(card: Card, wording: Wording) -> list[Flowable]:
    """Return the address of the page about the version, and its code."""
    if card.link is None:
        return []
    told = wording.phrase(words.PAGE_OF_VERSION.template, address=card.link)
    flow: list[Flowable] = [_paragraph(told, style.TEXT)]
    if len(card.link.encode()) <= LONGEST:
        flow.append(_Code(draw(card.link, None), style.LINK_SIDE))
    return flow


def _signature(
    card: Card, at: int, facts: list[Fact], codes: list[DrawnCode | None], wording: Wording
) -> list[Flowable]:
    """Return the page of a signature."""
    title = wording.phrase(words.SIGNATURE_PAGE.template, number=at + 1, total=len(card.signatures))
    flow: list[Flowable] = [_paragraph(title, style.HEADING), _facts(facts)]
    if not codes:
        told = wording.phrase(words.NO_CODES.template, name=card.names[at])
        return [*flow, _paragraph(told, style.NOTE)]
    rows: list[list[Flowable | str]] = [
        [*map(_Code, codes[start : start + style.CODES_IN_ROW])]
        for start in range(0, len(codes), style.CODES_IN_ROW)
    ]
    rows[-1] += [""] * (min(len(codes), style.CODES_IN_ROW) - len(rows[-1]))
    table = Table(rows, hAlign="LEFT", style=_CODES)
    return [*flow, _paragraph(wording.sentence(words.CODES), style.HEADING), table]


def _facts(facts: Iterable[Fact]) -> Flowable:
    rows = [
        [_paragraph(label, style.LABEL), _paragraph(value, style.VALUE)]
        if value is not None
        else [_paragraph(label, style.PART), ""]
        for label, value in facts
    ]
    return Table(rows, colWidths=[style.WIDTH * 0.3, style.WIDTH * 0.7], style=_GRID)


def _table(rows: Iterable[tuple[str, ...]], shares: tuple[float, ...] = (0.35, 0.65)) -> Flowable:
    cells = [[_paragraph(text, style.VALUE) for text in row] for row in rows]
    return Table(cells, colWidths=[style.WIDTH * share for share in shares], style=_GRID)


def _paragraph(text: str, of: ParagraphStyle) -> Paragraph:
    return Paragraph(escape(text), of)
