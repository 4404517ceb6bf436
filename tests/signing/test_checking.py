"""Which signatures are refused, and what is said of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.signing.refusals import Refusal
from app.signing.terms import SigningTerms
from tests import der, pki
from tests.api import people
from tests.api.people import chief, ivan
from tests.pki import CONTENT, Holder, Revoked
from tests.signing.desk import CHIEF, IVAN, Desk, signed

AUTH_ONLY = pki.certify(
    ivan().subject,
    pki.rsa_key("authentication"),
    pki.authority(),
    [pki.key_usage("digitalSignature"), pki.extended_key_usage(people.AUTH)],
)
HOUR = timedelta(hours=1)


def stamped(who: Holder, moment: datetime | None = None) -> str:
    info = pki.signer_info(who)
    value = pki.signature_of(info)
    token = pki.timestamp(value, moment or datetime.now(UTC) - HOUR)
    attribute = der.attribute(pki.TIMESTAMP, token)
    info = pki.signer_info(who, unsigned=[attribute], signature=value)
    certificates = [who, pki.authority(), pki.stamper()]
    return pki.pem(pki.signed_data([info], certificates, None))


@pytest.fixture(name="desk")
def desk_without_postgresql(desk_on_file: Desk) -> Desk:
    return desk_on_file


def refuse(desk: Desk, text: str, content: bytes | None = CONTENT, signer: int = 1) -> Refusal:
    with pytest.raises(Refusal) as caught:
        desk.sign(desk.token(desk.put(), signer), text, content)
    return caught.value


def test_text_that_is_no_cms_is_unreadable(desk: Desk) -> None:
    assert refuse(desk, "hello").kind == "unreadable"
    assert refuse(desk, pki.sign_xml()).kind == "xml"


def test_another_document_is_refused_however_it_comes(desk: Desk) -> None:
    other = b"another contract"
    assert refuse(desk, signed(ivan(), content=other)).kind == "document_differs"
    assert refuse(desk, signed(ivan(), content=other), other).kind == "other_file"
    assert refuse(desk, signed(ivan()), other).kind == "other_file"
    assert refuse(desk, signed(ivan(), content=other), None).kind == "document_differs"
    attached = signed(ivan(), content=other, attached=True)
    assert refuse(desk, attached, None).kind == "document_differs"


def test_without_the_document_nothing_is_known_of_it(desk: Desk) -> None:
    token = desk.token(desk.put(sha256=None))
    with pytest.raises(Refusal, match="document_needed"):
        desk.sign(token, signed(ivan()), None)
    desk.sign(token, signed(ivan()), CONTENT)


@pytest.mark.parametrize(
    ("who", "signer", "kind"),
    [
        (chief(), 1, "person"),
        (ivan(), 2, "person"),
        (AUTH_ONLY, 1, "authentication_key"),
        (people.expired(), 1, "expired"),
        (people.impostor(), 1, "untrusted"),
    ],
)
def test_the_certificate_must_be_the_persons_for_signing_and_in_force(
    desk: Desk, who: Holder, signer: int, kind: str
) -> None:
    assert refuse(desk, signed(who), signer=signer).kind == kind


def test_a_role_that_is_asked_for_must_be_in_the_certificate(desk: Desk) -> None:
    desk.sign(desk.token(desk.put(IVAN, CHIEF), 2), signed(chief()))
    token = desk.token(desk.put({**CHIEF, "role": "HR"}, documents=("other",)))
    with pytest.raises(Refusal, match="person"):
        desk.sign(token, signed(chief()))


def test_a_signature_value_of_something_else_is_invalid(desk: Desk) -> None:
    info = pki.signer_info(ivan(), sign=b"another")
    forged = pki.pem(pki.signed_data([info], [ivan(), pki.authority()], None))
    assert refuse(desk, forged).kind == "invalid"


def test_a_revoked_certificate_is_refused(desk: Desk) -> None:
    people.publish(desk.folder, Revoked(ivan().serial, pki.SIGNING_TIME))
    refusal = refuse(desk, signed(ivan()))
    assert refusal.kind == "revoked"
    assert refusal.reason


def test_known_revocation_is_not_marked(desk: Desk) -> None:
    people.publish(desk.folder)
    crl = pki.crl(pki.root(), this_update=pki.NOT_BEFORE, next_update=people.FUTURE)
    (desk.folder / "root.crl").write_bytes(crl)
    assert not desk.sign(desk.token(desk.put()), signed(ivan())).marks.revocation


def test_a_timestamp_is_demanded_only_if_the_settings_say_so(desk: Desk) -> None:
    desk.terms = SigningTerms(timestamp="require")
    assert refuse(desk, signed(ivan())).kind == "no_timestamp"
    saved = desk.sign(desk.token(desk.put()), stamped(ivan()))
    assert not saved.marks.without_timestamp


def test_an_expired_certificate_may_sign_if_a_timestamp_is_from_before(desk: Desk) -> None:
    before = people.ENDED - timedelta(days=30)
    desk.sign(desk.token(desk.put()), stamped(people.expired(), before))


def test_without_an_anchor_only_claims_can_be_accepted(desk: Desk) -> None:
    for file in desk.folder.iterdir():
        file.unlink()
    assert refuse(desk, signed(ivan())).kind == "no_anchor"
    desk.terms = SigningTerms(accepts_claims=True)
    desk.sign(desk.token(desk.put()), signed(ivan()))
