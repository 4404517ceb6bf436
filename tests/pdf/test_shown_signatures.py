"""Further signatures that are shown on a page: when they leave an earlier one as it is.

The attacks are those on the appearance of a signature (sneaky signatures, evil annotations), and
the shadow attacks that hide and replace, within an update that somebody signs.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.cms import Answer
from tests import pki
from tests.pdf.judging import text, verify
from tests.pdf.writing import Draft, fill, stream, update

ANNA = pki.person("ПЕТРОВА АННА")
PLACE = b"[10 10 50 30]"
FORM = b"/Type /XObject /Subtype /Form /BBox [0 0 40 20]"
DRAWN = {70: stream(b"BT (signed by A) Tj ET", FORM)}
WIDGET = b"/F 132 /P 3 0 R /AP << /N 70 0 R >>"
SHOWN = (
    "after signing, the signature S12 was added, which is good; page 1 shows it in the rectangle "
    "10 10 50 30, where it may cover what was signed"
)
DOUBTED = "which page 1 shows, and which is not known to be good"
SEEN = "a further signature that is shown on a page"


def signed(**terms: bytes) -> Draft:
    draft = Draft(**terms)  # type: ignore[arg-type]  # Its bytes.
    draft.sign()
    return draft


def sign_visibly(draft: Draft, **terms: object) -> None:
    usual = {"who": ANNA, "rectangle": PLACE, "widget": WIDGET, "others": DRAWN}
    draft.sign(**{**usual, **terms})  # type: ignore[arg-type]  # As given.


def about_the_first(data: bytes) -> str:
    """Return what is said of the first signature, which is good by itself."""
    first = verify(data)[0]
    assert (first.intact.answer, first.valid.answer) == (Answer.YES, Answer.YES)
    return text(first.whole_document)


def test_a_good_signature_may_be_shown_and_is_named() -> None:
    draft = signed()
    sign_visibly(draft)
    assert about_the_first(draft.data) == f"yes: {SHOWN}"
    first, second = verify(draft.data)
    assert first.whole.answer is second.whole.answer is Answer.YES
    assert (first.covers_file, second.covers_file) == (False, True)


def test_more_may_follow_a_signature_that_is_shown() -> None:
    draft = signed()
    sign_visibly(draft)
    sign_visibly(draft, who=pki.person("СИДОРОВ"), rectangle=b"[10 40 50 60]")
    draft.catalog = b"/DSS << /Type /DSS /Certs [90 0 R] /VRI << >> >>"
    draft.change({90: stream(b"a certificate")})
    draft.sign(subfilter=b"/ETSI.RFC3161", kind=b"/DocTimeStamp")
    found = verify(draft.data)
    assert [one.whole.answer for one in found] == [Answer.YES] * 4
    assert text(found[0].whole_document).count("which is good; page 1 shows it") == 2
    assert text(found[1].whole_document).count("which is good; page 1 shows it") == 1


def prepared(catalog: bytes = b"", place: bytes = PLACE) -> Draft:
    """Return a document that is signed with an empty field for another signer."""
    draft = Draft(catalog=catalog)
    draft.fields.append(60)
    draft.change({60: EMPTY % place + b" >>"})
    draft.sign()
    return draft


EMPTY = b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (Later) /F 132 /P 3 0 R /Rect %s"
VALUE = b"<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached"


def sign_prepared(draft: Draft, appearance: bytes = b"/AP << /N 70 0 R >>") -> None:
    gap = b" /ByteRange [0 " + b"*" * 30 + b"] /Contents <" + b"0" * 24_000 + b"> >>"
    widget = EMPTY % PLACE + b" /V 61 0 R " + appearance + b" >>"
    draft.change({**DRAWN, 60: widget, 61: VALUE + gap})
    draft.data = fill(draft.data, ANNA)


def test_an_empty_field_that_is_seen_may_be_signed() -> None:
    for certified in (b"", CERTIFIED):
        draft = prepared(certified)
        sign_prepared(draft)
        found = {one.field: one for one in verify(draft.data)}
        assert SHOWN.replace("S12", "Later") in text(found["S12"].whole_document)
        assert [one.whole.answer for one in found.values()] == [Answer.YES] * 2


CERTIFIED = b"/Perms << /DocMDP << /Reference [<< /TransformParams << /P 2 >> >>] >> >>"


def test_a_certified_document_has_no_further_field_that_is_seen() -> None:
    draft = signed(catalog=CERTIFIED)
    sign_visibly(draft)
    assert SEEN in about_the_first(draft.data)


#: A signer whom nobody trusts, though the signature is over the document.
STRANGER = pki.certify(pki.name("ЧУЖОЙ"), pki.rsa_key("ЧУЖОЙ"), pki.root("OTHER"), pki.PERSON)


def by_a_stranger(draft: Draft) -> None:
    sign_visibly(draft, who=STRANGER)


def of_another_kind(draft: Draft) -> None:
    sign_visibly(draft, subfilter=b"/adbe.pkcs7.sha1")


def by_a_timestamp(draft: Draft) -> None:
    sign_visibly(draft, subfilter=b"/ETSI.RFC3161", kind=b"/DocTimeStamp")


def altered_in_place(draft: Draft) -> None:
    sign_visibly(draft)
    draft.data = draft.data.replace(b"(signed by A)", b"(signed by B)")


def without_a_value(draft: Draft) -> None:
    draft.fields.append(12)
    draft.change({**DRAWN, 12: EMPTY % PLACE + b" /AP << /N 70 0 R >> >>"})


def with_a_value_that_is_none(draft: Draft) -> None:
    draft.fields.append(12)
    widget = EMPTY % PLACE + b" /AP << /N 70 0 R >> /V << /Type /Sig >> >>"
    draft.change({**DRAWN, 12: widget})


def with_the_first_ones_value(draft: Draft) -> None:
    draft.fields.append(12)
    draft.change({**DRAWN, 12: EMPTY % PLACE + b" /AP << /N 70 0 R >> /V 11 0 R >>"})


def with_a_good_ones_value(draft: Draft) -> None:
    """Have another field lead to a good signature that was made without it."""
    draft.sign(ANNA)
    draft.fields.append(60)
    draft.change({**DRAWN, 60: EMPTY % PLACE + b" /AP << /N 70 0 R >> /V 13 0 R >>"})


def drawn_otherwise_later(draft: Draft) -> None:
    sign_visibly(draft)
    draft.data = update(draft.data, {70: stream(b"BT (1 000 000) Tj ET", FORM)})


def moved_later(draft: Draft) -> None:
    sign_visibly(draft)
    widget = (
        b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (S12) %s /Rect [50 50 90 70] /V 13 0 R>>"
    )
    draft.data = update(draft.data, {12: widget % WIDGET})


def shown_later(draft: Draft) -> None:
    """Sign a field that is on no page, and put it there afterwards."""
    draft.fields.append(12)
    page, draft.fields = draft._page(), [10]
    gap = b" /ByteRange [0 " + b"*" * 30 + b"] /Contents <" + b"0" * 24_000 + b"> >>"
    catalog = Draft(data=b"x", fields=[10, 12])._catalog()
    widget = EMPTY % PLACE + b" /V 13 0 R /AP << /N 70 0 R >> >>"
    draft.data = update(draft.data, {**DRAWN, 1: catalog, 12: widget, 13: VALUE + gap})
    draft.data = update(fill(draft.data, ANNA), {3: page})


#: Sneaky signatures: what is shown is not vouched for by anyone.
SNEAKY: dict[str, Callable[[Draft], None]] = {
    one.__name__: one
    for one in (
        *(by_a_stranger, of_another_kind, by_a_timestamp, altered_in_place, without_a_value),
        *(with_a_value_that_is_none, with_the_first_ones_value, with_a_good_ones_value),
        *(drawn_otherwise_later, moved_later, shown_later),
    )
}


@pytest.mark.parametrize("name", SNEAKY)
def test_what_is_shown_without_a_good_signature_is_doubted(name: str) -> None:
    draft = signed()
    SNEAKY[name](draft)
    said = about_the_first(draft.data)
    assert said.startswith("unknown: "), said
    assert DOUBTED in said or SEEN in said or "annotations" in said, said


def form(entries: bytes = FORM) -> dict[int, bytes]:
    return {70: stream(b"", entries)}


RESOURCES = FORM + b" /Resources << /XObject << /X %s >> >>"
#: What a widget may not be, though a good signature is over it.
UNCONFINED: dict[str, dict[str, object]] = {
    "larger than a quarter of the page": {"rectangle": b"[0 0 99 99]"},
    "beyond the page": {"rectangle": b"[80 10 120 30]"},
    "a rectangle of texts": {"rectangle": b"[(a) 10 50 30]"},
    "a rectangle of five": {"rectangle": b"[10 10 50 30 1]"},
    "on another page by its own word": {"widget": b"/F 132 /P 2 0 R /AP << /N 70 0 R >>"},
    "a page that is none": {"widget": b"/F 132 /P 7 /AP << /N 70 0 R >>"},
    "hidden": {"widget": b"/F 134 /P 3 0 R /AP << /N 70 0 R >>"},
    "not enlarged with the page": {"widget": b"/F 140 /P 3 0 R /AP << /N 70 0 R >>"},
    "not turned with the page": {"widget": b"/F 148 /P 3 0 R /AP << /N 70 0 R >>"},
    "only printed": {"widget": b"/F 164 /P 3 0 R /AP << /N 70 0 R >>"},
    "flags that are none": {"widget": b"/F true /P 3 0 R /AP << /N 70 0 R >>"},
    "drawn otherwise under the pointer": {
        "widget": b"/F 132 /P 3 0 R /AP << /N 70 0 R /R 70 0 R >>"
    },
    "an appearance by states": {"widget": b"/F 132 /P 3 0 R /AP << /N << /On 70 0 R >> >>"},
    "an appearance that is none": {"widget": b"/F 132 /P 3 0 R /AP 7"},
    "no box": {"others": form(b"/Type /XObject /Subtype /Form")},
    "a box without an area": {"others": form(b"/Subtype /Form /BBox [0 0 0 9]")},
    "an image as the appearance": {"others": form(b"/Subtype /Image /BBox [0 0 9 9]")},
    "a file elsewhere": {"others": form(FORM + b" /F (other.pdf)")},
    "a page of another file": {"others": form(FORM + b" /Ref << /F (o.pdf) /Page 0 >>")},
    "a layer": {"others": form(FORM + b" /OC << /Type /OCG /Name (x) >>")},
    "a layer within": {
        "others": form(FORM + b" /Resources << /Properties << /L << /Type /OCG >> >> >>")
    },
    "another picture in print": {
        "others": form(RESOURCES % b"71 0 R")
        | {71: stream(b"\xff", b"/Subtype /Image /Alternates []")}
    },
    "a program": {
        "others": form(RESOURCES % b"71 0 R") | {71: stream(b"", b"/Type /XObject /Subtype /PS")}
    },
    "the page itself": {"others": form(FORM + b" /X [3 0 R]")},
}


@pytest.mark.parametrize("name", UNCONFINED)
def test_what_may_draw_elsewhere_or_otherwise_is_doubted(name: str) -> None:
    draft = signed()
    sign_visibly(draft, **UNCONFINED[name])
    said = about_the_first(draft.data)
    assert said.startswith("unknown: "), said
    assert SEEN in said, said


def test_a_picture_and_a_font_are_as_in_any_appearance() -> None:
    font = b"/Font << /F << /Type /Font /FontDescriptor << /FontFile3 72 0 R >> >> >>"
    drawn = FORM + b" /Resources << %s /XObject << /X 71 0 R /Y 70 0 R >> >>" % font
    pictured = stream(b"\xff", b"/Type /XObject /Subtype /Image /Width 1 /Height 1")
    others = {**form(drawn), 71: pictured, 72: stream(b"", b"/Subtype /Type1C")}
    draft = signed()
    sign_visibly(draft, others=others, widget=WIDGET + b" /MK << >>")
    assert about_the_first(draft.data).startswith("yes: ")
    other = signed()
    sign_visibly(other, widget=WIDGET + b" /MK << /BG [1 1 1] >>")
    assert "the form" in about_the_first(other.data)


def test_a_signature_that_covers_another_annotation_is_doubted() -> None:
    draft = Draft()
    draft.sign(rectangle=b"[40 20 60 40]")
    sign_visibly(draft)
    assert SEEN in about_the_first(draft.data)
    apart = Draft()
    apart.sign(rectangle=b"[60 40 80 60]")
    sign_visibly(apart)
    assert about_the_first(apart.data).startswith("yes: ")
    # Two that are added cover each other.
    sign_visibly(apart, who=pki.person("СИДОРОВ"), rectangle=b"[30 20 55 35]")
    assert SEEN in about_the_first(apart.data)


def test_a_field_stands_on_one_page_once_and_has_a_name_of_its_own() -> None:
    for references in (b"10 0 R 12 0 R 12 0 R", b"10 0 R"):
        draft = signed()
        page = draft._page().replace(b"[10 0 R]", b"[%s]" % references)
        sign_visibly(draft, others={**DRAWN, 3: page})
        said = about_the_first(draft.data)
        assert SEEN in said or "annotations" in said, said
    draft = signed()
    sign_visibly(draft, others={**DRAWN, 1: Draft(data=b"x", fields=[10])._catalog()})
    assert SEEN in about_the_first(draft.data)
    direct = signed()
    page = direct._page().replace(b"10 0 R", b"10 0 R " + EMPTY % PLACE + b" >>")
    direct.data = update(direct.data, {3: page})
    assert SEEN in about_the_first(direct.data)
    same = Draft()
    same.fields.append(60)
    same.change({60: (EMPTY % b"[0 0 0 0]").replace(b"Later", b"S14") + b" >>"})
    same.sign()
    sign_visibly(same)
    assert SEEN in about_the_first(same.data)


HIDING = {
    "contents replaced": ({4: stream(b"BT (other) Tj ET")}, "its pages"),
    "a picture hidden": ({40: b"null"}, "its pages"),
    "a font replaced": ({41: b"<< /Type /Font /Subtype /Type1 /BaseFont /Other >>"}, "its pages"),
    "pages swapped": ({2: b"<< /Type /Pages /Kids [50 0 R] /Count 1 >>"}, "its pages"),
}
#: Evil annotations: each is drawn over the page, within the same update as a good signature.
EVIL = [
    b"<< /Subtype /FreeText /Rect [0 0 99 99] /AP << /N 70 0 R >> >>",
    b"<< /Subtype /Stamp /Rect [0 0 99 99] /AP << /N 70 0 R >> >>",
    b"<< /Subtype /Redact /Rect [0 0 99 99] >>",
    b"<< /Subtype /Square /Rect [0 0 9 9] /IC [1 1 1] >>",
    b"<< /Subtype /Widget /FT /Btn /Rect [0 0 9 9] /AP << /N 70 0 R >> >>",
    b"<< /Subtype /Widget /Rect [0 0 9 9] /AP << /N 70 0 R >> >>",
]


def furnished() -> Draft:
    """Return a signed document whose page has a picture and a font."""
    draft = Draft(page=b"/Resources << /XObject << /I 40 0 R >> /Font << /F 41 0 R >> >>")
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] >>"
    picture = stream(b"\xff", b"/Type /XObject /Subtype /Image /Width 1 /Height 1")
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    draft.change({40: picture, 41: font, 50: page})
    draft.sign()
    return draft


@pytest.mark.parametrize("name", HIDING)
def test_a_signed_update_that_hides_or_replaces_is_named(name: str) -> None:
    objects, named = HIDING[name]
    draft = furnished()
    sign_visibly(draft, others={**DRAWN, **objects})
    said = about_the_first(draft.data)
    assert said.startswith("unknown: "), said
    assert named in said


@pytest.mark.parametrize("evil", EVIL)
def test_a_signed_update_with_another_annotation_is_named(evil: bytes) -> None:
    draft = furnished()
    page = draft._page().replace(b"[10 0 R]", b"[10 0 R 12 0 R " + evil + b"]")
    sign_visibly(draft, others=DRAWN)
    draft.data = update(draft.data, {3: page})
    after = about_the_first(draft.data)
    assert after.startswith("unknown: "), after
    assert "annotations" in after
    within = furnished()
    within.page += b" /Annots [10 0 R 12 0 R " + evil + b"]"
    sign_visibly(within, others=DRAWN)
    assert "annotations" in about_the_first(within.data)


XMP = b'<x:xmpmeta><rdf:Description xmp:ModifyDate="%s" dc:title="%s"/>%s</x:xmpmeta>'
META = b"/Type /Metadata /Subtype /XML"


def metadata(
    when: bytes = b"2025-01-01T00:00:00Z", title: bytes = b"A", more: bytes = b""
) -> bytes:
    return stream(XMP % (when, title, more), META)


MADE_BY = b"<pdf:Producer>%s</pdf:Producer>"


@pytest.mark.parametrize(
    ("changed", "answer"),
    [
        (metadata(), "yes"),
        (metadata(when=b"2026-01-01T00:00:00+05:00"), "yes"),
        (metadata(more=b"\n  "), "yes"),
        (metadata(more=MADE_BY % b"a program 1.0"), "yes"),
        (metadata(more=MADE_BY % b"</x><dc:title>B</dc:title>"), "unknown"),
        (metadata(title=b"B"), "unknown"),
        (metadata(when=b"B < A"), "unknown"),
        (stream(b"\xff", META + b" /Filter /FlateDecode"), "unknown"),
        (stream(b"\xff", META + b" /Filter /Other"), "unknown"),
        (stream(b"", META + b" /X 1"), "unknown"),
        (b"<< >>", "unknown"),
    ],
)
def test_metadata_may_say_when_the_document_was_changed(changed: bytes, answer: str) -> None:
    draft = Draft(catalog=b"/Metadata 80 0 R")
    draft.change({80: metadata()})
    draft.sign()
    draft.data = update(draft.data, {80: changed})
    said = about_the_first(draft.data)
    assert said.startswith(f"{answer}: "), said
    assert ("metadata" in said) == (answer == "unknown")
