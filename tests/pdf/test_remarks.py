"""Documents that may show something else than what was signed: remarked on, and still whole."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from app.pdf.child.answering import answer
from app.pdf.limits import Limits
from app.pdf.reading import _signatures
from tests.pdf.judging import text, verify
from tests.pdf.writing import Draft, stream

pytestmark = pytest.mark.attacks

ELSEWHERE = (
    "yes: the document shows content that lies elsewhere, in other files or at other addresses"
)
SCRIPTS = (
    "yes: the document has scripts, or actions that open other files or may change what is shown"
)
FORM = (
    "yes: the document has a form of its own kind (XFA), which programs may show instead of its "
    "pages"
)
LAYERS = (
    "yes: the document has layers that are not always shown: programs, screens and printers may "
    "show different content"
)
PRINTING = "yes: the document has parts that are shown and printed in different ways"
MEDIA = (
    "yes: the document has films, sounds or three-dimensional pictures, which programs show in "
    "different ways"
)
NOTHING = "yes: "
IMAGE = b"/Type /XObject /Subtype /Image /Width 1 /Height 1 "
BOX = b"/Type /XObject /Subtype /Form /BBox [0 0 99 99] "


def whole(objects: Mapping[int, bytes], catalog: bytes = b"", page: bytes = b"") -> str:
    """Return what is said of a document that was signed with these objects."""
    draft = Draft(catalog=catalog, page=page)
    draft.change(objects)
    draft.sign()
    return text(verify(draft.data)[0].whole_document)


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        (IMAGE + b"/F << /FS /URL /F (http://a/i.jpg) >> /FFilter /DCTDecode", ELSEWHERE),
        (BOX + b"/Ref << /F (other.pdf) /Page 0 >>", ELSEWHERE),
        (BOX + b"/OPI << /1.3 << /F (a) >> >>", ELSEWHERE),
        (b"/F (contents.txt)", ELSEWHERE),
        (IMAGE + b"/Alternates [<< /Image 51 0 R /DefaultForPrinting true >>]", PRINTING),
        (b"/Type /XObject /Subtype /PS", PRINTING),
        (BOX + b"/Subtype2 /PS", PRINTING),
        (IMAGE, NOTHING),
    ],
)
def test_content_of_pages(entries: bytes, said: str) -> None:
    page = b"/Resources << /XObject << /X 50 0 R >> >>"
    assert whole({50: stream(b"", entries), 51: stream(b"", IMAGE)}, page=page) == said


SCRIPT = b"<< /S /JavaScript /JS (x) >>"


@pytest.mark.parametrize(
    ("catalog", "said"),
    [
        (b"/OpenAction " + SCRIPT, SCRIPTS),
        (b"/OpenAction << /S 50 0 R >>", SCRIPTS),
        (b"/OpenAction << /S /GoTo /D [3 0 R /Fit] /Next [" + SCRIPT + b"] >>", SCRIPTS),
        (b"/OpenAction << /S /GoToR /F (a.pdf) >>", SCRIPTS),
        (b"/OpenAction << /S /SetOCGState /State [] >>", SCRIPTS),
        (b"/AA << /WP " + SCRIPT + b" >>", SCRIPTS),
        (b"/Names << /JavaScript << /Names [(a) " + SCRIPT + b"] >> >>", SCRIPTS),
        (b"/OpenAction << /S /J#61vaScript >>", SCRIPTS),
        (b"/Names << /AlternatePresentations << /Names [] >> >>", MEDIA),
        (b"/OpenAction [3 0 R /Fit]", NOTHING),
        (b"/OpenAction << /S /GoTo /D [3 0 R /Fit] >>", NOTHING),
        (b"/OpenAction << /S /URI /URI (/JavaScript of https://a) >>", NOTHING),
    ],
)
def test_actions(catalog: bytes, said: str) -> None:
    assert whole({50: b"/JavaScript"}, catalog) == said


@pytest.mark.parametrize(
    ("page", "said"),
    [
        (b"/AA << /O " + SCRIPT + b" >>", SCRIPTS),
        (b"/Tabs /S", NOTHING),
    ],
)
def test_actions_of_pages(page: bytes, said: str) -> None:
    assert whole({}, page=page) == said


def test_a_form_of_another_kind() -> None:
    class WithForm(Draft):
        def _catalog(self) -> bytes:
            return super()._catalog().replace(b"/SigFlags 3", b"/SigFlags 3 /XFA 60 0 R")

    draft = WithForm()
    draft.change({60: stream(b"<xdp:xdp xmlns:xdp='http://ns.adobe.com/xdp/'/>")})
    draft.sign()
    assert text(verify(draft.data)[0].whole_document) == FORM


LAYER = b"<< /Type /OCG /Name (x) %s >>"
DIFFERENT = b"/Usage << /Print << /PrintState /OFF >> /View << /ViewState /ON >> >>"
SAME = b"/Usage << /Print << /PrintState /ON >> /View << /ViewState /ON >> /CreatorInfo << >> >>"
OFF = b"/D << /OFF [50 0 R] >>"


@pytest.mark.parametrize(
    ("usual", "usage", "said"),
    [
        (b"/D << >>", DIFFERENT, LAYERS),
        (b"/D << >>", b"/Usage << /View << /ViewState /OFF >> >>", LAYERS),
        (b"/D << >>", b"/Usage << /Export << >> >>", LAYERS),
        (b"/D << >>", b"/Usage << /Zoom << /min 2 >> >>", LAYERS),
        (b"/D << >>", b"/Usage 7", LAYERS),
        (b"/D << /BaseState /OFF /ON [] >>", b"", LAYERS),
        (OFF, b"", LAYERS),
        (b"", b"", LAYERS),
        (b"/D << /OFF 7 >>", b"", LAYERS),
        (b"/D << >>", SAME, NOTHING),
        (b"/D << /OFF [] /BaseState /ON >>", b"", NOTHING),
    ],
)
def test_layers(usual: bytes, usage: bytes, said: str) -> None:
    catalog = b"/OCProperties << /OCGs [50 0 R] %s >>" % usual
    assert whole({50: LAYER % usage}, catalog) == said


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        (b"/OCGs [50 0 R] /P /AllOff", LAYERS),
        (b"/OCGs [50 0 R] /VE [/Not 50 0 R]", LAYERS),
        (b"/OCGs [50 0 R] /P /AllOn", NOTHING),
    ],
)
def test_memberships_of_layers(terms: bytes, said: str) -> None:
    catalog = b"/OCProperties << /OCGs [50 0 R] /D << >> >>"
    assert whole({50: LAYER % b"", 51: b"<< /Type /OCMD %s >>" % terms}, catalog) == said


NOTE = b"<< /Type /Annot /Subtype /%s /Rect [1 1 9 9] /F %s >>"


@pytest.mark.parametrize(
    ("kind", "flags", "said"),
    [
        (b"FreeText", b"0", PRINTING),
        (b"FreeText", b"36", PRINTING),
        (b"FreeText", b"260", PRINTING),
        (b"FreeText", b"(4)", PRINTING),
        (b"FreeText", b"4", NOTHING),
        (b"FreeText", b"2", NOTHING),
        (b"Link", b"0", NOTHING),
        (b"Popup", b"28", NOTHING),
        (b"Movie", b"4", MEDIA),
        (b"Screen", b"4", MEDIA),
        (b"3D", b"4", MEDIA),
    ],
)
def test_annotations(kind: bytes, flags: bytes, said: str) -> None:
    assert whole({50: NOTE % (kind, flags)}) == said


class WithAnnotation(Draft):
    """A page with an annotation, object 50 if no other is set, which is no field."""

    form = b""
    own = b"50 0 R"

    def _page(self) -> bytes:
        return super()._page().replace(b"/Annots [", b"/Annots [%s " % self.own)

    def _catalog(self) -> bytes:
        return super()._catalog().replace(b"/SigFlags 3", b"/SigFlags 3 " + self.form)


DRAWN = (
    "yes: the document has parts that programs draw in different ways, the first of them on page 1 "
    "(object %d)"
)
SHAPE = b"<< /Type /Annot %s /F 4 /P 3 0 R /Rect [5 5 95 45] >>"
LOOK = b" /AP << /N 51 0 R >>"
TEXT_FIELD = b"/Subtype /Widget /FT /Tx /T (sum)"
BUTTON = b"/Subtype /Widget /FT /Btn /T (yes) /V /Off"
ANEW = b"/NeedAppearances true"


@pytest.mark.parametrize(
    ("entries", "form", "said"),
    [
        (b"/Subtype /Stamp /Name /NotApproved", b"", DRAWN % 50),
        (b"/Subtype /Stamp /AP 7", b"", DRAWN % 50),
        (b"/Subtype /Stamp" + LOOK, b"", NOTHING),
        (b"/Subtype /FreeText /DA (/F 24 Tf 0 g) /Contents (8888)", b"", DRAWN % 50),
        (b"/Subtype /FreeText /AP << /N 51 0 R /R 52 0 R >>", b"", DRAWN % 50),
        (b"/Subtype /FreeText /AP << /N 51 0 R /R 51 0 R >>", b"", NOTHING),
        (b"/Subtype /Other" + LOOK, b"", DRAWN % 50),
        (LOOK, b"", DRAWN % 50),
        (b"", b"", NOTHING),
        (b"/Subtype /Link /Border [0 0 9]" + LOOK, b"", DRAWN % 50),
        (b"/Subtype /Link /Border [0 0 9]", b"", DRAWN % 50),
        (b"/Subtype /Link /BS << /W 9 >>", b"", DRAWN % 50),
        (b"/Subtype /Link /Border [0 0 (x)]", b"", DRAWN % 50),
        (b"/Subtype /Link /Border [0 0 1] /A << /S /URI /URI (https://a) >>", b"", NOTHING),
        (b"/Subtype /Link /Border [0 0 0.5]", b"", NOTHING),
        (b"/Subtype /Link /Border [0 0]", b"", NOTHING),
        (b"/Subtype /Link", b"", NOTHING),
        (b"/Subtype /Popup /Open true", b"", NOTHING),
        (TEXT_FIELD + b" /V (8888)" + LOOK, b"", NOTHING),
        (TEXT_FIELD + b" /V (8888)" + LOOK, ANEW, DRAWN % 50),
        (TEXT_FIELD + b" /V (8888)", b"", DRAWN % 50),
        (TEXT_FIELD, ANEW, NOTHING),
        (b"/Subtype /Widget /Parent << /FT /Tx /T (a) /V (8) >>" + LOOK, ANEW, DRAWN % 50),
        (TEXT_FIELD + b" /AP << /N 51 0 R /D 52 0 R >>", b"", DRAWN % 50),
        (BUTTON + b" /AP << /N << /Off 51 0 R >> /D << /Off 52 0 R >> >>", ANEW, NOTHING),
        (BUTTON + b" /AP << /N 51 0 R /R 52 0 R >>", b"", DRAWN % 50),
    ],
)
def test_what_programs_draw_in_different_ways(entries: bytes, form: bytes, said: str) -> None:
    draft = WithAnnotation()
    draft.form = form
    draft.change({50: SHAPE % entries, 51: stream(b"", BOX), 52: stream(b"", BOX)})
    draft.sign()
    assert text(verify(draft.data)[0].whole_document) == said


def test_a_thumbnail_and_what_stands_in_the_page_are_named_by_the_page() -> None:
    assert whole({50: stream(b"", IMAGE)}, page=b"/Thumb 50 0 R") == DRAWN % 3
    draft = WithAnnotation()
    draft.own = b"<< /Subtype /Stamp /Rect [5 5 95 45] /F 4 >>"
    draft.change({})
    draft.sign()
    assert text(verify(draft.data)[0].whole_document) == DRAWN % 3


def test_all_are_named_beside_what_was_changed() -> None:
    draft = Draft(catalog=b"/OpenAction " + SCRIPT + b" /OCProperties 7")
    draft.sign()
    draft.page = b"/Rotate 90"
    draft.change({})
    said = text(verify(draft.data)[0].whole_document)
    assert said.startswith("unknown: after signing, the PDF was changed")
    assert LAYERS.partition(": ")[2] in said
    assert SCRIPTS.partition(": ")[2] in said


def test_a_document_of_too_many_parts_is_not_searched() -> None:
    draft = Draft()
    draft.sign()
    found, _ = answer("signatures", draft.data, Limits(searched=99))
    [one] = _signatures(found, [b""])
    assert one.remarks == ("unsearched",)


def test_annotations_are_searched_up_to_a_limit() -> None:
    draft = Draft()
    draft.sign()
    found, _ = answer("signatures", draft.data, Limits(searched=0))
    [one] = _signatures(found, [b""])
    assert one.drawn == (0, 0)
