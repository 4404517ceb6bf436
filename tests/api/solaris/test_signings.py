"""The members of each signing."""

import hashlib
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, update

from app.cms.claims import describe
from app.cms.parsing import parse
from app.cms.signed_data.parsing import SignedData
from app.cms.xmldsig.parsing import SignedXml
from app.store.models import Version
from tests import der, pki
from tests.api import people
from tests.api.asking import filled, good_cms, save
from tests.api.people import BIN, CHIEF_IIN, IIN, chief, ivan
from tests.api.references import fields_of, reference, types_of
from tests.api.solaris.asking import references, signings
from tests.api.test_times import set_moment
from tests.conftest import AppMaker
from tests.pki import CONTENT, profile
from tests.store.packages import put_package
from tests.store.signings import IVANOV, PETROVA, SYDYKOV, signed_by

PUBLIC_URL = "https://sign.example.kz/store"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
IVAN, ANNA, ERLAN = ({"iin": person[1]} for person in (IVANOV, PETROVA, SYDYKOV))

#: Members of a signing and of a document, as the reference has them.
SIGNING = {
    "id": str,
    "reference": str,
    "url": str,
    "state": str,
    "status": str,
    "completed_at": str,
    "method": str,
    "identification_id": str,
    "documents": list,
}
DOCUMENT = {
    "id": str,
    "name": str,
    "content_type": str,
    "document_type": str,
    "size": int,
    "customer_accessible": bool,
    "created_at": str,
}


@pytest.fixture(name="trusting")
def client_of_a_trusting_server(make_app: AppMaker, trust_folder: Any) -> FlaskClient:
    """Provide a client of a server that verifies what it keeps, and trusts the authority."""
    app = make_app(CMS_VALIDATION="signature", TRUST_DIR=str(trust_folder), PUBLIC_URL=PUBLIC_URL)
    return app.test_client()


def one(client: FlaskClient, person_id: str = IVANOV[1]) -> dict[str, Any]:
    """Return the only signing of a person."""
    (signing,) = signings(client, person_id)
    return signing


def digest(data: bytes) -> str:
    """Return what ids are made of."""
    return hashlib.sha256(data).hexdigest()[:32]


def token_of(cms: str) -> bytes:
    """Return the timestamp token in a signature of one."""
    (signer,) = describe(parse(cms))
    assert signer.timestamp
    return signer.timestamp.token


def test_every_member_of_the_reference_is_there_with_its_type(trusting: FlaskClient) -> None:
    save(trusting, cms=people.cms(ivan(), stamped=True), method="egov-mobile")
    signing = one(trusting, IIN)
    text = reference("000")
    if text is not None:
        found = fields_of(text.partition("## Response 200")[2].partition("## Response 400")[0])
        documents = {name for name in found if name.startswith("documents.")}
        assert {name: found[name] for name in found if name not in documents}.items() <= (
            types_of(signing).items()
        )
        assert documents == {f"documents.{name}" for name in DOCUMENT}
        assert all(found[f"documents.{name}"] is kind for name, kind in DOCUMENT.items())
    assert types_of(signing) == {**SIGNING, "completed_at_source": str}
    assert len(signing["documents"]) == 3
    for document in signing["documents"]:
        assert types_of(document) == DOCUMENT


def test_a_signing_without_a_package_is_finished(client: FlaskClient, engine: Engine) -> None:
    cms = signed_by(IVANOV)
    save(client, cms=cms, thread="TST-QMNBB")
    set_moment(engine, datetime(2026, 5, 17, 10, 0, 0, 123000, tzinfo=UTC))
    signature = parse(cms)
    assert isinstance(signature, SignedData)
    certificate = describe(signature)[0].certificate
    signing = one(client)
    documents = signing.pop("documents")
    assert signing.pop("id").endswith("csig")
    assert signing == {
        "reference": "TST-QMNBB",
        "url": None,
        "state": "successful",
        "status": "finished",
        "completed_at": "2025-06-01T12:00:00.000Z",
        "completed_at_source": "claimed_signing_time",
        "method": "cms",
        "identification_id": f"{certificate.fingerprint[:32]}cidt",
    }
    both = {"customer_accessible": False, "created_at": "2026-05-17T10:00:00.123Z"}
    assert documents == [
        {
            "id": f"{digest(signature.der)}cdoc",
            "name": "doc.p7m",
            "content_type": "application/pkcs7-mime",
            "document_type": "SIGNATURE",
            "size": len(signature.der),
            **both,
        },
        {
            "id": f"{digest(b'content')}cdoc",
            "name": "doc",
            "content_type": "application/octet-stream",
            "document_type": "SIGNED_CONTRACT",
            "size": len(b"content"),
            **both,
        },
    ]


def test_a_detached_signature_has_no_content(client: FlaskClient) -> None:
    save(client, cms=signed_by(IVANOV, attached=False))
    (document,) = one(client)["documents"]
    assert (document["name"], document["document_type"]) == ("doc.p7s", "SIGNATURE")
    assert document["content_type"] == "application/pkcs7-signature"


def test_content_that_was_verified_but_not_kept_is_no_document(trusting: FlaskClient) -> None:
    cms = people.cms(ivan(), attached=False)
    save(trusting, cms=cms, data=b64encode(CONTENT).decode())
    assert [each["name"] for each in one(trusting, IIN)["documents"]] == ["doc.p7s"]


def test_a_signed_document_of_xml_is_its_own_content(client: FlaskClient) -> None:
    xml = pki.sign_xml(signers=[profile.person()])
    save(client, cms=xml)
    signature = parse(xml)
    assert isinstance(signature, SignedXml)
    (signer,) = describe(signature)
    signing = one(client, str(signer.claims.iin))
    assert signing["method"] == "xml"
    (document,) = signing["documents"]
    assert document == {
        **document,
        "name": "doc.xml",
        "content_type": "application/xml",
        "document_type": "SIGNATURE",
        "size": len(signature.xml),
        "id": f"{digest(signature.xml)}cdoc",
    }


def test_a_timestamp_is_a_document_and_counts_once_it_was_verified(
    trusting: FlaskClient, client: FlaskClient
) -> None:
    cms = people.cms(ivan(), stamped=True)
    save(client, document="unverified", cms=cms)
    save(trusting, document="verified", cms=cms)
    verified, unverified = signings(trusting, IIN)
    assert verified["completed_at_source"] == "verified_timestamp"
    # It was verified without an anchor, and waits to be verified again.
    assert (unverified["status"], unverified["completed_at_source"]) == ("pending", None)
    token = token_of(cms)
    for signing, name in ((verified, "verified"), (unverified, "unverified")):
        assert signing["documents"][2] == {
            **signing["documents"][0],
            "id": f"{digest(token)}cdoc",
            "name": f"{name}.tst",
            "content_type": "application/timestamp-token",
            "document_type": "OTHER",
            "size": len(token),
        }


def test_a_verified_timestamp_reports_its_own_moment(trusting: FlaskClient) -> None:
    moment = datetime(2025, 7, 8, 9, 10, 11, tzinfo=UTC)
    value = pki.signature_of(pki.signer_info(ivan()))
    token = der.attribute(pki.TIMESTAMP, pki.timestamp(value, moment))
    info = pki.signer_info(ivan(), unsigned=[token], signature=value)
    encoded = pki.signed_data([info], [ivan(), pki.authority()])
    save(trusting, cms=b64encode(encoded).decode())
    assert one(trusting, IIN)["completed_at"] == "2025-07-08T09:10:11.000Z"


def test_a_signature_without_a_signing_time_was_signed_when_it_was_saved(
    client: FlaskClient, engine: Engine
) -> None:
    save(client, cms=signed_by(IVANOV, timed=False))
    set_moment(engine, LONG_AGO)
    signing = one(client)
    assert signing["completed_at"] == "2026-01-01T00:00:00.000Z"
    assert signing["completed_at_source"] == "saved"


def test_only_timestamps_of_the_person_are_documents(client: FlaskClient) -> None:
    save(client, cms=people.cms(ivan(), chief(), stamped=True))
    for person_id in (IIN, CHIEF_IIN, BIN):
        kinds = [each["document_type"] for each in one(client, person_id)["documents"]]
        assert kinds == ["SIGNATURE", "SIGNED_CONTRACT", "OTHER"]
    first, second = one(client, IIN), one(client, CHIEF_IIN)
    assert first["identification_id"] != second["identification_id"]
    assert first["id"] != second["id"]


def test_the_way_of_signing_is_reported_as_it_was_saved(client: FlaskClient) -> None:
    saved = save(client, cms=signed_by(IVANOV), method="  egov-mobile ")
    assert "method" not in saved
    assert one(client)["method"] == "egov-mobile"
    save(client, cms=signed_by(IVANOV), version=1, method="")
    assert one(client)["method"] == "cms"


def test_the_address_of_a_thread_is_under_the_public_url(trusting: FlaskClient) -> None:
    save(trusting, cms=people.cms(ivan()))
    url = one(trusting, IIN)["url"]
    assert url.startswith(f"{PUBLIC_URL}/signatures/")
    answer = trusting.get(url.removeprefix(PUBLIC_URL))
    assert answer.get_json()["key"] == "doc/main"


def test_a_thread_has_no_address_where_none_is_served(make_app: AppMaker) -> None:
    client = make_app(PUBLIC_URL=PUBLIC_URL, FAMILIES="ncanode,solaris").test_client()
    save(client, cms=signed_by(IVANOV))
    assert one(client)["url"] is None


def test_a_version_that_was_not_read_yet_has_no_documents(
    client: FlaskClient, engine: Engine
) -> None:
    save(client, cms=signed_by(IVANOV))
    with engine.connect() as connection:
        connection.execute(
            update(Version).values(format=None, signature_size=None, content_size=None)
        )
    signing = one(client)
    assert (signing["documents"], signing["method"]) == ([], None)
    assert signing["status"] == "finished"


def status(client: FlaskClient, person_id: str = IVANOV[1]) -> tuple[str, str]:
    """Return status and state of the only signing of a person."""
    signing = one(client, person_id)
    return signing["status"], signing["state"]


def test_what_a_package_wants_signed_is_created(client: FlaskClient, engine: Engine) -> None:
    put_package(engine, ("doc",), (IVAN, ANNA), thread="T")
    signing = one(client)
    assert signing.pop("id").endswith("csig")
    assert signing == {
        "reference": "T",
        "url": None,
        "state": "created",
        "status": "created",
        "completed_at": None,
        "completed_at_source": None,
        "method": None,
        "identification_id": None,
        "documents": [],
    }


def test_a_package_waits_until_all_have_signed(client: FlaskClient, engine: Engine) -> None:
    put_package(engine, ("doc",), (IVAN, ANNA))
    before = one(client)["id"], one(client, PETROVA[1])["id"]
    assert before[0] != before[1]
    save(client, cms=signed_by(PETROVA))
    assert status(client) == status(client, PETROVA[1]) == ("pending", "pending")
    assert one(client)["completed_at"] is None
    assert one(client, PETROVA[1])["completed_at"] == "2025-06-01T12:00:00.000Z"
    save(client, cms=signed_by(PETROVA, IVANOV), version=1)
    assert status(client) == status(client, PETROVA[1]) == ("finished", "successful")
    assert (one(client)["id"], one(client, PETROVA[1])["id"]) == before


def test_a_stranger_s_signature_begins_no_package(client: FlaskClient, engine: Engine) -> None:
    put_package(engine, ("doc",), (IVAN, ANNA))
    save(client, cms=signed_by(SYDYKOV))
    assert status(client) == ("created", "created")
    # The person's own thread is signed: it has the time of that.
    assert status(client, SYDYKOV[1]) == ("pending", "pending")


def test_a_package_past_its_date_has_expired_unless_it_is_signed(
    client: FlaskClient, engine: Engine
) -> None:
    put_package(engine, ("doc",), (IVAN,), sign_by=LONG_AGO)
    assert status(client) == ("expired", "expired")
    save(client, cms=signed_by(IVANOV))
    assert status(client) == ("finished", "successful")
    put_package(engine, ("other",), (ERLAN,), sign_by=datetime.now(UTC) + timedelta(days=1))
    assert status(client, SYDYKOV[1]) == ("created", "created")


def test_a_package_that_was_rescinded_has_failed(client: FlaskClient, engine: Engine) -> None:
    put_package(engine, ("doc",), (IVAN,), rescinded_at=LONG_AGO)
    assert status(client) == ("failed", "failed")
    save(client, cms=signed_by(IVANOV))
    assert status(client) == ("failed", "failed")


def test_no_one_is_expected_to_sign_a_draft(client: FlaskClient, engine: Engine) -> None:
    put_package(engine, ("doc",), (IVAN, ANNA), opened_at=None)
    assert signings(client, IVANOV[1]) == []
    save(client, cms=signed_by(IVANOV))
    assert status(client) == ("finished", "successful")
    assert signings(client, PETROVA[1]) == []


def test_a_draft_hides_no_package_that_was_sent(client: FlaskClient, engine: Engine) -> None:
    put_package(engine, ("doc",), (IVAN, ANNA))
    put_package(engine, ("doc",), (ERLAN,), opened_at=None)
    save(client, cms=signed_by(IVANOV))
    assert status(client) == status(client, PETROVA[1]) == ("pending", "pending")
    assert signings(client, SYDYKOV[1]) == []


def test_of_several_packages_of_one_thread_the_newest_counts(
    client: FlaskClient, engine: Engine
) -> None:
    put_package(engine, ("doc",), (IVAN,), rescinded_at=LONG_AGO)
    put_package(engine, ("doc",), (ANNA,))
    assert signings(client, IVANOV[1]) == []
    assert status(client, PETROVA[1]) == ("created", "created")


def test_an_organisation_is_expected_by_its_number(client: FlaskClient, engine: Engine) -> None:
    number = str(PETROVA[3])
    put_package(engine, ("doc",), ({"bin": number},))
    for person_id in (number, f"BIN{number}"):
        assert status(client, person_id) == ("created", "created")
    assert signings(client, f"IIN{number}") == []
    save(client, cms=signed_by(PETROVA))
    assert status(client, number) == ("finished", "successful")


def test_each_thread_stands_there_once(client: FlaskClient, engine: Engine) -> None:
    number = str(PETROVA[3])
    anna = {"iin": PETROVA[1], "bin": number}
    twice = ({**anna, "role": "CEO"}, {**anna, "role": "EMPLOYEE"}, {"iin": number})
    put_package(engine, ("doc", "other"), twice)
    put_package(engine, ("doc", "other"), twice)
    save(client, document="other", cms=signed_by(PETROVA, PETROVA))
    save(client, document="other", thread="second", cms=signed_by(PETROVA))
    for person_id in (PETROVA[1], number):
        assert sorted(references(client, person_id)) == ["main", "main", "second"]


def test_who_signed_no_more_in_the_current_version_has_not_signed(client: FlaskClient) -> None:
    save(client, cms=signed_by(IVANOV, PETROVA))
    again = filled(cms=signed_by(PETROVA), version=1)
    assert client.post("/signature", json=again).status_code == 201
    assert signings(client, IVANOV[1]) == []
    assert one(client, PETROVA[1])["status"] == "finished"


def test_what_is_no_signature_has_no_signer(open_client: FlaskClient) -> None:
    save(open_client, cms="anything")
    assert signings(open_client, IVANOV[1]) == []


def test_b64_of_the_usual_cms_is_a_document(client: FlaskClient) -> None:
    save(client, cms=good_cms())
    (signer,) = describe(parse(good_cms()))
    document = one(client, str(signer.claims.iin))["documents"][0]
    assert document["size"] == len(b64decode(good_cms()))
