"""What there is of evidence for one version: state, levels, what is kept, what lacks, and why."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from lxml import etree

from app.api.ncanode.evidence.serializers import write_reasons
from app.store.signatures.rows import FETCH_ROWS
from app.wording.sentences import Wording
from tests.api.asking import content_of, message_of, rows, save
from tests.api.evident import (
    CONTENT,
    NAMED,
    answers,
    app_with_evidence,
    claims,
    client_with_evidence,
    evidence_of,
    sign,
    text,
    work,
)
from tests.api.test_reach import statements
from tests.cms.test_key_info import XADES, signing_certificate, xades
from tests.conftest import AppMaker
from tests.evidence.services import Services, now
from tests.pki import Revoked

__all__ = ["app_with_evidence", "client_with_evidence"]

NOTHING = {"B": "yes", "T": "no", "LT": "no", "LTA": "no"}
LASTING = {"B": "yes", "T": "yes", "LT": "yes", "LTA": "yes"}


def test_before_and_after_the_worker(app: Flask, client: FlaskClient, services: Services) -> None:
    save(client, cms=text(sign(services)))
    before = evidence_of(client)
    assert (before["version"], before["state"]) == (1, "pending")
    assert before["job"]["attempts"] == 0
    assert before["job"]["at_work_until"] is None
    assert answers(before["levels"]) == NOTHING
    assert claims(before["levels"]) == "B"
    [signer] = before["signers"]
    assert (signer["state"], signer["card"], signer["kept"]) == ("pending", None, [])
    lacks = {one["part"]: one["answer"] for one in signer["lacks"]}
    assert lacks == {"timestamp": "no", "revocation": "unknown"}
    work(app)
    after = evidence_of(client)
    assert (after["state"], after["job"], after["reasons"]) == ("complete", None, [])
    assert answers(after["levels"]) == LASTING
    assert claims(after["levels"]) == "B"
    [signer] = after["signers"]
    assert (signer["state"], signer["card"], signer["lacks"]) == ("complete", True, [])
    assert signer["gen_time"] < signer["lasts_until"]
    kinds = sorted(one["kind"] for one in signer["kept"])
    assert kinds == ["certificate"] * 3 + ["crl", "ocsp", "ocsp", "timestamp"]
    certificates = [one for one in signer["kept"] if one["kind"] == "certificate"]
    own = sha256(services.person.certificate).hexdigest()
    [item] = [one for one in certificates if one["sha256"] == own]
    assert item["size"] == len(services.person.certificate)


def test_what_the_cms_claims_is_told_apart_from_what_is_verified(
    client: FlaskClient, services: Services
) -> None:
    save(client, cms=text(sign(services, is_stamped=True)))
    levels = evidence_of(client)["levels"]
    assert claims(levels) == "B T"
    assert answers(levels) == {"B": "yes", "T": "yes", "LT": "unknown", "LTA": "no"}
    assert any("is at hand" in one for one in levels["LT"]["verified"]["reasons"])


def test_a_signature_without_the_name_of_its_certificate_has_no_level(
    app: Flask, client: FlaskClient, services: Services
) -> None:
    save(client, cms=text(sign(services, is_named=False)))
    work(app)
    found = evidence_of(client)
    assert found["state"] == "complete"
    assert claims(found["levels"]) == ""
    assert set(answers(found["levels"]).values()) == {"no"}
    assert "do not name" in found["levels"]["B"]["verified"]["reasons"][0]


def test_detached_content_is_needed_for_a_yes(
    app: Flask, client: FlaskClient, services: Services
) -> None:
    save(client, cms=text(sign(services, attached=False)))
    work(app)
    levels = evidence_of(client)["levels"]
    assert set(answers(levels).values()) == {"unknown"}
    assert "was not given" in levels["LT"]["verified"]["reasons"][0]
    digest = sha256(CONTENT).hexdigest()
    assert answers(evidence_of(client, digest=digest, algorithm="SHA-256")["levels"]) == LASTING
    other = sha256(b"another").hexdigest()
    wrong = evidence_of(client, digest=other, algorithm="SHA-256")["levels"]
    assert set(answers(wrong).values()) == {"no"}


def test_each_signer_is_answered_apart(app: Flask, client: FlaskClient, services: Services) -> None:
    revoked = services.tsa  # Any other certificate of the authority.
    services.revoked[revoked.serial] = Revoked(revoked.serial, now() - timedelta(days=1), 1)
    save(client, cms=text(sign(services, services.person, revoked)))
    work(app)
    found = evidence_of(client)
    assert found["state"] is not None
    assert answers(found["levels"])["LT"] != "yes"
    assert [one["number"] for one in found["signers"]] == [1, 2]


def test_reasons_are_in_the_language_of_the_reader(
    app: Flask, client: FlaskClient, services: Services
) -> None:
    services.site.answers.pop("/tsp")
    save(client, cms=text(sign(services)))
    work(app)
    asked = {"query_string": NAMED}
    english = client.get("/signature/evidence", **asked)
    russian = client.get("/signature/evidence", **asked, headers={"Accept-Language": "ru"})
    assert english.headers["Content-Language"] == "en"
    assert russian.headers["Content-Language"] == "ru"
    assert russian.headers["Cache-Control"] == "private, no-store"
    [reason] = content_of(english)["evidence"]["reasons"]
    [translated] = content_of(russian)["evidence"]["reasons"]
    assert reason != translated
    assert content_of(english)["evidence"]["signers"][0]["reasons"] == [reason]


def test_an_impossible_one_says_why(app: Flask, client: FlaskClient, services: Services) -> None:
    serial = services.person.serial
    services.revoked[serial] = Revoked(serial, now() - timedelta(days=1), 1)
    save(client, cms=text(sign(services)))
    work(app)
    found = evidence_of(client)
    assert found["state"] == "impossible"
    [signer] = found["signers"]
    assert "revoked" in signer["reasons"][0]
    assert "revoked" in signer["card_reasons"][0]
    assert answers(found["levels"])["LT"] != "yes"


def test_xml_has_the_levels_of_xades(
    app: Flask, client: FlaskClient, services: Services, tmp_path: Path
) -> None:
    services.know_authority(tmp_path / "trust")
    named = signing_certificate(services.person.certificate)
    xml = xades(named, by=services.person)
    save(client, cms=xml)
    before = evidence_of(client)
    assert (before["state"], claims(before["levels"])) == ("pending", "B")
    assert answers(before["levels"]) == NOTHING
    work(app)
    after = evidence_of(client)
    assert (after["state"], after["signers"][0]["lacks"]) == ("complete", [])
    assert answers(after["levels"]) == LASTING
    assert after["signers"][0]["gen_time"]
    verified = content_of(client.get("/signature/verify", query_string=NAMED))["verification"]
    assert verified["signers"][0]["decisive_time_source"] == "timestamp"
    record = client.get("/signature/evidence-record", query_string=NAMED)
    assert record.status_code == 200
    file = client.get("/signature/file", query_string=NAMED)
    assert sha256(file.data).digest() in record.data


def test_xml_claims_what_its_unsigned_properties_have(
    client: FlaskClient, services: Services
) -> None:
    unsigned = [etree.Element(f"{{{XADES}}}{name}") for name in ("SignatureTimeStamp", "Odd")]
    holder = etree.Element(f"{{{XADES}}}QualifyingProperties")
    inner = etree.SubElement(holder, f"{{{XADES}}}UnsignedProperties")
    etree.SubElement(inner, f"{{{XADES}}}UnsignedSignatureProperties").extend(unsigned)
    named = signing_certificate(services.person.certificate)
    save(client, cms=xades(named, holder, by=services.person))
    assert claims(evidence_of(client)["levels"]) == "B T"
    # Properties that no reference names are no claim of the signer.
    save(client, cms=xades(named, signed=None, by=services.person), version=1)
    levels = evidence_of(client)["levels"]
    assert (claims(levels), answers(levels)["B"]) == ("", "no")


def test_what_is_not_there_is_not_found(client: FlaskClient, services: Services) -> None:
    save(client, cms=text(sign(services)))
    for asked in ({**NAMED, "document": "other"}, {**NAMED, "version": "2"}):
        for path in ("/signature/evidence", "/signature/file"):
            assert client.get(path, query_string=asked).status_code == 404
        assert client.post("/signature/evidence", json=asked).status_code == 404
    assert message_of(client.get("/signature/evidence?document=doc"))


def test_it_is_tried_again_at_once(app: Flask, client: FlaskClient, services: Services) -> None:
    tsp = services.site.answers.pop("/tsp")
    save(client, cms=text(sign(services)))
    work(app)
    assert evidence_of(client)["job"]["attempts"] == 1
    services.site.answers["/tsp"] = tsp
    assert "versions tried" not in work(app)
    answer = client.post("/signature/evidence", json=NAMED)
    assert content_of(answer, 202)["evidence"]["state"] == "pending"
    assert "versions tried: 1" in work(app)
    assert evidence_of(client)["state"] == "complete"


def test_what_is_complete_is_obtained_again_and_counts_meanwhile(
    app: Flask, client: FlaskClient, services: Services
) -> None:
    save(client, cms=text(sign(services)))
    work(app)
    answer = client.post("/signature/evidence", json={**NAMED, "version": 1})
    again = content_of(answer, 202)["evidence"]
    assert again["state"] == "pending"
    assert answers(again["levels"]) == LASTING
    work(app)
    assert evidence_of(client)["state"] == "complete"
    assert services.site.asked.count("POST /tsp") == 2  # For the signature, and for the tree.


def test_a_version_without_a_job_gets_one(
    app: Flask, client: FlaskClient, services: Services
) -> None:
    app.config["EVIDENCE"] = False
    save(client, cms=text(sign(services)))
    refused = message_of(client.post("/signature/evidence", json=NAMED), 409)
    assert "does not obtain evidence" in refused
    assert evidence_of(client)["state"] is None
    app.config["EVIDENCE"] = True
    client.post("/signature/evidence", json=NAMED)
    work(app)
    assert evidence_of(client)["state"] == "complete"


def test_what_is_no_signature_is_refused_and_not_queued(
    make_app: AppMaker, services: Services, tmp_path: Path
) -> None:
    app = make_app(
        CMS_VALIDATION="off", EVIDENCE="queue", TRUST_DIR=str(services.trust(tmp_path / "trust"))
    )
    client = app.test_client()
    save(client, cms="no signature")
    message_of(client.get("/signature/evidence", query_string=NAMED))
    message_of(client.post("/signature/evidence", json=NAMED))
    assert "pending: 0" in work(app, "status")


def test_rows_have_the_states_of_their_evidence(
    app: Flask, client: FlaskClient, services: Services, make_app: AppMaker
) -> None:
    cms = text(sign(services))
    save(client, cms=cms)
    work(app)
    save(client, cms=cms, version=1)
    save(make_app(EVIDENCE="off").test_client(), cms=cms, document="without")
    current, *_ = content_of(
        client.get("/signature", query_string={**NAMED, "with": "evidence"})
    ).values()
    assert current["evidence"] == {"state": "pending", "reasons": [], "signers": []}
    asked = {**NAMED, "with": "evidence", "without": "cms"}
    answer = client.get("/signature/versions", query_string=asked)
    assert answer.headers["Content-Language"] == "en"
    [_, first] = content_of(answer)["versions"]
    assert first["evidence"]["state"] == "complete"
    [signer] = first["evidence"]["signers"]
    assert (signer["number"], signer["card"], signer["reasons"]) == (1, True, [])
    changed = client.get("/signature/versions", query_string={**asked, "diff": "true"})
    assert [one["evidence"]["state"] for one in content_of(changed)["versions"]] == [
        "pending",
        "complete",
    ]
    for query in ("limit=5", "limit=0", "limit=5&cursor="):
        listed = rows(client, f"with=evidence&{query}")
        states = [row["evidence"]["state"] for row in listed]
        assert states == [None, "pending"], query
    assert "evidence" not in rows(client)[0]
    translated = client.get("/signatures?with=evidence", headers={"Accept-Language": "kk"})
    assert translated.headers["Content-Language"] == "kk"


@pytest.mark.parametrize(
    "path", ["/signatures?limit=20&", "/signature/versions?document=0&thread=main&"]
)
def test_a_page_takes_one_statement_more(app: Flask, client: FlaskClient, path: str) -> None:
    for number in range(3):
        save(client, document=str(number))
    with statements(app) as without:
        content_of(client.get(f"{path}without=cms"))
    with statements(app) as found:
        content_of(client.get(f"{path}without=cms&with=evidence"))
    assert len(found) == len(without) + 1


def test_a_long_list_has_the_states_of_all(app: Flask, client: FlaskClient) -> None:
    """It is read in parts, each with one statement, and without the evidence of other rows."""
    for number in range(FETCH_ROWS + 3):
        save(client, document=str(number), version=None)
    save(client, document="0", version=1)
    with statements(app) as found:
        listed = rows(client, "without=cms&with=evidence")
    assert [row["evidence"]["state"] for row in listed] == ["pending"] * (FETCH_ROWS + 3)
    assert len([one for one in found if "evidence_jobs" in one]) == 2


def test_a_reason_that_is_a_text_is_answered_as_it_is() -> None:
    assert write_reasons("who {knows}", Wording("ru")) == ["who {knows}"]
    assert write_reasons(None, Wording("ru")) == []
