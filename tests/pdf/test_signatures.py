"""Signatures in PDFs: what is verified, and what may follow them."""

from __future__ import annotations

import tracemalloc
from datetime import UTC, datetime, timedelta, timezone

import pytest

from app.cms import Answer, TooCostly
from app.pdf import signatures
from app.pdf.errors import UnreadablePdf
from app.pdf.limits import USUAL
from app.pdf.signatures import read_date, verify_pdf
from tests import pki
from tests.gost_signer import GOST_2015_512
from tests.pdf.judging import JUDGES, text, verify
from tests.pdf.writing import Draft, new, resign, stream, update

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
ADDED = "yes: after signing, only signatures, timestamps or validation data were added"
MB = 1024 * 1024
SHARED = b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (S%d) /P 3 0 R /Rect [0 0 0 0] /V 73 0 R >>"
DSS = b"/DSS << /Type /DSS /Certs [90 0 R] /VRI << >> >>"
TEXTS = (
    b"/Name (Ivan) /Reason (I agree) /Location (Astana) /ContactInfo (+7)"
    b" /M (D:20250601120000+05'00')"
)


def signed(**more: bytes) -> Draft:
    draft = Draft()
    draft.sign(more=more.get("more", b""))
    return draft


def test_a_signature_is_verified_over_the_whole_document() -> None:
    [one] = verify_pdf(signed(more=TEXTS).data, JUDGES)
    assert one.whole.answer is YES, text(one.whole)
    assert (one.field, one.subfilter, one.covers_file) == ("S10", "/ETSI.CAdES.detached", True)
    claims = (one.name, one.reason, one.location, one.contact_info)
    assert claims == ("Ivan", "I agree", "Astana", "+7")
    assert one.sign_date == datetime(2025, 6, 1, 7, tzinfo=UTC)
    assert one.digest_algorithm == pki.SHA256
    assert one.certificate is not None
    assert one.certificate.der == pki.person().certificate
    assert one.examined is not None
    assert one.examined.statuses[0].decisive_time_source == "timestamp"


@pytest.mark.parametrize("key", [pki.ecdsa_key("E"), pki.gost_key("G", GOST_2015_512)])
def test_other_keys_than_rsa_sign_as_well(key: pki.Key) -> None:
    draft = Draft()
    draft.sign(pki.person("СИДОРОВ", key))
    [one] = verify(draft.data)
    assert (one.intact.answer, one.valid.answer, one.whole_document.answer) == (YES, YES, YES)


def test_further_signatures_timestamps_and_validation_data_may_follow() -> None:
    draft = signed()
    draft.sign(pki.person("ПЕТРОВА АННА"))
    draft.catalog = DSS
    draft.change({90: stream(b"a certificate")})
    draft.sign(subfilter=b"/ETSI.RFC3161", kind=b"/DocTimeStamp")
    first, second, stamp = verify(draft.data)
    assert [text(one.whole_document) for one in (first, second)] == [ADDED, ADDED]
    assert (first.covers_file, stamp.covers_file) == (False, True)
    assert first.whole.answer is second.whole.answer is YES
    assert (stamp.examined, text(stamp.whole_document)) == (None, "yes: ")
    assert stamp.timestamp is not None
    assert stamp.whole.answer is YES, text(stamp.whole)


def test_an_empty_field_may_be_signed_later_if_it_is_not_seen() -> None:
    draft = Draft()
    widget = b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (Later) /P 3 0 R /Rect [0 0 0 0]"
    draft.fields.append(60)
    draft.change({60: widget + b" >>"})
    draft.sign()
    draft.change({60: widget + b" /V 61 0 R >>", 61: b"<< /Type /Sig /Filter /Adobe.PPKLite >>"})
    other, one = verify(draft.data)
    assert (one.field, text(one.whole_document)) == ("S12", ADDED)
    assert other.whole.answer is not YES


def test_a_changed_byte_is_found() -> None:
    data = signed().data
    [one] = verify(data.replace(b"[0 0 99 99]", b"[0 0 99 98]"))
    assert (one.intact.answer, one.valid.answer) == (NO, YES)


@pytest.mark.parametrize("kind", [b"/adbe.pkcs7.sha1", b"/adbe.x509.rsa_sha1", b"(x)"])
def test_other_kinds_are_unknown(kind: bytes) -> None:
    draft = Draft()
    draft.sign(subfilter=kind)
    [one] = verify(draft.data)
    assert one.intact.answer is one.valid.answer is one.path.answer is UNKNOWN
    assert "not supported" in text(one.whole)


def test_a_cms_with_content_of_its_own_is_none_of_a_pdf() -> None:
    draft = Draft()
    draft.sign()
    gap = draft.data.rindex(b"/Contents <") + len(b"/Contents ")
    cms = pki.signed_data([pki.signer_info(pki.person())], [pki.person()])
    hexed = cms.hex().encode()
    data = draft.data[: gap + 1] + hexed.ljust(24_000, b"0") + draft.data[gap + 24_001 :]
    [one] = verify(data)
    assert one.intact.answer is NO
    [other] = verify(data.replace(hexed[:40], b"f" * 40))
    assert "as a signature is none" in text(other.whole)


@pytest.mark.attacks
@pytest.mark.parametrize("turned", [False, True])
def test_a_second_signer_of_one_signature_is_not_believed(turned: bool) -> None:
    """Contents is not signed, so others can add one (ETSI EN 319 142-1 allows one alone)."""
    people = [pki.person(), pki.person("ПЕТРОВА АННА")]
    [one] = verify(resign(signed().data, *(reversed(people) if turned else people)))
    assert one.examined is not None
    assert len(one.examined.statuses) == 2
    assert one.intact.answer is one.whole.answer is UNKNOWN
    assert text(one.intact) == (
        "unknown: the CMS in the PDF has 2 signers, where one alone is allowed"
    )


@pytest.mark.attacks
def test_a_further_signature_of_two_signers_is_not_good() -> None:
    draft = signed()
    draft.sign(pki.person("ПЕТРОВА АННА"), rectangle=b"[10 10 50 30]")
    first, _ = verify(draft.data)
    assert first.whole_document.answer is YES
    first, _ = verify(resign(draft.data, pki.person("ПЕТРОВА АННА"), pki.person()))
    assert "not known to be good" in text(first.whole_document)


def test_a_pdf_without_signatures_has_none() -> None:
    assert verify_pdf(Draft().data, JUDGES) == ()
    assert (
        verify(new({1: b"<< /Type /Catalog /Pages 2 0 R >>", 2: b"<< /Type /Pages /Kids [] >>"}))
        == ()
    )
    with pytest.raises(UnreadablePdf, match="damaged"):
        verify_pdf(b"no PDF", JUDGES)


def test_strange_forms_are_read_or_refused() -> None:
    def form(fields: bytes, others: dict[int, bytes] | None = None) -> bytes:
        begin = b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields %s >> >>" % fields
        pages = b"<< /Type /Pages /Kids [] /Count 0 >>"
        return new({1: begin, 2: pages, **(others or {})})

    kids = b"[<< /T (a) /FT /Sig /Kids [<< /T (b) /V << >> >>] >> 7]"
    assert [one.field for one in verify(form(kids))] == ["a.b"]
    assert verify(form(b"7")) == ()
    with pytest.raises(UnreadablePdf, match="complex"):
        verify(form(b"[5 0 R]", {5: b"<< /T (x) /Kids [5 0 R] >>"}))
    many = b"[" + b"<< /T (x) /FT /Sig /V << >> >> " * 33 + b"]"
    with pytest.raises(UnreadablePdf, match="signatures"):
        verify(form(many))


def test_many_signatures_of_a_large_file_take_no_memory_each() -> None:
    draft = Draft(data=update(Draft().data, {50: stream(bytes(MB))}))
    # The others have the value of the one that is signed.
    draft.fields = list(range(10, 72, 2))
    shared = {one: SHARED % one for one in draft.fields}
    draft.sign(others=shared)
    tracemalloc.start()
    try:
        found = verify_pdf(draft.data, JUDGES)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(found) == USUAL.signatures
    assert {one.intact.answer for one in found} == {YES}
    assert peak < 8 * MB


def test_all_signatures_together_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signatures, "MAX_SECONDS", -1.0)
    with pytest.raises(TooCostly, match="too much time"):
        verify(signed().data)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("D:20250601120000+05'00'", datetime(2025, 6, 1, 12, tzinfo=timezone(timedelta(hours=5)))),
        ("D:2025Z", datetime(2025, 1, 1, tzinfo=UTC)),
        ("D:20250601120000-01'30", datetime(2025, 6, 1, 13, 30, tzinfo=UTC)),
        ("D:20250601120000", None),
        ("D:20251301120000Z", None),
        ("2025", None),
        (None, None),
    ],
)
def test_dates_are_read_with_their_offset(given: str | None, expected: datetime | None) -> None:
    assert read_date(given) == expected


def test_a_value_that_is_no_cms_is_named_without_a_field() -> None:
    draft = signed()
    place = draft.data.rindex(b"/Contents <") + len(b"/Contents <")
    for value, why in ((b"00", "neither CMS nor XML"), (b"3003020107", "not a ContentInfo of")):
        data = draft.data[:place] + value.ljust(24_000, b"0") + draft.data[place + 24_000 :]
        [one] = verify(data)
        assert f"as a signature is none: {why}" in text(one.whole)
