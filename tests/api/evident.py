"""How the tests of evidence in the API sign, save, work on the queue, and ask."""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests import der, pki
from tests.api.asking import content_of
from tests.conftest import AppMaker
from tests.evidence.services import Services, now
from tests.pki import Holder

CONTENT = b"a document"
NAMED = {"document": "doc", "thread": "main"}


@pytest.fixture(name="app")
def app_with_evidence(make_app: AppMaker, services: Services, tmp_path: Path) -> Flask:
    """Provide an application that obtains evidence from the services."""
    return make_app(**services.settings(tmp_path))


@pytest.fixture(name="client")
def client_with_evidence(app: Flask) -> FlaskClient:
    """Provide a client of it."""
    return app.test_client()


def sign(
    services: Services,
    *signers: Holder,
    attached: bool = True,
    is_named: bool = True,
    is_stamped: bool = False,
    is_broken: bool = False,
) -> bytes:
    """Sign as each of `signers`, the services' person by default.

    The signed attributes name the certificate, and there is a timestamp, if wanted.
    """
    infos = [
        sign_info(services, who, is_named=is_named, is_stamped=is_stamped, is_broken=is_broken)
        for who in signers or (services.person,)
    ]
    certificates = [*(signers or (services.person,)), services.authority]
    content = CONTENT if attached else None
    return pki.signed_data(infos, certificates, content, digests=[pki.SHA256])


def sign_info(
    services: Services,
    who: Holder,
    *,
    is_named: bool = True,
    is_stamped: bool = False,
    is_broken: bool = False,
    moment: datetime = pki.SIGNING_TIME,
) -> bytes:
    """Sign as one of the signers of `sign`."""
    signed = pki.attributes(CONTENT, moment=moment)
    if is_named:
        signed = sorted([*signed, pki.signing_certificate(who.certificate)])
    value = who.key.sign(der.tlv(0x31, b"".join(signed)))
    token = pki.timestamp(value, now(), by=services.tsa)
    unsigned = [der.attribute(pki.TIMESTAMP, token)] if is_stamped else []
    given = b"\0" * len(value) if is_broken else value
    return pki.signer_info(who, signed=signed, unsigned=unsigned, signature=given)


def text(cms: bytes) -> str:
    return b64encode(cms).decode()


def work(app: Flask, *arguments: str) -> str:
    """Run a command about evidence: one turn of the worker by default."""
    wanted = arguments or ("work", "--once")
    result = app.test_cli_runner().invoke(args=["evidence", *wanted])
    assert result.exit_code == 0, result.output
    return result.output


def evidence_of(client: FlaskClient, **more: Any) -> dict[str, Any]:
    """Return what there is of evidence."""
    answer = client.get("/signature/evidence", query_string={**NAMED, **more})
    found: dict[str, Any] = content_of(answer)["evidence"]
    return found


def answers(levels: dict[str, Any]) -> dict[str, str]:
    """Return the verified answer of each level."""
    return {name: one["verified"]["answer"] for name, one in levels.items()}


def claims(levels: dict[str, Any]) -> str:
    """Return the names of the claimed levels."""
    return " ".join(name for name, one in levels.items() if one["claimed"])
