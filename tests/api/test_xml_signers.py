"""The signer of an XML signature, for each place of the certificate: saved, found, verified.

KeyInfo may hold several certificates in any order, or name one as WS-Security does.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from lxml import etree

from tests import pki
from tests.api import people
from tests.api.asking import content_of, documents, refuse, rows, save
from tests.api.people import CHIEF_IIN, IIN, chief, ivan
from tests.api.test_signers import claimed, versions
from tests.conftest import AppMaker
from tests.pki import Holder, xml_signer
from tests.soap_messages import (
    THUMBPRINT,
    by_key_identifier,
    by_reference,
    certificates,
    message,
    token,
    with_key_info,
)

DOC = {"document": "doc", "thread": "main"}


def letter(*who: Holder, listed: tuple[Holder, ...] = ()) -> str:
    """Sign a letter; in each KeyInfo stand others before the signer."""
    root = etree.fromstring("<letter><to>1</to></letter>")
    for holder in who:
        with_key_info(xml_signer.sign(root, holder), certificates(*listed, holder))
    return xml_signer.text(root)


def soap(*signed: str) -> str:
    key_info = by_key_identifier(value=ivan().certificate)
    return xml_signer.text(message(key_info, who=ivan(), signed=signed))


WAYS: dict[str, Callable[[], str]] = {
    "the authority first": lambda: letter(ivan(), listed=(pki.authority(),)),
    "somebody else first": lambda: letter(ivan(), listed=(chief(), pki.authority())),
    "a message with a key identifier": lambda: soap("body", "stamp"),
    "a message with a token": lambda: xml_signer.text(
        message(by_reference(), token(ivan().certificate), who=ivan())
    ),
}


@pytest.fixture(name="client")
def client_of_both(make_app: AppMaker, trust_folder: Path) -> FlaskClient:
    """Provide a client of a server that trusts the authority, on each kind of database."""
    people.publish(trust_folder)
    return make_app(TRUST_DIR=str(trust_folder)).test_client()


def verify(client: FlaskClient) -> dict[str, Any]:
    found: dict[str, Any] = content_of(client.get("/signature/verify", json=DOC))["verification"]
    return found


@pytest.mark.parametrize("way", WAYS)
def test_the_signer_is_kept_found_and_verified(client: FlaskClient, way: str) -> None:
    save(client, cms=WAYS[way]())
    [signer] = rows(client, "with=signers")[0]["signers"]
    assert (signer["claimed"]["iin"], signer["claimed"]["name"]) == (IIN, "ИВАНОВ ИВАН")
    assert documents(client, f"iin={IIN}") == documents(client, "signer=иванов") == ["doc"]
    assert documents(client, f"iin={CHIEF_IIN}") == []
    found = verify(client)
    assert {name: found[name]["answer"] for name in ("intact", "valid", "trusted")} == {
        "intact": "yes",
        "valid": "yes",
        "trusted": "yes",
    }
    assert found["signers"][0]["verified"]["iin"] == IIN


def test_the_covered_parts_of_a_message_are_reported(client: FlaskClient) -> None:
    save(client, cms=soap("stamp"))
    [signer] = verify(client)["signers"]
    assert (signer["intact"]["answer"], signer["valid"]["answer"]) == ("unknown", "yes")
    assert signer["intact"]["reasons"] == [
        "of the SOAP message the signature covers only: Timestamp",
        "of the SOAP message the signature does not cover: Body",
    ]


def test_versions_distinguish_signers_with_the_same_certificates(
    client: FlaskClient,
) -> None:
    listed = (pki.authority(), chief(), ivan())
    save(client, cms=letter(ivan(), listed=listed))
    save(client, version=1, cms=letter(ivan(), chief(), listed=listed))
    name = claimed(rows(client, "with=signers")[0]["signers"])[1]
    latest = versions(client, "diff=1")[0]["diff"]
    assert {kind: claimed(signers) for kind, signers in latest.items()} == {
        "added": [name],
        "kept": ["ИВАНОВ ИВАН"],
        "lost": [],
    }


def test_a_message_whose_certificate_is_elsewhere_is_refused(client: FlaskClient) -> None:
    root = message(by_key_identifier(THUMBPRINT, b"elsewhere"), who=ivan())
    assert refuse(client, cms=xml_signer.text(root)) == (
        "cms: signature 1: X509Certificate is missing"
    )
