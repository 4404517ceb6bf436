"""A SignerIdentifier has two forms (RFC 5652 section 5.3); any other is refused on every path."""

from __future__ import annotations

from base64 import b64encode

import pytest

from app.cms.asn1.node import read_node
from app.cms.claims import describe
from app.cms.errors import MalformedSignature
from app.cms.parsing import parse
from app.cms.verdict import Answer
from app.cms.verification.verifier import Verifier
from tests import der, pki
from tests.cms.judging import AT, IVAN, NCA, ROOT, read
from tests.pki import Holder

MALFORMED = "SignerInfo is malformed"


def written_as(info: bytes, identifier: bytes) -> bytes:
    """Write another SignerIdentifier into a SignerInfo."""
    version, _, *rest = [field.encoded for field in read_node(info).children()]
    return der.sequence(version, identifier, *rest)


def forms(holder: Holder) -> dict[str, bytes]:
    """Write the key identifier of a certificate as no tool does."""
    identifier = holder.key.identifier
    return {
        "constructed [0], with an OCTET STRING": der.explicit(0, der.octets(identifier)),
        "constructed [0], with two": der.explicit(
            0, der.octets(identifier[:9]), der.octets(identifier[9:])
        ),
        "constructed [0], empty": der.explicit(0),
        "[1]": der.implicit(1, identifier),
        "OCTET STRING": der.octets(identifier),
        "SET": der.tlv(0x31, der.octets(identifier)),
    }


FORMS = forms(IVAN)


def test_the_key_identifier_in_a_primitive_form_is_taken() -> None:
    info = written_as(pki.signer_info(IVAN), der.implicit(0, IVAN.key.identifier))
    signature = pki.read(pki.signed_data([info], [IVAN]))
    [status] = Verifier(read(ROOT), intermediates=read(NCA)).verify(signature, at=AT)
    assert (status.intact.answer, status.valid.answer) == (Answer.YES, Answer.YES)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("place", [0, 1])
def test_a_signer_who_is_named_otherwise_is_refused(form: str, place: int) -> None:
    good = pki.signer_info(IVAN)
    infos = [good, written_as(good, FORMS[form])]
    encoded = pki.signed_data(infos[::-1] if place == 0 else infos, [IVAN])
    with pytest.raises(MalformedSignature, match=MALFORMED):
        parse(b64encode(encoded).decode())


@pytest.mark.parametrize("form", forms(pki.stamper()))
def test_a_timestamp_whose_signer_is_named_otherwise_attests_nothing(form: str) -> None:
    info = pki.signer_info(IVAN)
    value = pki.signature_of(info)
    token = read_node(pki.timestamp(value))
    stamper = pki.stamper()
    signed_data = token.children()[1].only().children()
    inner = signed_data[-1].only().encoded
    changed = written_as(inner, forms(stamper)[form])
    kept = [field.encoded for field in signed_data[:-1]]
    made = der.sequence(
        der.oid(pki.SIGNED_DATA), der.explicit(0, der.sequence(*kept, der.set_of(changed)))
    )
    unsigned = [der.attribute(pki.TIMESTAMP, made)]
    stamped = pki.signer_info(IVAN, unsigned=unsigned, signature=value)
    signature = pki.read(pki.signed_data([stamped], [IVAN, NCA]))
    [claimed] = describe(signature)
    assert claimed.timestamp is not None
    [status] = Verifier(read(ROOT)).verify(signature, at=AT)
    assert status.timestamp is not None
    assert status.timestamp.verdict.answer is not Answer.YES
    assert str(status.timestamp.verdict.reasons[0]) == "the timestamp token is malformed"
    assert status.decisive_time_source == "given"
