"""POST /cms/verify and /cms/extract as NCANode's clients see them."""

from __future__ import annotations

from base64 import b64decode

import pytest
from flask.testing import FlaskClient

from tests import der, pki
from tests.api import people
from tests.api.ncanode3.asking import answers, ask, base64, refusal, the_certificate
from tests.api.people import BIN, CHIEF_IIN, COMPANY, IIN, chief, cms, ivan
from tests.pki import CONTENT

MATCHED_BY_CLIENTS = "content hash found in signed attributes different"


def test_every_member_has_its_place_and_its_format(anchored: FlaskClient) -> None:
    answer = ask(anchored, "/cms/verify", cms=cms(chief(), stamped=True))
    assert list(answer) == ["status", "message", "valid", "signers", "verdict"]
    assert (answer["message"], answer["valid"]) == ("OK", True)
    [signer] = answer["signers"]
    assert list(signer) == ["certificates", "tsp"]
    [certificate] = signer["certificates"]
    subject = certificate["subject"]
    assert certificate == {
        "valid": True,
        "revocations": [],
        "notBefore": "2024-01-01T00:00:00.000+00:00",
        "notAfter": "2034-01-01T00:00:00.000+00:00",
        "keyUsage": "SIGN",
        "serialNumber": f"{chief().serial:x}",
        "signAlg": "SHA256withRSA",
        "keyUser": ["ORGANIZATION", "CEO"],
        "publicKey": base64(chief().key.public),
        "signature": base64(bytes(chief().parsed["signature_value"])),
        "subject": subject,
        "issuer": {"commonName": "NCA", "country": "KZ", "dn": "CN=NCA, C=KZ"},
    }
    assert list(certificate)[:4] == ["valid", "revocations", "notBefore", "notAfter"]
    dn = (
        f'OU=BIN{BIN}, O="ТОО \\"ПРИМЕР\\"", SERIALNUMBER=IIN{CHIEF_IIN}, SURNAME=ПЕТРОВА, '
        "CN=ПЕТРОВА АННА"
    )
    assert list(subject.items()) == [
        ("commonName", "ПЕТРОВА АННА"),
        ("surName", "ПЕТРОВА"),
        ("organization", COMPANY),
        ("iin", CHIEF_IIN),
        ("bin", BIN),
        ("dn", dn),
    ]
    tsp = signer["tsp"]
    assert list(tsp) == ["serialNumber", "genTime", "policy", "tsa", "tspHashAlgorithm", "hash"]
    assert (tsp["serialNumber"], tsp["genTime"]) == ("f9", "2025-06-01T12:00:00.000+00:00")
    assert (tsp["policy"], tsp["tspHashAlgorithm"]) == (pki.STAMPING_POLICY, "SHA256")
    assert len(tsp["hash"]) == 64


def test_the_three_answers_are_in_the_verdict(anchored: FlaskClient) -> None:
    verdict = ask(anchored, "/cms/verify", cms=cms(ivan(), stamped=True))["verdict"]
    assert answers(verdict) == {"intact": "yes", "valid": "yes", "trusted": "unknown"}
    [signer] = verdict["signers"]
    assert answers(signer) == {**answers(verdict), "path": "yes", "revocation": "unknown"}
    assert signer["decisiveTime"] == "2025-06-01T12:00:00.000+00:00"
    assert signer["decisiveTimeSource"] == "timestamp"
    assert signer["timestamp"]["answer"] == "yes"


def test_without_an_anchor_nothing_is_valid_and_the_message_says_why(
    unanchored: FlaskClient,
) -> None:
    answer = ask(unanchored, "/cms/verify", cms=cms(ivan()))
    assert (answer["valid"], the_certificate(answer)["valid"]) == (False, False)
    assert answer["message"] == "no certificate of ROOT that fits is at hand"
    assert answers(answer["verdict"])["trusted"] == "unknown"


def test_an_impostor_is_not_valid(anchored: FlaskClient) -> None:
    answer = ask(anchored, "/cms/verify", cms=cms(people.impostor()))
    assert (answer["valid"], answer["message"] == "OK") == (False, False)
    # What the certificate claims is there, as NCANode writes it.
    assert the_certificate(answer)["subject"]["iin"] == IIN


def test_one_bad_signer_makes_all_of_it_not_valid(anchored: FlaskClient) -> None:
    answer = ask(anchored, "/cms/verify", cms=cms(chief(), people.expired()))
    assert answer["valid"] is False
    valid = [one["certificates"][0]["valid"] for one in answer["signers"]]
    assert valid == [True, False]


def test_the_content_of_a_detached_signature_is_sent_beside_it(anchored: FlaskClient) -> None:
    detached = cms(ivan(), attached=False)
    assert ask(anchored, "/cms/verify", cms=detached, data=base64(CONTENT))["valid"] is True
    for data in ("", None):
        message = refusal(anchored, "/cms/verify", cms=detached, data=data)
        assert message.startswith('"data" parameter must be set')
    other = refusal(anchored, "/cms/verify", cms=detached, data=base64(b"another"))
    assert MATCHED_BY_CLIENTS in other
    # It is base64 here, never the text itself.
    assert "must be base64" in refusal(anchored, "/cms/verify", cms=detached, data="Текст!")


@pytest.mark.parametrize("language", ["ru", "kk"])
def test_the_words_that_clients_look_for_are_there_in_every_language(
    anchored: FlaskClient, language: str
) -> None:
    response = anchored.post(
        "/ncanode3/cms/verify",
        json={"cms": people.altered_cms(ivan())},
        headers={"api-locale": language},
    )
    assert response.status_code == 400
    assert MATCHED_BY_CLIENTS in response.get_json()["message"]
    assert response.headers["Content-Language"] == language


def test_data_beside_attached_content_must_be_the_same(anchored: FlaskClient) -> None:
    same = ask(anchored, "/cms/verify", cms=cms(ivan()), data=base64(CONTENT))
    other = ask(anchored, "/cms/verify", cms=cms(ivan()), data=base64(b"another"))
    assert (same["valid"], other["valid"]) == (True, False)
    assert other["message"] == "the content given is not the one attached"


def test_a_wrong_signature_value_is_an_answer(anchored: FlaskClient) -> None:
    answer = ask(anchored, "/cms/verify", cms=people.forged_cms(ivan()))
    assert answer["valid"] is False
    assert answers(answer["verdict"])["valid"] == "no"
    # Its certificate is good nevertheless.
    assert the_certificate(answer)["valid"] is True


def test_a_wrong_value_over_plain_content_is_an_answer(anchored: FlaskClient) -> None:
    plain = pki.sign_cms(signers=[ivan()], signed_attributes=False, attached=False)
    assert ask(anchored, "/cms/verify", cms=base64(plain), data=base64(CONTENT))["valid"] is True
    other = ask(anchored, "/cms/verify", cms=base64(plain), data=base64(b"another"))
    assert other["valid"] is False


@pytest.mark.attacks
def test_a_forged_timestamp_is_not_shown(anchored: FlaskClient) -> None:
    token = pki.timestamp(b"another signature")
    info = pki.signer_info(ivan(), unsigned=[der.attribute(pki.TIMESTAMP, token)])
    signed = pki.signed_data([info], [ivan(), pki.authority()])
    answer = ask(anchored, "/cms/verify", cms=base64(signed))
    [signer] = answer["signers"]
    assert signer["tsp"] is None
    [verdict] = answer["verdict"]["signers"]
    assert verdict["timestamp"]["answer"] == "no"
    assert verdict["decisiveTimeSource"] == "now"


@pytest.mark.parametrize("text", ["AA==", "not base64!", "", "<a/>", pki.sign_xml()])
def test_what_is_no_cms_is_refused(anchored: FlaskClient, text: str) -> None:
    for path in ("/cms/verify", "/cms/extract"):
        response = anchored.post(f"/ncanode3{path}", json={"cms": text})
        assert response.status_code == 400, response.text
        assert response.get_json()["message"]


def test_older_clients_send_more(anchored: FlaskClient) -> None:
    more = {"checkOcsp": True, "withTsp": True, "keys": []}
    response = anchored.post("/ncanode3/cms/verify", json={"cms": cms(ivan()), **more})
    assert response.get_json()["valid"] is True
    assert response.headers["X-Unread-Parameters"] == "checkOcsp, keys, withTsp"


def test_nothing_and_null_ask_nothing_of_revocation(anchored: FlaskClient) -> None:
    nothing: tuple[list[str] | None, ...] = ([], None)
    for asked in nothing:
        answer = ask(anchored, "/cms/verify", cms=cms(ivan()), revocationCheck=asked)
        assert (answer["valid"], the_certificate(answer)["revocations"]) == (True, [])
    message = refusal(anchored, "/cms/verify", cms=cms(ivan()), revocationCheck=["TSP"])
    assert message == '"revocationCheck" parameter must be one of OCSP, CRL'


def test_content_is_extracted_in_base64(anchored: FlaskClient) -> None:
    answer = ask(anchored, "/cms/extract", cms=cms(ivan()))
    assert list(answer) == ["status", "message", "data"]
    assert b64decode(answer["data"]) == CONTENT
    message = refusal(anchored, "/cms/extract", cms=cms(ivan(), attached=False))
    assert "not attached" in message
