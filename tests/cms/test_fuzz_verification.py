"""Mutations of a good signature: a yes is only for what was signed, the rest has reasons."""

import random
import time
from base64 import b64encode
from datetime import datetime

import pytest
from lxml import etree

from app.cms.claims import attached_content, describe
from app.cms.errors import MalformedSignature
from app.cms.parsing import parse
from app.cms.signed_data.parsing import SignedData
from app.cms.verdict import Answer
from app.cms.verification.status import SignerStatus
from app.cms.verification.verifier import Verifier
from app.cms.x509.certificate import read_certificate
from app.cms.xmldsig.parsing import SignedXml
from tests import der, gost_signer, pki
from tests.cms.judging import AFTER, AT, BEFORE, read
from tests.cms.mutations import mutated
from tests.cms.test_fuzz import MARKS, damaged
from tests.cpu import allowed
from tests.pki import (
    CONTENT,
    REVOCATION_VALUES,
    SIGNING_TIME,
    TIMESTAMP,
    Holder,
    Key,
    attributes,
    xml_signer,
)
from tests.pki.xml_signer import DS

# CPU time for one; a quiet machine needs 0.06 with GOST.
MAX_SECONDS = 0.5
GOST = gost_signer.GOST_2015_512


class World:
    """A root, an authority, a person, one who stamps and one who answers, with keys of one kind."""

    def __init__(self, kind: str) -> None:
        self.root = pki.root(f"ROOT {kind}", _key("root", kind))
        self.nca = pki.certify(pki.name(f"NCA {kind}"), _key("nca", kind), self.root, pki.AUTHORITY)
        self.person, self.stamper, self.responder = (
            pki.certify(pki.name(name), _key(name, kind), self.nca, extensions)
            for name, extensions in (
                ("P", pki.PERSON),
                ("TSA", pki.STAMPER),
                ("OCSP", pki.RESPONDER),
            )
        )
        crls = [self.crl(self.root), self.crl(self.nca)]
        self.verifier = Verifier(read(self.root), intermediates=read(self.nca), crls=crls)

    def crl(self, of: Holder, this_update: datetime = BEFORE) -> bytes:
        """Return a list without entries."""
        return pki.crl(of, this_update=this_update, next_update=AFTER)

    def cms(self) -> bytes:
        """Sign with all that verification looks at."""
        person = self.person
        named = pki.signing_certificate(person.certificate)
        signed = sorted([*attributes(CONTENT, person.key.digest), named])
        value = pki.signature_of(pki.signer_info(person, signed=signed))
        response = pki.ocsp(self.nca, person.serial, by=self.responder, this_update=AT)
        values = der.sequence(der.explicit(0, der.sequence(self.crl(self.nca, AT))))
        unsigned = [
            der.attribute(TIMESTAMP, pki.timestamp(value, by=self.stamper)),
            der.attribute(REVOCATION_VALUES, values),
        ]
        info = pki.signer_info(person, signed=signed, unsigned=unsigned, signature=value)
        infos = [self.crl(self.root), der.explicit(1, der.oid("1.3.6.1.5.5.7.16.2"), response)]
        return pki.signed_data([info], [person, self.nca], revocation=infos)

    def xml(self) -> str:
        """Sign a document twice."""
        root = etree.fromstring('<a Id="x">text<b>1000</b><!-- c --><c xmlns="urn:c"/></a>')
        xml_signer.sign(root, self.person)
        xml_signer.sign(root, self.person)
        return xml_signer.text(root)

    def accepts(self, text: str) -> SignedData | SignedXml | None:
        """Verify, and return the signature if all is yes for some signer."""
        start = time.process_time()
        try:
            signature = parse(text)
            statuses = self.verifier.verify(signature, at=AT)
        except MalformedSignature:
            return None
        finally:
            assert time.process_time() - start < allowed(MAX_SECONDS)
        assert len(describe(signature)) == len(statuses)
        good = [status for status in statuses if is_good(status)]
        for status in good:
            assert status.certificate.tbs == read_certificate(self.person.certificate).tbs
            assert status.decisive_time in (AT, SIGNING_TIME)
        return signature if good else None


def _key(name: str, kind: str) -> Key:
    return pki.rsa_key(f"fuzz {name}") if kind == "RSA" else pki.gost_key(name, GOST)


def is_good(status: SignerStatus) -> bool:
    """Return whether all is yes; what isn't must have a reason."""
    verdicts = (status.intact, status.valid, status.path, status.revocation)
    for verdict in verdicts:
        assert verdict.answer is Answer.YES or all(map(str, verdict.reasons))
        assert verdict.answer is Answer.YES or verdict.reasons
    return {verdict.answer for verdict in verdicts} == {Answer.YES}


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "rounds"), [("RSA", 300), ("GOST", 40)])
def test_a_cms_that_is_accepted_has_the_content_that_was_signed(kind: str, rounds: int) -> None:
    world = World(kind)
    good = world.cms()
    assert world.accepts(b64encode(good).decode())
    chance = random.Random(kind)
    accepted = 0
    for _ in range(rounds):
        data = good
        for _ in range(chance.choice((1, 1, 2))):
            data = mutated(data, chance)
        found = world.accepts(b64encode(data).decode())
        if found is not None:
            accepted += 1
            assert attached_content(found) == CONTENT
    assert 0 < accepted < rounds


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "rounds"), [("RSA", 400), ("GOST", 80)])
def test_a_document_that_is_accepted_is_the_one_that_was_signed(kind: str, rounds: int) -> None:
    world = World(kind)
    good = world.xml()
    assert world.accepts(good)
    chance = random.Random(kind)
    accepted = 0
    for _ in range(rounds):
        found = world.accepts(damaged(good, MARKS, chance))
        if isinstance(found, SignedXml):
            accepted += 1
            assert unsigned_form(found.xml) == unsigned_form(good.partition("?>")[2].encode())
    assert 0 < accepted < rounds


def unsigned_form(document: bytes) -> bytes:
    """Canonicalise a document without its signatures and comments."""
    root = etree.fromstring(document)
    for signature in list(root.iter(f"{{{DS}}}Signature")):
        assert not (signature.tail or "").strip()
        parent = signature.getparent()
        if parent is not None:
            parent.remove(signature)
    return etree.tostring(root, method="c14n", with_comments=False)
