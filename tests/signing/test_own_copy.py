"""A signer's own signature is what this link saved, whoever else claims the same number."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from app.cms import SignedData, parse_der
from app.signing.own_copy import find_own_copy
from app.store.database.engine import transaction
from app.store.models import PackageSigning
from app.store.packages.writing import delete_package
from app.store.signatures.extraction import read_kept
from app.store.signatures.writing import delete_chain
from app.trust.examiner import Examiner
from tests import pki
from tests.api import people
from tests.api.people import chief, ivan
from tests.signing.desk import Desk, signed
from tests.store.threads import get, save

#: Links of one package's signers.
FIRST, SECOND = 1, 2


def impostor() -> pki.Holder:
    """Return one with another key who claims to be the individual."""
    other = pki.authority("ANOTHER")
    return pki.certify(ivan().subject, pki.rsa_key("impostor"), other, pki.PERSON)


def own(desk: Desk, token: str) -> SignedData | None:
    """Return what the holder of a link gets as the own signature."""
    found = find_own_copy(desk.engine, desk.store.trust.turns, desk.open(token), 1)
    return None if found is None else parse_der(found)


def holder_of(found: SignedData | None) -> bytes:
    """Return the certificate of the one signer."""
    assert found
    [signer] = found.signers
    return signer.certificate.der


def test_a_false_certificate_with_the_same_number_is_never_given_out(desk: Desk) -> None:
    public_id = desk.put()
    save(desk.engine, cms=signed(impostor(), chief()))
    token = desk.token(public_id)
    desk.sign(token, signed(ivan()))
    assert holder_of(own(desk, token)) == ivan().certificate


def test_it_stays_when_others_sign_and_versions_follow(desk_on_file: Desk) -> None:
    desk = desk_on_file
    public_id = desk.put()
    first, second = desk.token(public_id, FIRST), desk.token(public_id, SECOND)
    desk.sign(first, signed(ivan()))
    desk.sign(second, signed(chief()))
    cms = signed(impostor(), ivan(), chief())
    save(desk.engine, seen=2, cms=cms, signing=read_kept(cms, datetime.now(UTC)))
    list(Examiner(desk.engine, desk.store.trust).examine())
    assert desk.open(first).state == "done"
    assert holder_of(own(desk, first)) == ivan().certificate
    assert holder_of(own(desk, second)) == chief().certificate


def test_what_came_otherwise_than_by_the_link_is_not_given_out(desk_on_file: Desk) -> None:
    """Such as a signature that the office saved, or a link to another document."""
    desk = desk_on_file
    public_id = desk.put(documents=("doc", "other"))
    token = desk.token(public_id)
    save(desk.engine, cms=signed(ivan()))
    assert own(desk, token) is None
    desk.sign(token, signed(ivan()), number=2)
    assert own(desk, token) is None


@pytest.mark.parametrize("gone", ["package", "thread"])
def test_nothing_is_kept_of_what_is_deleted(desk: Desk, gone: str) -> None:
    public_id = desk.put()
    token = desk.token(public_id)
    desk.sign(token, signed(ivan()))
    with transaction(desk.engine) as connection:
        assert connection.execute(select(PackageSigning.version)).scalars().all() == [1]
        if gone == "package":
            delete_package(connection, public_id)
        else:
            delete_chain(connection, "doc", "main")
        assert connection.execute(select(PackageSigning.version)).all() == []
    if gone == "thread":
        save(desk.engine, cms=signed(impostor(), ivan()))
        assert own(desk, token) is None


def test_who_signs_anew_after_a_deletion_gets_the_new_one(desk_on_file: Desk) -> None:
    desk = desk_on_file
    token = desk.token(desk.put())
    desk.sign(token, signed(ivan()))
    save(desk.engine, seen=1, cms=signed(chief()))
    assert own(desk, token) is None
    desk.sign(token, signed(pki_ivan_again()))
    assert holder_of(own(desk, token)) == pki_ivan_again().certificate
    assert get(desk.engine).version == 3


def pki_ivan_again() -> pki.Holder:
    """Return the individual with another certificate."""
    return ivan(valid=(pki.NOT_BEFORE, people.FUTURE))
