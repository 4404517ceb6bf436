"""POST /x509/info and /x509/verify."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient
from lxml import etree

from tests import gost_signer, pki
from tests.api import people
from tests.api.ncanode3.asking import SPRING, answers, ask, base64, refusal, the_certificate
from tests.api.people import ivan
from tests.conftest import AppMaker
from tests.pki import Holder, Key, xml_signer
from tests.trust.asking import pem, person
from tests.trust.serving import Site

TEXT = "Что подписано"
GOST_2015_512 = gost_signer.GOST_2015_512


def certificate(who: Holder) -> str:
    return base64(who.certificate)


def of_key(key: Key, *extensions: bytes) -> Holder:
    """Return a person with this key."""
    subject = pki.name("КЛЮЧЕВ КЛЮЧ", people.IIN)
    return pki.certify(subject, key, pki.authority(), extensions or pki.PERSON)


def test_certificates_are_described_in_their_order(anchored: FlaskClient) -> None:
    asked = [certificate(who) for who in (people.chief(), people.expired(), ivan())]
    answer = ask(anchored, "/x509/info", certs=asked)
    assert [one["valid"] for one in answer["signers"]] == [True, False, True]
    assert answer["valid"] is False
    assert answer["signers"][0]["subject"]["bin"] == people.BIN
    verdicts = [answers(one) for one in answer["verdict"]["signers"]]
    assert verdicts[0] == {"path": "yes", "revocation": "unknown", "trusted": "unknown"}
    assert answers(answer["verdict"]) == {"trusted": "no"}


@pytest.mark.parametrize(
    "text", [base64(pem(ivan().certificate)), pem(ivan().certificate).decode()]
)
def test_a_certificate_may_be_pem(anchored: FlaskClient, text: str) -> None:
    assert ask(anchored, "/x509/info", certs=[text])["valid"] is True


def test_no_certificate_is_not_valid(anchored: FlaskClient) -> None:
    answer = ask(anchored, "/x509/info", certs=[])
    assert (answer["valid"], answer["signers"]) == (False, [])
    assert anchored.post("/ncanode3/x509/info", json={}).status_code == 400


def test_a_certificate_that_can_t_be_read_is_named(anchored: FlaskClient) -> None:
    message = refusal(anchored, "/x509/info", certs=[certificate(ivan()), "AA=="])
    assert message == '"certs[1]" parameter must be a certificate'
    assert refusal(anchored, "/x509/info", certs=[7, {}]) == '"certs[1]" parameter must be text'
    many = refusal(anchored, "/x509/info", certs=[""] * 101)
    assert many == '"certs" parameter must have at most 100 items'


def test_what_is_asked_of_revocation_must_be_known(
    anchored: FlaskClient, trust_folder: Path
) -> None:
    asked = {"certs": [certificate(ivan())], "revocationCheck": ["CRL"]}
    assert ask(anchored, "/x509/info", **asked)["valid"] is False
    people.publish(trust_folder)
    assert ask(anchored, "/x509/info", **asked)["valid"] is True


def test_authorities_are_asked_about_each(asking: FlaskClient, site: Site) -> None:
    down = site.serve("/ocsp", status=500)
    who = person(pki.ocsp_at(down))
    answer = ask(asking, "/x509/info", certs=[certificate(who)], revocationCheck=["OCSP"])
    [one] = the_certificate(answer)["revocations"]
    assert (answer["valid"], one["result"]) == (False, "UNAVAILABLE")
    assert site.asked == ["POST /ocsp"]


@pytest.mark.parametrize(
    ("usages", "named"),
    [
        (("digitalSignature", "nonRepudiation", "keyEncipherment"), "SIGN"),
        (("digitalSignature", "keyEncipherment"), "AUTH"),
        (("digitalSignature",), "UNKNOWN"),
    ],
)
def test_what_a_key_is_for_is_named_by_its_usage(
    anchored: FlaskClient, usages: tuple[str, ...], named: str
) -> None:
    who = of_key(pki.rsa_key("usage"), pki.key_usage(*usages))
    answer = ask(anchored, "/x509/info", certs=[certificate(who)])
    assert the_certificate(answer)["keyUsage"] == named


def test_a_broken_usage_is_unknown(anchored: FlaskClient) -> None:
    who = of_key(pki.rsa_key("usage"), pki.extension("2.5.29.15", b"\4\1a"))
    assert (
        the_certificate(ask(anchored, "/x509/info", certs=[certificate(who)]))["keyUsage"]
        == "UNKNOWN"
    )


def test_newer_roles_are_left_out(anchored: FlaskClient) -> None:
    purposes = pki.extended_key_usage(people.EMPLOYEE, "1.2.398.5.19.1.2.2.1")
    who = of_key(pki.rsa_key("role"), pki.PERSON[0], purposes)
    answer = ask(anchored, "/x509/info", certs=[certificate(who)])
    assert the_certificate(answer)["keyUser"] == ["EMPLOYEE"]


def test_the_algorithm_has_the_name_that_java_has_for_it(
    start_app: AppMaker, sqlite_url: str, tmp_path: Path
) -> None:
    key = pki.gost_key("УЦ", GOST_2015_512)
    gost = pki.certify(pki.name("ҰКО"), key, None, pki.AUTHORITY)
    folder = people.trust(tmp_path / "trust", gost)
    client = start_app(DATABASE_URL=sqlite_url, TRUST_DIR=str(folder)).test_client()
    who = pki.certify(pki.name("КІСІ", people.IIN), key, gost, pki.PERSON)
    answer = ask(client, "/x509/info", certs=[certificate(who)])
    described = the_certificate(answer)
    assert (answer["valid"], described["signAlg"]) == (True, "ECGOST3410-2015-512")
    assert described["publicKey"].startswith("MI")
    value = base64(key.sign(TEXT.encode()))
    for data, valid in ((TEXT, True), (TEXT + ".", False)):
        signed = {"certificate": certificate(who), "signature": value, "data": data}
        assert ask(client, "/x509/verify", **signed)["valid"] is valid


@pytest.mark.parametrize(
    "key", [pki.rsa_key("value"), pki.ecdsa_key("value")], ids=["RSA", "ECDSA"]
)
def test_a_bare_value_over_a_text(anchored: FlaskClient, key: Key) -> None:
    who = of_key(key)
    value = {"certificate": certificate(who), "signature": base64(key.sign(TEXT.encode()))}
    answer = ask(anchored, "/x509/verify", **value, data=TEXT)
    assert (answer["valid"], answer["message"]) == (True, "OK")
    assert answers(answer["verdict"]) == {"valid": "yes", "trusted": "unknown"}
    assert the_certificate(answer)["subject"]["iin"] == people.IIN
    other = ask(anchored, "/x509/verify", **value, data="Другое")
    assert (other["valid"], the_certificate(other)["valid"]) == (False, True)
    assert answers(other["verdict"])["valid"] == "no"
    assert "does not verify with the certificate's key" in other["message"]


@pytest.mark.attacks
def test_the_value_of_a_signature_in_xml_is_none_over_a_text(anchored: FlaskClient) -> None:
    who = people.ivan()
    signature = xml_signer.sign(etree.fromstring("<a>1</a>"), who)
    data = xml_signer.canonical(signature[0], xml_signer.Transform(xml_signer.C14N)).decode()
    value = {
        "certificate": certificate(who),
        "signature": "".join((signature[1].text or "").split()),
    }
    answer = ask(anchored, "/x509/verify", **value, data=data)
    assert (answer["valid"], answers(answer["verdict"])["valid"]) == (False, "no")
    assert "has the form of the SignedInfo" in answer["message"]


def test_a_value_by_a_broken_digest_proves_nothing(anchored: FlaskClient) -> None:
    old = pki.rsa_key("value", pki.SHA1)
    value = base64(old.sign(TEXT.encode()))
    signed = {"certificate": certificate(of_key(pki.rsa_key("value"))), "signature": value}
    answer = ask(anchored, "/x509/verify", **signed, data=TEXT)
    assert (answer["valid"], answers(answer["verdict"])["valid"]) == (False, "unknown")
    assert "proves nothing since" in answer["message"]


def test_an_impostor_s_value_is_not_valid(anchored: FlaskClient) -> None:
    who = people.impostor()
    value = base64(who.key.sign(TEXT.encode()))
    signed = {"certificate": certificate(who), "signature": value, "data": TEXT}
    answer = ask(anchored, "/x509/verify", **signed)
    assert (answer["valid"], answers(answer["verdict"])["valid"]) == (False, "yes")


def test_what_can_t_be_read_is_named(anchored: FlaskClient) -> None:
    good = {"certificate": certificate(ivan()), "signature": "AA==", "data": "x"}
    for name, text in (("certificate", "AA=="), ("signature", "?")):
        message = refusal(anchored, "/x509/verify", 400, **{**good, name: text})
        assert f'"{name}" parameter must be' in message
    for name in good:
        response = anchored.post("/ncanode3/x509/verify", json={**good, name: None})
        assert (response.status_code, list(response.get_json())) == (400, SPRING)
        assert f'"{name}"' in response.get_json()["message"]
