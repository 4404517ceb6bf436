"""CMS_VALIDATION=signature and =trusted: what is kept has been verified."""

import base64
import hashlib
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from flask.testing import FlaskClient
from sqlalchemy import Engine, select

from app.cms.claims import describe
from app.cms.parsing import parse
from app.store.models import Signer
from tests import der, pki
from tests.api import people
from tests.api.asking import NEITHER, documents, exists, refuse, rows, save
from tests.api.people import chief, ivan
from tests.conftest import AppMaker
from tests.gost_signer import GOST_2015_256
from tests.pki import SIGNING_TIME, profile
from tests.store.signings import IVANOV, PETROVA, signed_by

CONTENT = base64.b64encode(b"content").decode()


@pytest.fixture(name="verifying")
def verifying_client(make_app: AppMaker, tmp_path: Path) -> FlaskClient:
    """Provide a client of a server that verifies, without a trust anchor."""
    return make_app(CMS_VALIDATION="signature", TRUST_DIR=str(tmp_path / "none")).test_client()


@pytest.fixture(name="trusting")
def trusting_client(make_app: AppMaker, tmp_path: Path) -> FlaskClient:
    """Provide a client of a server that verifies, and trusts the builder's authority."""
    certificate = x509.load_der_x509_certificate(profile.authority().certificate)
    (tmp_path / "authority.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    return make_app(CMS_VALIDATION="trusted", TRUST_DIR=str(tmp_path)).test_client()


def flipped(cms: str) -> str:
    """Change the last byte, which belongs to the last signer's signature value."""
    der = bytearray(base64.b64decode(cms))
    der[-1] ^= 1
    return base64.b64encode(bytes(der)).decode()


def test_a_good_signature_is_kept(verifying: FlaskClient) -> None:
    save(verifying, cms=signed_by(IVANOV, PETROVA))
    save(verifying, document="xml", cms=pki.sign_xml())


def test_a_signature_that_does_not_verify_is_refused(verifying: FlaskClient) -> None:
    message = refuse(verifying, cms=flipped(signed_by(IVANOV)))
    assert message.startswith("cms: signer 1: ")
    assert not exists(verifying)


def test_altered_content_is_refused(verifying: FlaskClient) -> None:
    cms = base64.b64decode(signed_by(IVANOV)).replace(b"content", b"CONTENT", 1)
    assert refuse(verifying, cms=base64.b64encode(cms).decode()).startswith("cms: signer 1: ")


def test_a_detached_signature_is_verified_against_the_content_that_is_sent(
    verifying: FlaskClient,
) -> None:
    cms = signed_by(IVANOV, attached=False)
    save(verifying, cms=cms, data=CONTENT)
    other = base64.b64encode(b"other").decode()
    assert refuse(verifying, document="other", cms=cms, data=other) == (
        '"data" parameter: signer 1: the content is not what was signed: its digest (SHA-256) is '
        "another"
    )
    assert not exists(verifying, "other")
    assert refuse(verifying, document="other", cms=cms, data="no base64!") == (NEITHER)


def test_a_file_whose_detached_signature_was_verified_is_found_by_its_digest(
    verifying: FlaskClient,
) -> None:
    gost = pki.gost_key("gost", GOST_2015_256)
    der = pki.signed_data(
        [pki.signer_info(pki.person("ГОСТ", gost), b"content")],
        [pki.person("ГОСТ", gost)],
        None,
    )
    cms = base64.b64encode(der).decode()
    digest = hashlib.sha256(b"content").hexdigest()
    save(verifying, document="alone", cms=cms)
    assert documents(verifying, f"sha256={digest}") == []
    save(verifying, document="with content", cms=cms, data=CONTENT)
    assert documents(verifying, f"sha256={digest}") == ["with content"]


def test_a_detached_signature_without_content_is_kept_or_refused_as_the_setting_says(
    verifying: FlaskClient, make_app: AppMaker
) -> None:
    cms = signed_by(IVANOV, attached=False)
    save(verifying, cms=cms)
    assert refuse(verifying, document="bad", cms=flipped(cms)).startswith("cms: signer 1: ")
    strict = make_app(CMS_VALIDATION="signature", CMS_DETACHED="refuse").test_client()
    assert refuse(strict, document="strict", cms=cms).startswith("cms: signer 1: ")
    save(strict, document="strict", cms=cms, data=CONTENT)


def test_a_signature_must_reach_an_anchor_where_that_is_demanded(
    trusting: FlaskClient, verifying: FlaskClient
) -> None:
    save(trusting, cms=signed_by(IVANOV))
    stranger = profile.person(*IVANOV[:2], by="ЧУЖОЙ УЦ")
    cms = base64.b64encode(pki.sign_cms(b"content", [stranger])).decode()
    save(verifying, document="stranger", cms=cms)
    message = refuse(trusting, document="refused", cms=cms)
    assert message.startswith("cms: signer 1: ")
    assert not exists(trusting, "refused")


def test_the_reason_is_reported_in_the_clients_language(verifying: FlaskClient) -> None:
    body: dict[str, Any] = {
        "document": "doc",
        "thread": "main",
        "cms": flipped(signed_by(IVANOV)),
    }
    reported = {
        locale: verifying.post("/signature", json=body, headers={"api-locale": locale}).get_json()[
            "message"
        ]
        for locale in ("en", "ru", "kk")
    }
    assert len(set(reported.values())) == 3


def moments_of(engine: Engine) -> list[datetime | None]:
    """Return the moments of verified timestamps of all signers that are kept."""
    statement = select(Signer.verified_gen_time).order_by(Signer.signature_id, Signer.number)
    with engine.connect() as connection:
        return list(connection.execute(statement).scalars())


@pytest.mark.parametrize("level", ["signature", "trusted"])
def test_when_a_signature_was_stamped_is_kept_once_it_was_verified(
    make_app: AppMaker, engine: Engine, trust_folder: Path, level: str
) -> None:
    client = make_app(CMS_VALIDATION=level, TRUST_DIR=str(trust_folder)).test_client()
    save(client, cms=people.cms(ivan(), chief(), stamped=True))
    assert moments_of(engine) == [SIGNING_TIME, SIGNING_TIME]
    save(client, document="plain", cms=people.cms(ivan()))
    assert moments_of(engine) == [SIGNING_TIME, SIGNING_TIME, None]


def test_a_timestamp_that_no_one_verified_is_no_verified_one(
    client: FlaskClient, verifying: FlaskClient, engine: Engine
) -> None:
    cms = people.cms(ivan(), stamped=True)
    save(client, document="structure", cms=cms)
    save(verifying, document="nobody is trusted", cms=cms)
    assert moments_of(engine) == [None, None]


@pytest.mark.attacks
def test_a_timestamp_whose_anchor_is_gone_is_no_verified_one_any_more(
    make_app: AppMaker, engine: Engine, tmp_path: Path
) -> None:
    root = pki.root("TSA ROOT", pki.rsa_key("tsa root"))
    authority = pki.certify(pki.name("TSA"), pki.rsa_key("tsa"), root, pki.STAMPER)
    value = pki.signature_of(pki.signer_info(ivan()))
    token = pki.timestamp(value, SIGNING_TIME, by=authority)
    unsigned = [der.attribute(pki.TIMESTAMP, token)]
    info = pki.signer_info(ivan(), unsigned=unsigned, signature=value)
    cms = base64.b64encode(pki.signed_data([info], [ivan(), pki.authority()])).decode()
    folder = people.trust(tmp_path / "both", pki.authority(), root)
    app = make_app(TRUST_DIR=str(folder))
    save(app.test_client(), cms=cms)
    assert moments_of(engine) == [SIGNING_TIME]
    people.trust(tmp_path / "one", pki.authority())
    without = make_app(TRUST_DIR=str(tmp_path / "one"))
    assert list(without.extensions["examiner"].examine()) == [1]
    assert moments_of(engine) == [None]
    list(app.extensions["examiner"].examine())
    assert moments_of(engine) == [SIGNING_TIME]


def test_the_digest_and_the_size_of_a_timestamp_are_kept(client: FlaskClient) -> None:
    cms = people.cms(ivan(), stamped=True)
    save(client, cms=cms)
    [row] = rows(client, "with=signers")
    timestamp = row["signers"][0]["claimed"]["timestamp"]
    [signer] = describe(parse(cms))
    assert signer.timestamp
    token = signer.timestamp.token
    assert timestamp["sha256"] == hashlib.sha256(token).hexdigest()
    assert timestamp["size"] == len(token)
    assert base64.b64decode(cms).count(token) == 1
