"""Real signatures of the NCA's test persons, described as NCANode describes them."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.api.ncanode3.asking import ask, base64, the_certificate
from tests.cms.conftest import VECTORS
from tests.cms.test_vectors import read
from tests.conftest import AppMaker


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


def test_gost_with_a_timestamp(client: FlaskClient, vectors: Path) -> None:
    cms = read(vectors / "cms/gost2015_individual_attached_timestamp.b64")
    answer = ask(client, "/cms/verify", cms=cms)
    certificate = the_certificate(answer)
    assert (answer["valid"], answer["message"]) == (True, "OK")
    assert certificate["signAlg"] == "ECGOST3410-2015-512"
    assert certificate["subject"]["dn"] == (
        "GIVENNAME=ТЕСТОВИЧ, C=KZ, SERIALNUMBER=IIN123456789011, SURNAME=ТЕСТОВ, CN=ТЕСТОВ ТЕСТ"
    )
    tsp = answer["signers"][0]["tsp"]
    # There is no name for the digests of 2015.
    assert (tsp["tspHashAlgorithm"], len(tsp["hash"])) == (None, 128)
    assert tsp["genTime"] == "2026-07-20T09:08:07.000+00:00"


@pytest.mark.parametrize(
    ("name", "described"),
    [
        ("ceo_gost2004", ("ECGOST34310", "SIGN", ["ORGANIZATION", "CEO"])),
        ("individual_rsa", ("SHA256withRSA", "SIGN", ["INDIVIDUAL"])),
        ("individual_rsa_auth", ("SHA256withRSA", "AUTH", ["INDIVIDUAL"])),
    ],
)
def test_certificates(
    client: FlaskClient, vectors: Path, name: str, described: tuple[str, str, list[str]]
) -> None:
    certificate = base64((vectors / f"certificates/{name}.cer").read_bytes())
    answer = ask(client, "/x509/info", certs=[certificate])
    one = the_certificate(answer)
    assert (answer["valid"], "was valid only until" in answer["message"]) == (False, True)
    assert (one["signAlg"], one["keyUsage"], one["keyUser"]) == described


def test_two_signatures_of_a_document(client: FlaskClient, vectors: Path) -> None:
    document = (vectors / "xml/two_signers_rsa_then_gost2015.xml").read_text(encoding="utf-8")
    signers = ask(client, "/xml/verify", xml=document)["signers"]
    assert [one["subject"]["commonName"] for one in signers] == ["ТЕСТТОВ ТЕСТТ", "ТЕСТОВ ТЕСТ"]
