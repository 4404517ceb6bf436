"""Cards of electronic documents: made, read back by other programs, verified, and altered."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from base64 import b64decode
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from time import process_time
from zoneinfo import ZoneInfo

import pikepdf
import pypdfium2
import pytest
import zxingcpp

from app.cms import (
    Answer,
    SignatureProfile,
    TooCostly,
    augment,
    check_for_card,
    parse_der,
    separate_signer,
)
from app.cms.asn1.node import read_node
from app.cms.augmentation.additions import Additions, add
from app.cms.x509.certificate import read_certificate
from app.pdf.cards import verifying
from app.pdf.cards.attaching import File, attach
from app.pdf.cards.contents import Card, CardSignature, Original
from app.pdf.cards.facts import list_facts, write_moment
from app.pdf.cards.making import make_card
from app.pdf.cards.naming import is_executable, name_document
from app.pdf.cards.qr_codes import MAX_CODES, list_texts
from app.pdf.cards.verifying import VerifiedCard, verify_card
from app.pdf.errors import NoCard, UnreadablePdf
from app.wording.sentences import Wording
from tests import der, pki
from tests.cms.augmenting import ANNA, MINUTE, STAMPED, evidence, sign
from tests.cms.judging import IVAN, NCA, ROOT
from tests.cpu import allowed
from tests.pdf.judging import text, verify_detached
from tests.pdf.remaking import remake
from tests.pdf.writing import Draft, stream
from tests.pki import CONTENT, Holder

KAZAKH = pki.person("ӘҒҚҢӨҰҮҺІ әғқңөұүһі")
ALMATY = ZoneInfo("Asia/Almaty")
NAME = "Договор № 7.txt"


def parts(*signers: Holder) -> list[CardSignature]:
    """Return the signatures of a card, by the parts of one CMS."""
    cms = sign(*signers)
    kept = evidence(cms, *(who.serial for who in signers))
    made = []
    for number in kept:
        alone = separate_signer(cms, number)
        signature = parse_der(augment(alone, {1: kept[number]}, SignatureProfile.DDCARD))
        [status] = verify_detached(signature, CONTENT)
        made.append(CardSignature(signature, status))
    return made


@cache
def card() -> Card:
    signatures = tuple(parts(IVAN, ANNA, KAZAKH))
    original = Original(NAME, CONTENT)
    return Card(
        original, signatures, "contract-7", STAMPED - MINUTE, "Tanbahana", "https://a", "Act"
    )


@cache
def made(language: str = "ru") -> bytes:
    return make_card(card(), Wording(language, ALMATY))


def file_of(tmp_path: Path) -> Path:
    path = tmp_path / "card.pdf"
    path.write_bytes(made())
    return path


def verify(data: bytes) -> VerifiedCard:
    return verify_card(data, verify_detached)


def test_the_signatures_are_detached_and_each_of_one_signer() -> None:
    for one, who in zip(card().signatures, (IVAN, ANNA, KAZAKH), strict=True):
        assert not one.signature.attached
        assert [signer.certificate.der for signer in one.signature.signers] == [who.certificate]
        others = {who.certificate for who in (IVAN, ANNA, KAZAKH)} - {who.certificate}
        assert not any(other in one.cms for other in others)
        assert text(check_for_card(one.signature, (one.status,))).startswith("yes")


def test_a_card_is_verified() -> None:
    found = verify(made())
    assert found.trusted.answer is Answer.YES, text(found.trusted)
    assert (found.document.name, found.document.size) == (NAME, len(CONTENT))
    assert found.document.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert [one.file.name for one in found.signatures] == ["1.cms", "2.cms", "3.cms"]
    assert found.pages == 4


@pytest.mark.slow
def test_it_is_the_same_in_another_process(tmp_path: Path) -> None:
    assert make_card(card(), Wording("ru", ALMATY)) == made()
    for number, one in enumerate(card().signatures):
        (tmp_path / f"{number}.cms").write_bytes(one.cms)
    (tmp_path / "content").write_bytes(CONTENT)
    (tmp_path / "root.der").write_bytes(ROOT.certificate)
    (tmp_path / "time.txt").write_text(STAMPED.isoformat())
    command = [sys.executable, "-m", "tests.pdf.remaking", str(tmp_path)]
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    done = subprocess.run(command, capture_output=True, check=True, text=True, env=environment)
    assert done.stdout == hashlib.sha256(remake(tmp_path)).hexdigest()


def test_three_signers_take_less_than_a_second() -> None:
    begin = process_time()
    make_card(card(), Wording("kk", ALMATY))
    assert process_time() - begin < allowed(1.0)


def test_other_programs_see_the_files_in_order(tmp_path: Path) -> None:
    if shutil.which("pdfdetach") is None:
        pytest.skip("poppler is missing")
    listed = subprocess.run(
        ["pdfdetach", "-list", str(file_of(tmp_path))], capture_output=True, check=True
    ).stdout.decode()
    names = [line.partition(": ")[2] for line in listed.splitlines()[1:]]
    assert names == [NAME, "1.cms", "2.cms", "3.cms"]


def test_the_text_is_read_by_other_programs(tmp_path: Path) -> None:
    if shutil.which("pdftotext") is None:
        pytest.skip("poppler is missing")
    command = ["pdftotext", "-layout", str(file_of(tmp_path)), "-"]
    written = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    pages = written.split("\f")
    assert "Карточка электронного документа" in pages[0]
    assert f"{STAMPED.astimezone(ALMATY):%d.%m.%Y %H:%M:%S} UTC+05:00" in pages[0]
    assert pages[3].rstrip().endswith("4/4")
    assert KAZAKH.parsed.subject
    assert "ӘҒҚҢӨҰҮҺІ әғқңөұүһі" in pages[3]
    assert f"{KAZAKH.serial:x}" in pages[3]


def test_the_codes_hold_the_signature() -> None:
    with pypdfium2.PdfDocument(made()) as document:
        image = document[2].render(scale=150 / 72).to_pil()
    codes = [json.loads(one.text) for one in zxingcpp.read_barcodes(image)]
    codes.sort(key=lambda one: one["index"])
    assert [one["index"] for one in codes] == list(range(1, codes[0]["total"] + 1))
    archive = b64decode("".join(one["data"] for one in codes))
    with zipfile.ZipFile(BytesIO(archive)) as opened:
        [name] = opened.namelist()
        assert name == f"{codes[0]['signId']}.cms"
        assert opened.read(name) == card().signatures[1].cms


def test_lists_of_revoked_certificates_are_shown_in_place_of_a_response() -> None:
    cms = sign(IVAN)
    [kept] = evidence(cms, IVAN.serial).values()
    begin, end = STAMPED - 9 * MINUTE, STAMPED + 9 * MINUTE
    listed = replace(
        kept,
        crls=[*kept.crls, pki.crl(NCA, this_update=begin, next_update=end)],
        ocsp_responses=kept.ocsp_responses[1:],
    )
    made_of = augment(separate_signer(cms, 1), {1: listed}, SignatureProfile.DDCARD)
    signature = parse_der(made_of)
    statuses = verify_detached(signature, CONTENT)
    assert check_for_card(signature, statuses).answer is Answer.YES
    facts = list_facts(CardSignature(signature, statuses[0]), Wording())
    assert ("List of revoked certificates (CRL)", None) in facts
    assert ("Status", "the certificate is not in the list") in facts
    assert not any(label == "Response of the OCSP responder" for label, _ in facts)


def test_broken_extensions_have_no_facts_and_times_an_end() -> None:
    broken = replace(read_certificate(IVAN.certificate), extensions={}, extensions_damaged=True)
    one = card().signatures[0]
    status = replace(one.status, certificate=broken, chain=())
    labels = [label for label, _ in list_facts(CardSignature(one.signature, status), Wording())]
    assert "Key usage" not in labels
    assert "Extended key usage" not in labels
    end = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert write_moment(end, Wording("en", ALMATY)) == "31.12.9999 23:59:59 UTC+00:00"


def test_a_signature_that_is_too_large_has_no_codes() -> None:
    one = card().signatures[0]
    large = hashlib.shake_256(b"x").digest(MAX_CODES * 800)
    assert list_texts(large) == []
    other = parse_der(augment_with(one.cms, large))
    made_of = replace(card(), signatures=(CardSignature(other, one.status),))
    with pypdfium2.PdfDocument(make_card(made_of, Wording())) as document:
        assert "too large for QR codes" in document[1].get_textpage().get_text_range()


def augment_with(cms: bytes, filling: bytes) -> bytes:
    """Return a CMS with this in it, where nothing reads it."""
    return add(read_node(cms), Additions({1: [der.attribute("1.2.3.4", der.octets(filling))]}))


def rebuilt(files: Iterable[tuple[str, bytes]]) -> bytes:
    """Return a card with other files."""
    listed = [File(name, data, "", "Source") for name, data in files]
    return attach(Draft().data, listed, "t", "en")


def test_one_altered_byte_makes_the_card_untrusted() -> None:
    cms = [one.cms for one in card().signatures]
    altered = rebuilt([(NAME, CONTENT + b"!"), *(("s.cms", one) for one in cms)])
    found = verify(altered)
    assert found.trusted.answer is Answer.NO
    value = bytearray(cms[1])
    value[value.index(card().signatures[1].signer.signature)] ^= 1
    found = verify(rebuilt([(NAME, CONTENT), ("1.cms", cms[0]), ("2.cms", bytes(value))]))
    assert [one.whole.answer for one in found.signatures] == [Answer.YES, Answer.NO]
    assert found.trusted.answer is Answer.NO


def test_a_file_that_is_no_signature_makes_it_untrusted() -> None:
    [first, *_] = card().signatures
    found = verify(rebuilt([(NAME, CONTENT), ("1.cms", first.cms), ("readme.txt", b"hi")]))
    assert "the attached file is no signature" in text(found.trusted)
    # In the order of names the document would be the last.
    found = verify(rebuilt([("1.cms", first.cms), (NAME, CONTENT)]))
    assert found.trusted.answer is Answer.NO


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("attached", "no: the content is inside the signature"),
        ("plain", "no: there is no timestamp in the signature"),
        ("stamped", "no: the signature does not hold an OCSP response of 5 minutes around"),
        ("early", "no: the signature does not hold an OCSP response of 5 minutes around"),
    ],
)
def test_a_signature_without_its_evidence_does_not_fit(change: str, expected: str) -> None:
    cms = sign(IVAN, attached=change == "attached")
    kept = evidence(cms, IVAN.serial)
    if change in ("stamped", "attached"):
        cms = augment(cms, kept, SignatureProfile.LT)
    elif change == "early":
        cms = augment(cms, kept, SignatureProfile.DDCARD)
        # Another timestamp, of which the response is not.
        late = {
            1: replace(
                kept[1], token=evidence(cms, IVAN.serial, moment=STAMPED - 9 * MINUTE)[1].token
            )
        }
        plain = sign(IVAN, attached=False)
        cms = augment(
            augment(plain, late, SignatureProfile.T),
            {1: replace(kept[1], token=None)},
            SignatureProfile.LT,
        )
    [one] = verify(rebuilt([(NAME, CONTENT), ("1.cms", cms)])).signatures
    assert text(one.fits).startswith(expected), text(one.fits)


def test_what_programs_disagree_about_is_unknown() -> None:
    [first, *_] = card().signatures
    data = rebuilt([(NAME, CONTENT), ("1.cms", first.cms)]).replace(b"(0001)", b"(-001)")
    assert "not in order" in text(verify(data).structure)


def with_another_document(pdf: bytes, listed: bytes) -> bytes:
    """Return a card with an update that lists the stream of the document, and another content.

    `listed` are the entries: of the number, the old offset, and the new one.
    """
    with pikepdf.open(BytesIO(pdf)) as opened:
        number = opened.Root.Names.EmbeddedFiles.Names[1].EF.F.objgen[0]
    old = re.search(rb"\n%d 0 obj" % number, pdf)
    assert old
    values = {b"n": number, b"old": old.start() + 1, b"new": len(pdf)}
    pdf += b"%d 0 obj\n%s\nendobj\n" % (number, stream(b"EVIL: pay 999"))
    size, root = (re.findall(key + rb" (\d+)", pdf)[-1] for key in (b"/Size", b"/Root"))
    last = re.findall(rb"startxref\s+(\d+)", pdf)[-1]
    end = b"trailer\n<< /Size %s /Root %s 0 R /Prev %s >>\n" % (size, root, last)
    return pdf + b"xref\n" + listed % values + end + b"startxref\n%d\n%%%%EOF\n" % len(pdf)


TWOFOLD = "the PDF can be read in more than one way"


def test_a_document_that_is_listed_twice_is_unknown() -> None:
    """Pdfium takes the first entry of a section, qpdf and poppler the last."""
    twice = b"%(n)d 1\n%(old)010d 00000 n \n%(n)d 1\n%(new)010d 00000 n \n"
    hidden = b"%(n)d 1\n%(old)010d 00000 n \n"
    [first, *_] = card().signatures
    for pdf in (made(), rebuilt([(NAME, CONTENT), ("1.cms", first.cms)])):
        for listed in (twice, hidden):
            found = verify(with_another_document(pdf, listed))
            assert TWOFOLD in text(found.structure)
            assert found.trusted.answer is not Answer.YES


def test_a_regular_update_leaves_a_card_as_it_is() -> None:
    data = made()
    # Another document, which the signatures are not on.
    listed = b"%(n)d 1\n%(new)010d 00000 n \n"
    assert verify(with_another_document(data, listed)).trusted.answer is Answer.NO


def test_cards_of_other_programs_are_regular() -> None:
    mode = pikepdf.ObjectStreamMode
    for options in (
        {"object_stream_mode": mode.generate},
        {"object_stream_mode": mode.disable, "compress_streams": False},
        {"recompress_flate": True, "min_version": "2.0"},
    ):
        with pikepdf.open(BytesIO(made())) as pdf, BytesIO() as file:
            pdf.save(file, **options)
            assert verify(file.getvalue()).trusted.answer is Answer.YES, options


def test_bytes_around_a_card_are_named() -> None:
    data = made()
    for other in (b"x\n" + data, data + b"x", data.replace(b"\nxref\n", b"\n xref\n")):
        try:
            assert TWOFOLD in text(verify(other).structure)
        except UnreadablePdf:
            continue


def test_a_program_is_no_document() -> None:
    found = verify(rebuilt([("run.exe", CONTENT), ("1.cms", card().signatures[0].cms)]))
    assert text(found.structure).startswith("no: the document is a program")


def test_a_pdf_without_two_files_is_no_card() -> None:
    for data in (Draft().data, rebuilt([(NAME, CONTENT)])):
        with pytest.raises(UnreadablePdf, match="it is no card"):
            verify(data)


def test_all_signatures_together_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifying, "MAX_SECONDS", 0.0)
    with pytest.raises(TooCostly, match="too much time"):
        verify(made())


@pytest.mark.parametrize(
    ("wanted", "data", "expected"),
    [
        ("Договор.pdf", b"", "Договор.pdf"),
        ("contract-7", b"%PDF-1.7", "contract-7.pdf"),
        ("a/../b", b"text", "a_.._b.txt"),
        ("№ 5. от мая", b"\xff\xff", "№ 5. от мая.bin"),
        ("\u202etxt.doc", b"", "_txt.doc"),
        ("...", b"<?xml ?>", "document.xml"),
        ("x" * 300, b"", "x" * 100 + ".txt"),
    ],
)
def test_a_document_gets_a_readable_name(wanted: str, data: bytes, expected: str) -> None:
    assert name_document(wanted, data) == expected


@pytest.mark.parametrize(("name", "data"), [("a.exe", b""), ("a.PS1", b""), ("a", b"MZ\0\0")])
def test_a_program_gets_no_card(name: str, data: bytes) -> None:
    assert is_executable(name, data)
    with pytest.raises(NoCard, match="a program"):
        name_document(name, data)
