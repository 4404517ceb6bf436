"""POST /validate: a yes or a no about who signed, or whose a certificate is."""

from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests import pki
from tests.api import people
from tests.api.asking import JSON, message_of
from tests.api.people import BIN, CHIEF_IIN, IIN, chief, cms, ivan
from tests.gost_signer import GOST_2015_256
from tests.pki import CONTENT, NOT_BEFORE, SIGNING_TIME, Holder, Revoked, profile

EXPIRED, NOT_LEGAL = "Certificate is expired", "Certificate is not legal"


def ask(client: FlaskClient, **fields: Any) -> bool:
    """Ask, and return the answer, which is one word."""
    given = {"cms": cms(ivan()), "rule": "individual", **fields}
    response = client.post("/validate", json=given)
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == JSON
    answer = response.get_json()
    assert answer in ({"status": True}, {"status": False})
    status: bool = answer["status"]
    return status


def refuse(client: FlaskClient, **fields: Any) -> str:
    """Ask, and return the message of the refusal."""
    given = {"cms": cms(ivan()), "rule": "individual", **fields}
    return message_of(client.post("/validate", json=given))


def certificate(holder: Holder) -> str:
    """Write a bare certificate in base64."""
    return b64encode(holder.certificate).decode()


def test_it_is_one_word(anchored: FlaskClient) -> None:
    given = {"cms": cms(ivan()), "rule": "individual"}
    assert anchored.post("/validate", json=given).data == b'{"status":true}'
    given["rule"] = "ceo"
    assert anchored.post("/validate", json=given).data == b'{"status":false}'


@pytest.mark.parametrize("rule", [None, "", [], "chief", ["iin", "x"], 5, {"a": 1}])
def test_a_rule_must_be_given(anchored: FlaskClient, rule: Any) -> None:
    assert refuse(anchored, rule=rule) == people.WHICH_RULES


def test_either_cms_or_xml_must_be_given(anchored: FlaskClient) -> None:
    assert refuse(anchored, cms=None) == "CMS or XML parameter must be set"
    assert refuse(anchored, cms="", xml="") == "CMS or XML parameter must be set"
    assert refuse(anchored, xml="<a/>") == "Only one of CMS or XML parameter must be set"


@pytest.mark.parametrize("name", ["iin", "bin"])
def test_a_rule_about_a_number_needs_the_number(anchored: FlaskClient, name: str) -> None:
    assert refuse(anchored, rule=name) == f'"{name}" parameter must be set'


@pytest.mark.parametrize(
    ("holder", "asked", "passes"),
    [
        (ivan, {"rule": "individual"}, True),
        (ivan, {"rule": ["individual", "sign"]}, True),
        (ivan, {"rule": ["individual", "auth"]}, False),
        (ivan, {"rule": ["individual", "auth"], "criteria": "or"}, True),
        (ivan, {"rule": ["ceo", "auth"], "criteria": "or"}, False),
        (ivan, {"rule": "iin", "iin": IIN}, True),
        (ivan, {"rule": "iin", "iin": CHIEF_IIN}, False),
        (ivan, {"rule": "bin", "bin": BIN}, False),
        (ivan, {"rule": ["iin", "ceo"], "iin": IIN, "criteria": "or"}, True),
        # What no rule names is not looked at.
        (ivan, {"rule": "individual", "iin": CHIEF_IIN, "bin": BIN}, True),
        # What no rule names doesn't make an alternative.
        (ivan, {"rule": "ceo", "iin": IIN, "criteria": "or"}, False),
        (chief, {"rule": ["iin", "bin", "ceo"], "iin": CHIEF_IIN, "bin": BIN}, True),
        (chief, {"rule": ["organisation", "auth", "sign"]}, True),
        (chief, {"rule": ["employee"]}, False),
        (chief, {"rule": ["individual"]}, False),
    ],
)
def test_rules_are_joined(
    anchored: FlaskClient, holder: Any, asked: dict[str, Any], passes: bool
) -> None:
    assert ask(anchored, cms=cms(holder()), **asked) is passes
    assert ask(anchored, cms=cms(holder(), attached=False), **asked) is passes
    assert ask(anchored, cms=certificate(holder()), **asked) is passes


def test_criteria_are_and_or_or(anchored: FlaskClient) -> None:
    assert refuse(anchored, criteria="xor") == '"criteria" parameter must be one of and, or'
    assert ask(anchored, criteria="and")
    assert ask(anchored, criteria=None)


def test_one_of_several_signers_is_enough_but_must_pass_alone(anchored: FlaskClient) -> None:
    both = cms(ivan(), chief())
    assert ask(anchored, cms=both, rule="ceo")
    assert not ask(anchored, cms=both, rule=["ceo", "iin"], iin=IIN)


def test_a_certificate_may_come_in_any_form(anchored: FlaskClient) -> None:
    der = ivan().certificate
    for text in (
        pki.pem(der, "CERTIFICATE"),
        pki.pem(der, "CERTIFICATE", "\r\n"),
        pki.wrapped(der, 64),
        certificate(ivan()).rstrip("="),
        certificate(ivan()).replace("+", "-").replace("/", "_"),
        b64encode(pki.pem(der, "CERTIFICATE", "\r\n").encode()).decode(),
        b64encode(b"\xef\xbb\xbf" + pki.pem(der, "CERTIFICATE").encode()).decode(),
        b64encode(certificate(ivan()).encode()).decode(),
        "data:application/x-x509-ca-cert;base64," + certificate(ivan()),
        "data:;base64," + b64encode(pki.pem(der, "CERTIFICATE").encode()).decode(),
    ):
        assert ask(anchored, cms=text)


def test_what_is_neither_signature_nor_certificate_is_refused(anchored: FlaskClient) -> None:
    for text in ("nonsense!", certificate(ivan())[:-40], "AAAA" * 10, "AAAA" * 10_000):
        assert refuse(anchored, cms=text).startswith("cms: ")
    assert refuse(anchored, cms=pki.pem(b"\x30\x03\2\1\1", "CERTIFICATE")) == NOT_LEGAL
    damaged = bytearray(ivan().certificate)
    damaged[1] ^= 1
    assert refuse(anchored, cms=pki.pem(bytes(damaged), "CERTIFICATE")) == NOT_LEGAL
    assert refuse(anchored, cms=None, xml=certificate(ivan())).startswith("cms: ")


def test_an_xml_signature_counts_as_a_cms_does(anchored: FlaskClient, trust_folder: Path) -> None:
    (trust_folder / "profile.cer").write_bytes(profile.authority().certificate)
    xml = pki.sign_xml()
    assert ask(anchored, cms=None, xml=xml)
    assert not ask(anchored, cms=None, xml=xml, rule="ceo")
    assert not ask(anchored, cms=None, xml=xml.replace("test", "tost"))


def test_a_signature_that_is_not_its_signer_s_is_a_no(anchored: FlaskClient) -> None:
    assert not ask(anchored, cms=people.forged_cms(ivan()))
    assert not ask(anchored, cms=people.altered_cms(ivan()))
    assert not ask(anchored, cms=people.altered_cms(ivan(), chief()))


def test_content_counts_if_it_is_given(anchored: FlaskClient) -> None:
    detached = cms(ivan(), attached=False)
    assert ask(anchored, cms=detached, data=b64encode(CONTENT).decode())
    assert not ask(anchored, cms=detached, data=b64encode(b"another").decode())


def test_what_can_t_be_determined_is_neither_yes_nor_no(anchored: FlaskClient) -> None:
    plain = pki.signer_info(ivan(), signed=None)
    listed = [ivan(), pki.authority()]
    text = b64encode(pki.signed_data([plain], listed, None)).decode()
    message = refuse(anchored, cms=text)
    assert message == "cms: signer 1: the content is detached, and was not given"
    assert ask(anchored, cms=text, data=b64encode(CONTENT).decode())
    unknown = pki.signer_info(ivan(), algorithm="1.2.643.2.2.3")
    text = b64encode(pki.signed_data([unknown], listed)).decode()
    assert "is not supported" in refuse(anchored, cms=text)


def test_without_anchors_it_is_unknown_what_is_legal(unanchored: FlaskClient) -> None:
    message = "Whether the certificate is legal can't be determined: no trust anchor is set up"
    assert refuse(unanchored) == message
    assert refuse(unanchored, cms=certificate(ivan())) == message
    assert refuse(unanchored, cms=certificate(people.expired())) == EXPIRED


def test_a_self_made_certificate_is_not_legal(anchored: FlaskClient) -> None:
    info = pki.signer_info(people.impostor())
    listed = [people.impostor(), people.impostor_authority()]
    text = b64encode(pki.signed_data([info], listed)).decode()
    assert refuse(anchored, cms=text, rule="iin", iin=IIN) == NOT_LEGAL
    assert refuse(anchored, cms=certificate(people.impostor())) == NOT_LEGAL


def test_a_revoked_certificate_is_not_legal(anchored: FlaskClient, trust_folder: Path) -> None:
    people.publish(trust_folder)
    assert ask(anchored)
    people.publish(trust_folder, Revoked(ivan().serial, SIGNING_TIME))
    assert refuse(anchored) == NOT_LEGAL
    assert refuse(anchored, cms=certificate(ivan())) == NOT_LEGAL


def test_a_certificate_that_is_not_in_force_yet_is_not_legal(anchored: FlaskClient) -> None:
    early = ivan(valid=(people.FUTURE, people.FUTURE + pki.DAY))
    for expiration in (True, False):
        assert refuse(anchored, cms=cms(early), expiration=expiration) == NOT_LEGAL
        assert refuse(anchored, cms=certificate(early), expiration=expiration) == NOT_LEGAL


def test_an_expired_certificate_is_refused_unless_that_is_not_asked(
    anchored: FlaskClient,
) -> None:
    for text in (cms(people.expired()), certificate(people.expired())):
        assert refuse(anchored, cms=text) == EXPIRED
        assert refuse(anchored, cms=text, expiration="1", criteria="or") == EXPIRED
        assert refuse(anchored, cms=text, expiration=None) == EXPIRED
        assert ask(anchored, cms=text, expiration=False)
        assert not ask(anchored, cms=text, expiration="0", rule="ceo")


def test_a_signature_that_was_stamped_in_time_has_not_expired(anchored: FlaskClient) -> None:
    assert ask(anchored, cms=cms(people.expired(), stamped=True))


def test_a_certificate_that_never_was_legal_is_not_once_it_has_expired(
    anchored: FlaskClient,
) -> None:
    false = ivan(people.impostor_authority, (NOT_BEFORE, people.ENDED))
    assert refuse(anchored, cms=certificate(false), expiration=False) == NOT_LEGAL


def brief(number: int) -> Holder:
    """Return one whose certificate was in force on one day, and on no other."""
    begin = NOT_BEFORE + 2 * number * pki.DAY
    subject, key = pki.name(f"P{number}"), pki.rsa_key("ИВАНОВ")
    return pki.certify(subject, key, pki.authority(), pki.PERSON, valid=(begin, begin + pki.DAY))


def test_certificates_that_were_never_in_force_together_are_judged_each_at_its_time(
    anchored: FlaskClient,
) -> None:
    two, three = (cms(*map(brief, range(count))) for count in (2, 3))
    assert refuse(anchored, cms=two, rule="sign") == EXPIRED
    assert ask(anchored, cms=two, rule="sign", expiration=False)
    # Each time takes one more verification, so that they have a limit.
    assert refuse(anchored, cms=three, rule="sign", expiration=False) == EXPIRED


def test_gost_is_judged_too(anchored: FlaskClient) -> None:
    key = pki.gost_key("GOST", GOST_2015_256)
    holder = pki.certify(pki.name("GOST", IIN), key, pki.authority(), pki.PERSON)
    assert ask(anchored, cms=cms(holder), rule=["iin", "sign"], iin=IIN)


def test_zero_bytes_behind_a_signature_are_removed(anchored: FlaskClient) -> None:
    text = b64encode(b64decode(cms(ivan())) + bytes(8)).decode()
    assert ask(anchored, cms=text) is ask(anchored)
