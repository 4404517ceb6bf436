"""A stored text becomes a file again: the bytes whose digest was taken when it was saved."""

from __future__ import annotations

import hashlib
import random
from base64 import b64decode, b64encode, urlsafe_b64encode
from urllib.parse import quote

import pytest

from app.cms.errors import MalformedSignature
from app.cms.files import SignatureFile, open_file
from app.cms.fingerprints import fingerprints
from app.cms.parsing import parse
from tests import der, pki
from tests.cms.test_fuzz import SEED, TEXTS, damaged

CMS = pki.usual_cms()
DER = b64decode(CMS)
XML = pki.sign_xml("<a>текст</a>")
FORMS = {
    "base64": CMS,
    "base64url": urlsafe_b64encode(DER).decode().rstrip("="),
    "blanks for pluses": CMS.replace("+", " "),
    "lines": pki.wrapped(DER, 64),
    "PEM": pki.pem(DER),
    "percent": quote(CMS, safe=""),
    "data URI": f"data:application/pkcs7-mime;base64,{CMS}",
    "PEM in base64": b64encode(pki.pem(DER, "PKCS7", "\r\n").encode()).decode(),
    "base64 in base64": b64encode(CMS.encode()).decode(),
    "PEM in a data URI": "data:;base64," + b64encode(pki.pem(DER).encode()).decode(),
    "XML": XML,
    "XML with margins": f"\ufeff \n{XML.partition('?>')[2]}\r\n ",
    "XML in base64": b64encode(XML.encode()).decode(),
    "XML in UTF-16": b64encode(XML.replace("utf-8", "utf-16").encode("utf-16")).decode(),
    "XML in a data URI": f"data:application/xml,{quote(XML)}",
}


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS)
def test_the_file_is_what_was_parsed(text: str) -> None:
    signature = parse(text)
    digest = fingerprints(signature).signature
    for known in (digest, None):
        file = open_file(text, known)
        assert hashlib.sha256(file.data).hexdigest() == digest
        assert file.format == ("cms" if hasattr(signature, "der") else "xml")


def test_blanks_at_the_end_are_pluses_where_the_file_lacks_its_end_without_them() -> None:
    data = der.sequence(der.octets(bytes(5) + b"\xfb\xef\xbe"))
    text = b64encode(data).decode()
    assert text.endswith("+")
    assert open_file(text.replace("+", " "), None) == SignatureFile("cms", data)


@pytest.mark.parametrize("text", ["anything", "AAAA", "", " ", "-----BEGIN CMS-----\nMI", "M", "%"])
def test_what_is_no_signature_stays_text(text: str) -> None:
    digest = hashlib.sha256(text.encode()).hexdigest()
    assert open_file(text, digest) == open_file(text, None) == SignatureFile(None, text.encode())


def test_zero_bytes_behind_a_signature_belong_to_the_file_if_nothing_says_otherwise() -> None:
    padded = b64encode(DER + bytes(9)).decode()
    assert open_file(padded, None).data == DER + bytes(9)
    assert open_file(padded, hashlib.sha256(DER).hexdigest()) == SignatureFile("cms", DER)
    rubbish = b64encode(b"\x30\x01" + bytes(9)).decode()
    assert open_file(rubbish, hashlib.sha256(b"x").hexdigest()).format is None


def test_what_looks_like_a_signature_and_has_another_digest_stays_text() -> None:
    assert open_file("MIIB", hashlib.sha256(b"MIIB").hexdigest()) == SignatureFile(None, b"MIIB")


@pytest.mark.slow
def test_whatever_the_text_there_is_a_file() -> None:
    chance = random.Random(SEED)
    for _ in range(2000):
        text = damaged(chance.choice(list(FORMS.values())), TEXTS, chance)
        try:
            digest = fingerprints(parse(text)).signature
        except MalformedSignature:
            open_file(text, None)
            continue
        assert hashlib.sha256(open_file(text, digest).data).hexdigest() == digest
