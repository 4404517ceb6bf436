"""What the tests of XML signatures ask of a document."""

from lxml import etree

from app.cms.algorithms import registry as algorithms
from app.cms.parsing import parse
from app.cms.verdict import Answer
from app.cms.x509.certificate import read_certificate
from app.cms.xmldsig.parsing import SignedXml
from app.cms.xmldsig.verification import XmlChecked, check_xml
from tests import pki
from tests.pki import xml_signer
from tests.pki.xml_signer import DS, Reference

IVAN = pki.person()

MISMATCH = "the content is not what was signed: its digest (SHA-256) is another"
PARTIAL = "the signature covers only a part of the document"
_TOLD = (
    "of the document the signature covers: ",
    *(f"{what} in the signature are not signed: " for what in ("elements", "attributes")),
    *(f"{what} in the signature are not signed: " for what in ("comments", "instructions")),
    "text in the signature is not signed: ",
    "other signatures hold content that this one does not sign: ",
)


def check(document: etree._Element | str) -> tuple[XmlChecked, ...]:
    """Check a document as a client would send it."""
    text = document if isinstance(document, str) else xml_signer.text(document)
    signed = parse(text)
    assert isinstance(signed, SignedXml)
    checked = check_xml(signed)
    assert [found.parsed.certificate for found in checked] == [
        signature.certificate for signature in signed.signatures
    ]
    return checked


def answers(document: etree._Element | str) -> list[str]:
    """Return for each signature whether it is intact: "yes", or the sentences that go with it.

    Which parts of a document or of the signature are covered is left out.
    """
    return [
        ", ".join(
            str(reason) for reason in found.intact.reasons if not str(reason).startswith(_TOLD)
        )
        or str(found.intact.answer)
        for found in check(document)
    ]


def remarks(document: etree._Element | str) -> list[str]:
    """Return what is said of a signature that is intact."""
    [checked] = check(document)
    assert checked.intact.answer is Answer.YES
    return [str(reason) for reason in checked.intact.reasons]


def is_valid(checked: XmlChecked) -> bool:
    """Return whether the signature value is that of the certificate's key."""
    assert checked.method
    key = read_certificate(checked.parsed.certificate).public_key
    return algorithms.verify_signature(
        key, *checked.method, lambda _: checked.signed_digest, checked.signature_value
    )


def signature_of(root: etree._Element, place: int = 0) -> etree._Element:
    """Find a signature."""
    return list(root.iter(f"{{{DS}}}Signature"))[place]


def signed(document: str, *references: Reference, **how: object) -> etree._Element:
    """Sign a document as Ivan."""
    root = etree.fromstring(document)
    xml_signer.sign(root, IVAN, *references, **how)  # type: ignore[arg-type]  # As `sign` has them.
    return root
