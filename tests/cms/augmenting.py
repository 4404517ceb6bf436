"""What the tests of spliced evidence share: signatures, evidence about them, and comparisons."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from app.cms.asn1.node import Node, read_node
from app.cms.asn1.tags import EXPLICIT_0, EXPLICIT_1, SET
from app.cms.augmentation.evidence import SignerEvidence
from app.cms.augmentation.profiles import Profile
from app.cms.verdict import Answer
from app.cms.verification.status import SignerStatus
from app.cms.verification.verifier import Verifier
from tests import der, pki
from tests.cms.judging import IVAN, NCA, ROOT, read
from tests.pki import CONTENT, DAY, SIGNING_TIME, Holder

YES, UNKNOWN = Answer.YES, Answer.UNKNOWN
T, LT, DDCARD = Profile.T, Profile.LT, Profile.DDCARD
MINUTE = timedelta(minutes=1)
STAMPED = SIGNING_TIME + MINUTE
ANNA = pki.person("ПЕТРОВА АННА")
TSA = pki.stamper()
OID_REVOCATION = der.oid(pki.REVOCATION_VALUES)
OCSP_INFO = der.oid("1.3.6.1.5.5.7.16.2")
#: How a length is written, for the tag of an element and its contents.
Lengthen = Callable[[int, bytes], bytes]
FORMS: dict[str, Lengthen] = {
    "DER": der.tlv,
    "four octets": lambda tag, value: bytes((tag, 0x84)) + len(value).to_bytes(4, "big") + value,
    "indefinite": lambda tag, value: bytes((tag, 0x80)) + value + b"\0\0",
}


def sign(
    *signers: Holder,
    attached: bool = True,
    unsigned: Sequence[bytes] = (),
    certificates: Sequence[Holder] | None = None,
    revocation: Sequence[bytes] = (),
) -> bytes:
    """Sign, with these unsigned attributes of each signer."""
    infos = [pki.signer_info(who, unsigned=unsigned) for who in signers]
    embedded = [*signers, NCA] if certificates is None else certificates
    content = CONTENT if attached else None
    return pki.signed_data(
        infos, embedded, content, revocation=revocation, digests=[pki.SHA256] if infos else ()
    )


def write(cms: bytes, lengthen: Lengthen) -> bytes:
    """Write each element that may grow with another form of its length."""
    kind, explicit = read_node(cms).children()
    *fields, infos = explicit.only().children()
    written = [
        lengthen(one.tag, one.contents) if one.tag in (EXPLICIT_0, EXPLICIT_1) else one.encoded
        for one in fields
    ]
    signers = []
    for info in infos.children(300):
        *parts, last = info.children()
        end = lengthen(last.tag, last.contents) if last.tag == EXPLICIT_1 else last.encoded
        signers.append(lengthen(info.tag, b"".join([*[one.encoded for one in parts], end])))
    signed_data = lengthen(0x30, b"".join([*written, lengthen(SET, b"".join(signers))]))
    return lengthen(0x30, kind.encoded + lengthen(EXPLICIT_0, signed_data))


def good(serial: int = IVAN.serial, moment: datetime = STAMPED + MINUTE) -> bytes:
    """Answer that a certificate of the authority is good."""
    return pki.ocsp(NCA, serial, this_update=moment, by=pki.responder())


def evidence(cms: bytes, *serials: int, moment: datetime = STAMPED) -> dict[int, SignerEvidence]:
    """Return what is kept of each signer, with the serial numbers of their certificates."""
    # As of a root, which issues one in months.
    lists = [pki.crl(ROOT, this_update=STAMPED - 30 * DAY, next_update=STAMPED + 30 * DAY)]
    return {
        signer.number: SignerEvidence(
            token=pki.timestamp(signer.signature, moment),
            certificates=[NCA.certificate, ROOT.certificate, TSA.certificate],
            ocsp_responses=[good(serial), good(TSA.serial)],
            crls=lists,
        )
        for signer, serial in zip(pki.read(cms).signers, serials, strict=True)
    }


def verify(cms: bytes, *, attached: bool = True) -> tuple[SignerStatus, ...]:
    """Verify with nothing but the root: certificates and revocation come with the signature."""
    content = None if attached else CONTENT
    return Verifier(read(ROOT)).verify(pki.read(cms), content, at=STAMPED + 3 * MINUTE)


def fields_of(cms: bytes) -> list[Node]:
    """Return the fields of SignedData."""
    return read_node(cms).children()[1].only().children()


def field(cms: bytes, tag: int) -> list[bytes]:
    """Return the elements of certificates or crls."""
    return [
        one.encoded for node in fields_of(cms)[3:-1] if node.tag == tag for one in node.children(99)
    ]


def unsigned_of(cms: bytes) -> list[list[bytes]]:
    """Return the unsigned attributes of each SignerInfo."""
    last = [info.children()[-1] for info in fields_of(cms)[-1].children(300)]
    return [
        [one.encoded for one in node.children(99)] if node.tag == EXPLICIT_1 else []
        for node in last
    ]


def check_verbatim(before: bytes, after: bytes) -> None:
    """Show that all is still there, byte for byte, in its order, and new elements follow it."""
    old, new = fields_of(before), fields_of(after)
    assert [node.encoded for node in old[1:3]] == [node.encoded for node in new[1:3]]
    for tag in (EXPLICIT_0, EXPLICIT_1):
        present = field(before, tag)
        assert field(after, tag)[: len(present)] == present
    for one, other in zip(old[-1].children(300), new[-1].children(300), strict=True):
        parts = [node.encoded for node in one.children() if node.tag != EXPLICIT_1]
        assert [node.encoded for node in other.children() if node.tag != EXPLICIT_1] == parts
    for listed, longer in zip(unsigned_of(before), unsigned_of(after), strict=True):
        assert longer[: len(listed)] == listed
