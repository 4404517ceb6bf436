"""PDFs signed by pyHanko, which writes them as programs of today do."""

from __future__ import annotations

from io import BytesIO

import pikepdf
import pytest
from asn1crypto import keys, x509
from cryptography.hazmat.primitives import serialization
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import signers
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko_certvalidator.registry import SimpleCertificateStore

from app.cms import Answer
from tests import pki
from tests.pdf.judging import text, verify
from tests.pki import Holder

pytestmark = pytest.mark.slow


def document(*, streams: bool) -> bytes:
    mode = pikepdf.ObjectStreamMode
    with pikepdf.new() as pdf, BytesIO() as file:
        pdf.add_blank_page(page_size=(200, 200))
        pdf.docinfo["/Title"] = "A contract"
        pdf.save(file, object_stream_mode=mode.generate if streams else mode.disable)
        return file.getvalue()


def signer(name: str) -> signers.SimpleSigner:
    who: Holder = pki.person(name)
    key = pki.rsa_pair(name, 2048).private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    store = SimpleCertificateStore()  # type: ignore[no-untyped-call]  # pyHanko's
    store.register(x509.Certificate.load(pki.authority().certificate))
    return signers.SimpleSigner(
        signing_cert=x509.Certificate.load(who.certificate),
        signing_key=keys.PrivateKeyInfo.load(key),
        cert_registry=store,
    )


def sign(
    pdf: bytes,
    name: str,
    field: str,
    *,
    box: tuple[int, int, int, int] | None = None,
    certify: bool = False,
) -> bytes:
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    metadata = signers.PdfSignatureMetadata(
        field_name=field,
        reason="I agree",
        subfilter=SigSeedSubFilter.PADES,
        certify=certify,
        docmdp_permissions=MDPPerm.FILL_FORMS,
    )
    specification = SigFieldSpec(field, box=box)
    out = signers.PdfSigner(metadata, signer(name), new_field_spec=specification).sign_pdf(writer)
    written: bytes = out.getvalue()
    return written


@pytest.mark.parametrize("streams", [False, True])
def test_two_signatures_are_both_on_the_whole_document(streams: bool) -> None:
    once = sign(document(streams=streams), "ИВАНОВ ИВАН", "One", certify=True)
    [one] = verify(once)
    assert (one.intact.answer, one.valid.answer) == (Answer.YES, Answer.YES), text(one.whole)
    assert (one.reason, one.covers_file) == ("I agree", True)
    first, second = verify(sign(once, "ПЕТРОВА АННА", "Two"))
    assert first.whole_document.answer is Answer.YES, text(first.whole_document)
    assert second.whole_document.answer is Answer.YES
    assert (first.covers_file, second.covers_file) == (False, True)


def test_a_visible_one_is_named_and_changes_nothing_else() -> None:
    once = sign(document(streams=True), "ИВАНОВ ИВАН", "One", box=(10, 10, 90, 50))
    twice = sign(once, "ПЕТРОВА АННА", "Two", box=(100, 10, 190, 50))
    thrice = sign(twice, "СИДОРОВ СЕМЁН", "Three", box=(10, 60, 90, 100))
    first, second, third = verify(thrice)
    assert first.whole_document.answer is Answer.YES, text(first.whole_document)
    assert "the signature Two was added, which is good; page 1 shows it" in text(
        first.whole_document
    )
    assert "the signature Three" in text(first.whole_document)
    assert "the signature Three" in text(second.whole_document)
    assert text(third.whole_document) == "yes: "
    assert (first.valid.answer, second.valid.answer) == (Answer.YES, Answer.YES)


def test_one_that_covers_the_page_is_doubted() -> None:
    once = sign(document(streams=True), "ИВАНОВ ИВАН", "One", box=(10, 10, 90, 50))
    [one] = verify(once)
    assert one.whole_document.answer is Answer.YES
    first, _ = verify(sign(once, "ПЕТРОВА АННА", "Two", box=(0, 0, 200, 200)))
    assert "a further signature that is shown" in text(first.whole_document)


def rewritten(pdf: bytes, **options: object) -> bytes:
    """Return a file as qpdf writes it."""
    with pikepdf.open(BytesIO(pdf)) as opened, BytesIO() as file:
        opened.save(file, **options)  # type: ignore[arg-type]  # As given.
        return file.getvalue()


LINEARIZED = [
    rewritten(document(streams=one), linearize=True, object_stream_mode=mode)
    for one, mode in (
        (False, pikepdf.ObjectStreamMode.disable),
        (True, pikepdf.ObjectStreamMode.generate),
    )
]


@pytest.mark.parametrize("pdf", LINEARIZED, ids=["tables", "streams"])
def test_what_other_programs_wrote_is_signed_twice(pdf: bytes) -> None:
    once = sign(pdf, "ИВАНОВ ИВАН", "One")
    twice = sign(once, "ПЕТРОВА АННА", "Two", box=(100, 10, 190, 50))
    for one in verify(twice):
        assert one.whole_document.answer is Answer.YES, text(one.whole_document)


@pytest.mark.parametrize("streams", [False, True])
def test_validation_data_and_a_timestamp_may_follow(streams: bool) -> None:
    once = sign(document(streams=streams), "ИВАНОВ ИВАН", "One")
    authority = x509.Certificate.load(pki.authority().certificate)
    file = BytesIO(once)
    DocumentSecurityStore.add_dss(  # type: ignore[no-untyped-call, unused-ignore]  # pyHanko's
        file, PdfFileReader(file).embedded_signatures[0].pkcs7_content, certs=[authority]
    )
    assert len(file.getvalue()) > len(once)
    for data in (file.getvalue(), sign(file.getvalue(), "ПЕТРОВА АННА", "Two")):
        first = verify(data)[0]
        assert first.whole_document.answer is Answer.YES, text(first.whole_document)
        assert "validation data" in text(first.whole_document)
