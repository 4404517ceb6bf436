"""What unsigned properties of XML may cost, whoever added them."""

from __future__ import annotations

import time

import pytest
from lxml import etree

from app.cms.augmentation.profiles import Profile
from app.cms.augmentation.xml_profiles import augment_xml
from app.cms.parsing import parse
from app.cms.xmldsig.parsing import SignedXml
from tests import der, pki
from tests.cms.augmenting import STAMPED
from tests.cms.judging import IVAN, text
from tests.cms.lasting_xml import make, stamp, verify, with_unsigned, xades_b
from tests.cms.test_key_info import XADES
from tests.cms.test_xades_profiles import kept
from tests.cpu import allowed
from tests.memory import forget_peak, peak
from tests.pki import xml_signer

pytestmark = [pytest.mark.attacks, pytest.mark.slow]

#: Seconds of CPU, the aim; a quiet machine needs 1.3, and 3.0 if tokens aren't paid for first.
MAX_SECONDS = 2.0
TOO_MUCH = "the signature contains too much to check all of it here"


def token_of_many() -> bytes:
    """Return a token of 256 signers, of whom one is allowed."""
    info = pki.signer_info(IVAN)
    version = der.integer(1)
    infos = [info.replace(version, bytes((2, 1, number)), 1) for number in range(256)]
    imprint = der.sequence(der.algorithm(pki.SHA256, der.NULL), der.octets(bytes(32)))
    content = der.sequence(
        der.integer(1), der.oid("1.2.3"), imprint, der.integer(1), der.time(STAMPED)
    )
    return pki.signed_data(infos, [], content, content_type=pki.TST_INFO)


def many_stamped(signatures: int, token: bytes) -> str:
    """Return a document of so many signatures, each with as many timestamps as are read."""
    root = etree.fromstring(xades_b(*[IVAN] * signatures).encode())
    for holder in root.findall(f".//{{{XADES}}}QualifyingProperties"):
        stamps = [stamp(token) for _ in range(16)]
        holder.append(make("UnsignedProperties", make("UnsignedSignatureProperties", *stamps)))
    return xml_signer.text(root)


@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize("token", [token_of_many(), der.sequence(*[der.NULL] * 30_000)])
def test_timestamps_are_paid_for_before_they_are_read(token: bytes) -> None:
    document = many_stamped(11_000_000 // len(token) // 16, token)
    began = time.process_time()
    statuses = verify(document)
    assert time.process_time() - began < allowed(MAX_SECONDS)
    stamps = [status.timestamp for status in statuses if status.timestamp]
    assert len(stamps) == len(statuses)
    assert text(stamps[-1].verdict) == TOO_MUCH


def test_a_tag_of_many_blanks_takes_no_memory_for_each() -> None:
    document = with_unsigned(xades_b(), stamp(pki.timestamp(b"x", STAMPED)))
    name = "UnsignedSignatureProperties"
    blanks = document.replace(f"{name}>", name + " " * 3_000_000 + ">", 1)
    signature = parse(blanks)
    assert isinstance(signature, SignedXml)
    forget_peak()
    before = peak()
    assert augment_xml(signature, kept(xades_b()), Profile.T).xml.count(b" " * 3_000_000) == 1
    assert peak() - before < 60
