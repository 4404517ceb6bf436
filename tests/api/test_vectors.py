"""Real signatures of the NCA's test persons are judged, where their folder is at hand."""

from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.api.asking import content_of, message_of, save
from tests.cms.conftest import VECTORS
from tests.cms.test_vectors import read
from tests.conftest import AppMaker

IIN, OTHER_IIN, BIN = "123456789011", "123456789012", "123456789021"
IN_2021, IN_2022 = "2021-08-01 00:00:00", "2022-09-01 00:00:00"
TEST123 = b64encode(b"test123").decode()


@pytest.fixture(name="vectors")
def find_vectors() -> Path:
    """Provide the folder, which is not part of this project."""
    if not VECTORS.is_dir():
        pytest.skip("the folder of real signatures is not there")
    return VECTORS


@pytest.fixture(name="client")
def client_that_trusts_the_nca(start_app: AppMaker, sqlite_url: str, vectors: Path) -> FlaskClient:
    """Provide a client of a server whose anchors are all authorities of the folder."""
    return start_app(DATABASE_URL=sqlite_url, TRUST_DIR=str(vectors / "ca")).test_client()


def validate(client: FlaskClient, **fields: Any) -> dict[str, Any]:
    """Request a signature to be validated."""
    return content_of(client.post("/cms/validate", json=fields))


def test_rsa(client: FlaskClient, vectors: Path) -> None:
    cms = read(vectors / "cms/rsa_attached.b64")
    content = validate(client, cms=cms, checked_at=IN_2021, iin=IIN, rule=["iin", "individual"])
    assert content["signer"] == {
        "iin": IIN,
        "bin": None,
        "org_name": None,
        "first_name": "ТЕСТ",
        "last_name": "ТЕСТОВ",
        "mid_name": content["signer"]["mid_name"],
        "gender": None,
        "email": content["signer"]["email"],
        "birthday": None,
    }
    assert content["signers"][0]["path"]["answer"] == "yes"
    assert "does not pass: bin" in message_of(
        client.post("/cms/validate", json={"cms": cms, "checked_at": IN_2021, "bin": BIN})
    )
    now = client.post("/cms/validate", json={"cms": cms})
    assert "was valid only until" in message_of(now)


def test_extraction(client: FlaskClient, vectors: Path) -> None:
    for name in ("rsa_attached", "two_signers_gost2015_rsa_attached"):
        response = client.get("/cms/extract", json={"cms": read(vectors / f"cms/{name}.b64")})
        assert content_of(response) == {"data": "test123"}


def test_two_signers_that_were_never_trusted_together(client: FlaskClient, vectors: Path) -> None:
    cms = read(vectors / "cms/two_signers_gost2015_rsa_detached.b64")
    for moment in (IN_2021, IN_2022):
        asked = {"cms": cms, "data": TEST123, "checked_at": moment}
        assert "was valid only" in message_of(client.post("/cms/validate", json=asked))
    wanted = {"cms": cms, "rule": ["iin", "individual"], "expiration": False}
    for iin in (IIN, OTHER_IIN):
        answer = client.post("/validate", json={**wanted, "iin": iin}).get_json()
        assert answer == {"status": True}


def test_gost_2004_of_a_legal_entity(client: FlaskClient, vectors: Path) -> None:
    cms = read(vectors / "cms/gost2004_legal_detached.b64")
    data = b64encode((vectors / "cms/gost2004_legal_detached.content.xml").read_bytes()).decode()
    asked = {"cms": cms, "data": data, "checked_at": IN_2021, "bin": BIN, "rule": "organisation"}
    signer = validate(client, **asked)["signer"]
    assert (signer["bin"], signer["org_name"]) == (BIN, 'АО "ТЕСТ"')


def test_gost_2015_as_of_its_timestamp(client: FlaskClient, vectors: Path) -> None:
    cms = read(vectors / "cms/gost2015_individual_attached_timestamp.b64")
    [signer] = validate(client, cms=cms, checked_at="2030-01-01", iin=IIN)["signers"]
    assert signer["decisive_time"] == "2026-07-20T09:08:07Z"
    save(client, cms=cms)
    response = client.get("/signature/verify", json={"document": "doc", "thread": "main"})
    verification = content_of(response)["verification"]
    assert [verification[name]["answer"] for name in ("intact", "valid")] == ["yes", "yes"]
    assert verification["signers"][0]["timestamp"]["answer"] == "yes"
    # Nothing says whether its certificate was revoked.
    assert verification["signers"][0]["verified"] is None


def test_xml(client: FlaskClient, vectors: Path) -> None:
    for name in ("rsa_enveloped", "two_signers_rsa_then_gost2015"):
        xml = (vectors / "xml" / f"{name}.xml").read_text(encoding="utf-8")
        asked = {"xml": xml, "rule": ["iin", "sign"], "iin": IIN, "expiration": False}
        assert client.post("/validate", json=asked).get_json() == {"status": True}


@pytest.mark.parametrize(
    ("name", "rules", "passes"),
    [
        ("ceo_gost2004", ["ceo", "organisation"], True),
        ("individual_rsa", ["individual", "sign"], True),
        ("individual_rsa_auth", ["individual", "auth"], True),
        ("individual_rsa_auth", "sign", False),
        ("individual_rsa", "ceo", False),
    ],
)
def test_bare_certificates(
    client: FlaskClient, vectors: Path, name: str, rules: Any, passes: bool
) -> None:
    data = (vectors / "certificates" / f"{name}.cer").read_bytes()
    text = data.decode() if data.startswith(b"-") else b64encode(data).decode()
    asked = {"cms": text, "rule": rules, "expiration": False}
    assert client.post("/validate", json=asked).get_json() == {"status": passes}
    expired = client.post("/validate", json={**asked, "expiration": True})
    assert message_of(expired) == "Certificate is expired"


def test_a_signature_without_signers_is_refused(client: FlaskClient, vectors: Path) -> None:
    cms = read(vectors / "cms/bad_zero_signers.b64")
    for address in ("/cms/validate", "/cms/extract", "/validate"):
        response = client.post(address, json={"cms": cms, "rule": "sign"})
        assert message_of(response) == "cms: SignedData has no signer"
