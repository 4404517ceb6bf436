"""POST /xml/verify and /wsse/verify."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from lxml import etree

from tests import pki, soap_messages
from tests.api.ncanode3.asking import answers, ask, base64, refusal, the_certificate
from tests.api.people import chief as anna
from tests.api.people import cms, expired, ivan
from tests.pki import xml_signer
from tests.pki.xml_signer import Reference, Transform
from tests.soap_messages import by_key_identifier


def message(**more: object) -> str:
    """Return a SOAP message of the individual."""
    who = ivan()
    named = by_key_identifier(value=who.certificate)
    return xml_signer.text(soap_messages.message(named, who=who, **more))  # type: ignore[arg-type]  # some of its own


def test_a_signed_document_has_its_signer(anchored: FlaskClient) -> None:
    answer = ask(anchored, "/xml/verify", xml=pki.sign_xml(signers=[ivan()]))
    assert list(answer) == ["status", "message", "valid", "signers", "verdict"]
    assert (answer["message"], answer["valid"]) == ("OK", True)
    assert the_certificate(answer)["subject"]["commonName"] == "ИВАНОВ ИВАН"
    assert answers(answer["verdict"])["intact"] == "yes"


def test_the_last_signature_comes_first(anchored: FlaskClient) -> None:
    answer = ask(anchored, "/xml/verify", xml=pki.sign_xml(signers=[ivan(), anna()]))
    names = [signer["subject"]["commonName"] for signer in answer["signers"]]
    assert (names, answer["valid"]) == (["ПЕТРОВА АННА", "ИВАНОВ ИВАН"], True)
    worse = ask(anchored, "/xml/verify", xml=pki.sign_xml(signers=[anna(), expired()]))
    assert [signer["valid"] for signer in worse["signers"]] == [False, True]
    assert worse["valid"] is False
    assert [answers(one)["path"] for one in worse["verdict"]["signers"]] == ["unknown", "yes"]


def test_a_document_that_nobody_signed_is_not_valid(anchored: FlaskClient) -> None:
    for path in ("/xml/verify", "/wsse/verify"):
        answer = ask(anchored, path, xml="<a>text</a>")
        assert (answer["valid"], answer["signers"]) == (False, [])
        assert answer["verdict"] == {"signers": []}
        assert answer["message"].startswith("there is nothing to verify")


def test_any_prefix_of_a_signature_counts(anchored: FlaskClient) -> None:
    """NCANode finds only `ds:`."""
    signed = pki.sign_xml(signers=[ivan()]).replace("ds:", "x:").replace("xmlns:ds", "xmlns:x")
    # The prefix is signed, so the value is another: but the signature is found.
    answer = ask(anchored, "/xml/verify", xml=signed)
    assert (len(answer["signers"]), answer["valid"]) == (1, False)


def test_an_altered_document_is_an_answer(anchored: FlaskClient) -> None:
    altered = pki.sign_xml(signers=[ivan()]).replace(">test<", ">more<")
    answer = ask(anchored, "/xml/verify", xml=altered)
    assert (answer["valid"], answers(answer["verdict"])["intact"]) == (False, "no")
    assert "is not what was signed" in answer["message"]


def test_a_signed_part_that_was_wrapped_is_not_valid(anchored: FlaskClient) -> None:
    root = etree.fromstring('<a><b Id="part">1</b><c/></a>')
    part = Reference("#part", [Transform(xml_signer.EXCLUSIVE)])
    signed = Reference(
        part.uri, part.transforms, signed=xml_signer.canonical(root[0], part.transforms[0])
    )
    xml_signer.sign(root, ivan(), signed)
    answer = ask(anchored, "/xml/verify", xml=xml_signer.text(root))
    assert (answer["valid"], answers(answer["verdict"])["intact"]) == (False, "unknown")
    assert "covers only a part" in answer["message"]


@pytest.mark.parametrize("text", ["<a>", "not XML", "<!DOCTYPE a><a/>", cms(ivan())])
def test_what_is_no_xml_is_refused(anchored: FlaskClient, text: str) -> None:
    for path in ("/xml/verify", "/wsse/verify"):
        assert refusal(anchored, path, xml=text)


def test_a_key_identifier_names_the_signer_of_a_message(anchored: FlaskClient) -> None:
    """The Body alone is signed: that is the content, and a remark says what isn't covered."""
    answer = ask(anchored, "/wsse/verify", xml=message())
    assert (answer["valid"], answer["message"]) == (True, "OK")
    assert the_certificate(answer)["serialNumber"] == f"{ivan().serial:x}"
    assert answer["verdict"]["intact"]["reasons"] == [
        "of the SOAP message the signature covers: Body",
        "of the SOAP message the signature does not cover: Timestamp",
    ]


def test_a_message_whose_body_is_not_signed_is_not_valid(anchored: FlaskClient) -> None:
    answer = ask(anchored, "/wsse/verify", xml=message(signed=("stamp",)))
    assert answer["valid"] is False
    assert answer["message"] == "of the SOAP message the signature covers only: Timestamp"


def test_only_the_first_signer_of_a_message_is_described_and_all_count(
    anchored: FlaskClient,
) -> None:
    answer = ask(anchored, "/wsse/verify", xml=pki.sign_xml(signers=[anna(), expired()]))
    assert (len(answer["signers"]), answer["valid"]) == (1, False)
    assert answer["signers"][0]["valid"] is True
    assert len(answer["verdict"]["signers"]) == 2


def test_a_document_may_come_in_base64(anchored: FlaskClient) -> None:
    text = base64(pki.sign_xml(signers=[ivan()]).encode())
    assert ask(anchored, "/xml/verify", xml=text)["valid"] is True


BROKEN = {
    "XML that ends early": "<a>",
    "XML that is wrong": "<a></b>",
    "a document type": "<!DOCTYPE a><a/>",
    "an unknown encoding": base64(b"<?xml version='1.0' encoding='x'?><a/>"),
    "a signature without parts": '<a><Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/></a>',
    "a name beyond the limit": f"<{'a' * 5000}/>",
    "too many elements": "<a>" + "<b/>" * 100_001 + "</a>",
    "no base64": "not XML",
    "cut base64": "MIIab",
    "cut ASN.1": base64(b"\x30\x82\x10"),
    "ASN.1 of something else": base64(b"\x30\x03\x02\x01\x07"),
    "text in base64": base64(b"hello"),
    "a certificate in PEM": "-----BEGIN CERTIFICATE-----\nMIIa\n-----END CERTIFICATE-----",
    "a PDF": base64(b"%PDF-1.7\n"),
    "a CMS": cms(ivan()),
    "an empty value": " ",
}


@pytest.mark.parametrize("path", ["/xml/verify", "/wsse/verify"])
@pytest.mark.parametrize("language", ["en", "ru", "kk"])
def test_a_refusal_names_what_was_sent(anchored: FlaskClient, path: str, language: str) -> None:
    headers = {"api-locale": language}
    for name, text in BROKEN.items():
        single = anchored.post(f"/ncanode3{path}", json={"xml": text}, headers=headers)
        many = anchored.post(f"/ncanode3{path}/batch", json={"xmls": [text]}, headers=headers)
        message = single.get_json()["message"]
        assert (single.status_code, single.get_json()["status"]) == (400, 400), name
        assert many.get_json()["results"] == [{"status": 400, "message": message}]
        assert message.startswith("xml: ") or '"xml"' in message, message
        assert "cms" not in message.lower(), message
