"""The names in a package that was not registered, and each person occurs once."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests import pki
from tests.api import people
from tests.api.asking import save
from tests.api.iinked.asking import IVAN, package, refuse, revisions, status
from tests.api.people import ivan
from tests.conftest import AppMaker


@pytest.fixture(name="client")
def client_with_an_anchor(start_app: AppMaker, database_url: str, tmp_path: Path) -> FlaskClient:
    """Provide a client of a server that trusts the authority of `tests.pki`."""
    folder = people.trust(tmp_path / "trust", pki.authority())
    return start_app(DATABASE_URL=database_url, TRUST_DIR=str(folder)).test_client()


def namesake() -> pki.Holder:
    """Return one whose own certificate claims the individual's number, and another name."""
    subject = pki.distinguished_name(
        ("2.5.4.3", "PETROV PETR"), ("2.5.4.4", "PETROV"), ("2.5.4.5", f"IIN{people.IIN}")
    )
    extensions = people._extensions((people.SIGN, people.INDIVIDUAL), "petr@example.org")
    key = pki.rsa_key("namesake")
    return pki.certify(subject, key, people.impostor_authority(), extensions)


@pytest.mark.attacks
@pytest.mark.parametrize("is_last", [True, False])
def test_a_name_is_that_of_a_signature_that_counts(client: FlaskClient, is_last: bool) -> None:
    texts = [people.cms(ivan()), people.cms(namesake())]
    for number, cms in enumerate(texts if is_last else reversed(texts)):
        save(client, document=f"{number}", thread="deal", cms=cms)
    answer = status(client, "deal")
    assert [(one["lastName"], one["email"]) for one in answer["signers"]] == [
        ("ИВАНОВ", "ivan@example.kz")
    ]
    signed = [[is_last], [not is_last]]
    assert revisions(answer, "isSigned") == signed


@pytest.mark.attacks
def test_so_it_is_where_both_are_in_one_signature(client: FlaskClient) -> None:
    both = people.text(pki.sign(ivan(), namesake()))
    save(client, document="both", thread="deal", cms=both)
    [signer] = status(client, "deal")["signers"]
    assert (signer["lastName"], signer["email"]) == ("ИВАНОВ", "ivan@example.kz")


def test_no_one_is_asked_twice(sqlite_app: Flask) -> None:
    twice = [IVAN, {**IVAN, "firstName": "Another"}]
    code, message = refuse(sqlite_app.test_client(), "add", **package(signers=twice))
    assert (code, message) == (
        "invalid_request",
        '"signers[1]" parameter is already in the list',
    )
