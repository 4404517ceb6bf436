"""GET /signature/verify: what is true of a stored signature."""

from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests import pki
from tests.api import people
from tests.api.asking import NEITHER, content_of, message_of, save
from tests.api.people import BIN, CHIEF_IIN, COMPANY, IIN, chief, cms, ivan
from tests.api.test_times import set_moment
from tests.conftest import AppMaker, EngineMaker
from tests.pki import CONTENT, SIGNING_TIME, Revoked, profile

DOC = {"document": "doc", "thread": "main"}
ANSWERS = ("intact", "valid", "path", "revocation", "trusted")


@pytest.fixture(name="client")
def client_of_both(make_app: AppMaker, trust_folder: Path) -> FlaskClient:
    """Provide a client of a server that trusts the authority, on each kind of database."""
    return make_app(TRUST_DIR=str(trust_folder)).test_client()


def verify(client: FlaskClient, **fields: Any) -> dict[str, Any]:
    """Ask, and return what was found out."""
    content = content_of(client.get("/signature/verify", json={**DOC, **fields}))
    assert list(content) == ["verification"]
    found: dict[str, Any] = content["verification"]
    return found


def answers(written: dict[str, Any]) -> dict[str, str]:
    """Return the answers that are in it."""
    return {name: written[name]["answer"] for name in ANSWERS if name in written}


def test_the_answers_for_each_signer(client: FlaskClient, trust_folder: Path) -> None:
    people.publish(trust_folder)
    saved = save(client, cms=cms(ivan(), chief()))
    found = verify(client)
    assert list(found) == [
        "version",
        "saved_at",
        "compared",
        "intact",
        "valid",
        "trusted",
        "signers",
    ]
    assert found["version"] == 1
    assert found["saved_at"] == saved["version_created_at"].replace(" ", "T") + "Z"
    assert answers(found) == dict.fromkeys(("intact", "valid", "trusted"), "yes")
    first, second = found["signers"]
    for signer in (first, second):
        assert answers(signer) == dict.fromkeys(ANSWERS, "yes")
        assert signer["decisive_time"] == found["saved_at"]
        assert signer["decisive_time_source"] == "saved"
        assert signer["timestamp"] is None
    assert [signer["number"] for signer in found["signers"]] == [1, 2]
    assert first["verified"]["iin"] == first["claimed"]["iin"] == IIN
    assert second["verified"] == {
        "iin": CHIEF_IIN,
        "bin": BIN,
        "name": "ПЕТРОВА АННА",
        "organisation": COMPANY,
    }
    assert first["certificate"]["issuer"] == "NCA"


def test_without_anchors_nothing_is_verified(unanchored: FlaskClient) -> None:
    save(unanchored, cms=cms(ivan()))
    [signer] = verify(unanchored)["signers"]
    assert answers(signer) == {
        "intact": "yes",
        "valid": "yes",
        "path": "unknown",
        "revocation": "unknown",
        "trusted": "unknown",
    }
    assert signer["verified"] is None
    assert signer["claimed"]["iin"] == IIN
    assert signer["trusted"]["reasons"]


def test_the_parameters_may_be_in_the_query_string(client: FlaskClient) -> None:
    save(client, cms=cms(ivan()))
    response = client.get("/signature/verify", query_string={**DOC, "version": "1"})
    assert content_of(response)["verification"]["version"] == 1
    message = message_of(client.get("/signature/verify", query_string={"document": "doc"}))
    assert message == '"Thread" and "document" parameters must be set'


def test_each_version_is_verified_on_its_own(client: FlaskClient) -> None:
    save(client, cms=people.forged_cms(ivan()))
    save(client, cms=cms(ivan()), version=1)
    assert verify(client)["version"] == 2
    assert answers(verify(client))["valid"] == "yes"
    [signer] = verify(client, version=1)["signers"]
    assert (signer["valid"]["answer"], signer["verified"]) == ("no", None)
    for missing in ({"version": 3}, {"document": "other"}):
        response = client.get("/signature/verify", json={**DOC, **missing})
        assert message_of(response, 404) == "Signature was not found"


def test_a_detached_signature_is_intact_or_not_as_its_content_says(client: FlaskClient) -> None:
    save(client, cms=cms(ivan(), attached=False))
    for data, answer in ((CONTENT, "yes"), (b"another", "no"), (None, "unknown")):
        fields = {} if data is None else {"data": b64encode(data).decode()}
        [signer] = verify(client, **fields)["signers"]
        assert (signer["intact"]["answer"], signer["valid"]["answer"]) == (answer, "yes")
        assert bool(signer["intact"]["reasons"]) is (answer != "yes")
        assert signer["verified"] is None
    response = client.get("/signature/verify", json={**DOC, "data": "!"})
    assert message_of(response) == NEITHER


def test_the_time_of_saving_is_decisive_and_not_the_present(
    make_app: AppMaker, trust_folder: Path, database_url: str, open_engine: EngineMaker
) -> None:
    people.publish(trust_folder)
    client = make_app(TRUST_DIR=str(trust_folder)).test_client()
    save(client, cms=cms(people.expired()))
    assert answers(verify(client))["trusted"] == "unknown"
    set_moment(open_engine(database_url), datetime(2025, 12, 1, 10, tzinfo=UTC))
    [signer] = verify(client)["signers"]
    assert answers(signer) == dict.fromkeys(ANSWERS, "yes")
    assert signer["decisive_time"] == "2025-12-01T10:00:00Z"
    assert signer["verified"]["iin"] == IIN


def test_a_timestamp_that_holds_is_decisive(client: FlaskClient, trust_folder: Path) -> None:
    people.publish(trust_folder, Revoked(ivan().serial, SIGNING_TIME.replace(year=2026)))
    save(client, cms=cms(ivan(), stamped=True))
    [signer] = verify(client)["signers"]
    assert answers(signer) == dict.fromkeys(ANSWERS, "yes")
    assert signer["decisive_time_source"] == "timestamp"
    assert signer["decisive_time"] == signer["timestamp"]["claimed"]["time"]
    assert signer["timestamp"]["answer"] == "yes"


def test_a_timestamp_of_a_stranger_is_not(unanchored: FlaskClient) -> None:
    save(unanchored, cms=cms(ivan(), stamped=True))
    [signer] = verify(unanchored)["signers"]
    assert signer["decisive_time_source"] == "saved"
    assert signer["timestamp"]["answer"] == "unknown"
    assert signer["timestamp"]["reasons"]


def test_a_revoked_certificate_is_not_trusted(client: FlaskClient, trust_folder: Path) -> None:
    people.publish(trust_folder, Revoked(ivan().serial, SIGNING_TIME))
    save(client, cms=cms(ivan()))
    [signer] = verify(client)["signers"]
    assert (signer["path"]["answer"], signer["trusted"]["answer"]) == ("yes", "no")
    assert signer["trusted"]["reasons"] == signer["revocation"]["reasons"]
    assert signer["verified"] is None


def test_an_xml_signature_is_verified_too(client: FlaskClient, trust_folder: Path) -> None:
    (trust_folder / "profile.cer").write_bytes(profile.authority().certificate)
    save(client, cms=pki.sign_xml(signers=[profile.person(), profile.person("ДВА ДВА")]))
    first, second = verify(client)["signers"]
    assert [first["intact"]["answer"], second["valid"]["answer"]] == ["yes", "yes"]
    assert second["path"]["answer"] == "yes"
    response = client.get("/signature/verify", json={**DOC, "data": "AAAA"})
    assert "is its own content" in message_of(response)


def test_what_was_kept_unchecked_and_is_no_signature_is_refused(open_client: FlaskClient) -> None:
    save(open_client, cms="not a signature")
    message = message_of(open_client.get("/signature/verify", json=DOC))
    assert message == "cms: neither CMS nor XML"


def test_reasons_are_in_the_client_s_language(unanchored: FlaskClient) -> None:
    save(unanchored, cms=cms(ivan()))
    response = unanchored.get("/signature/verify", json=DOC, headers={"api-locale": "kz"})
    assert response.headers["Content-Language"] == "kk"
    assert content_of(response)["verification"]["signers"][0]["path"]["reasons"]


def test_the_zone_of_the_server_changes_nothing(
    start_app: AppMaker, sqlite_url: str, trust_folder: Path
) -> None:
    app = start_app(DATABASE_URL=sqlite_url, TRUST_DIR=str(trust_folder), TIMEZONE="Asia/Almaty")
    client = app.test_client()
    save(client, cms=cms(ivan()))
    saved_at = datetime.fromisoformat(verify(client)["saved_at"])
    assert saved_at.tzinfo == UTC
    assert abs((datetime.now(UTC) - saved_at).total_seconds()) < 60
