"""POST /cms/validate: is the signature good, and is one of its signers who was asked for?"""

import datetime
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests import pki
from tests.api import people
from tests.api.asking import NEITHER, content_of, message_of
from tests.api.people import BIN, CHIEF_IIN, COMPANY, IIN, chief, cms, ivan
from tests.conftest import AppMaker
from tests.pki import CONTENT, SIGNING_TIME, Holder, Revoked

PERSON = {
    "iin": IIN,
    "bin": None,
    "org_name": None,
    "first_name": "ИВАН",
    "last_name": "ИВАНОВ",
    "mid_name": "ИВАНОВИЧ",
    "gender": "male",
    "email": "ivan@example.kz",
    "birthday": "1990-01-01",
}
CHIEF = {
    "iin": CHIEF_IIN,
    "bin": BIN,
    "org_name": COMPANY,
    "first_name": "АННА",
    "last_name": "ПЕТРОВА",
    "mid_name": None,
    "gender": "female",
    "email": None,
    "birthday": "1985-05-05",
}
DATA = b64encode(CONTENT).decode()


def ask(client: FlaskClient, **fields: Any) -> dict[str, Any]:
    """Ask, and return the content of the success."""
    return content_of(client.post("/cms/validate", json={"cms": cms(ivan()), **fields}))


def refuse(client: FlaskClient, **fields: Any) -> str:
    """Ask, and return the message of the refusal."""
    return message_of(client.post("/cms/validate", json={"cms": cms(ivan()), **fields}))


def answers(written: dict[str, Any]) -> list[str]:
    """Return the three answers."""
    return [written[name]["answer"] for name in ("intact", "valid", "trusted")]


def test_who_signed_is_answered_in_the_words_of_the_original(anchored: FlaskClient) -> None:
    content = ask(anchored)
    assert content["signer"] == PERSON
    assert list(content["signer"]) == list(PERSON)
    assert list(content) == ["signer", "signers", "verification"]


def test_what_can_t_be_read_from_an_iin_is_null(anchored: FlaskClient) -> None:
    subject = pki.name("ТЕСТОВ ТЕСТ", "123456789011")  # No such month.
    tester = pki.certify(subject, pki.rsa_key("ТЕСТОВ"), pki.authority(), pki.PERSON)
    signer = ask(anchored, cms=cms(tester))["signer"]
    assert (signer["birthday"], signer["gender"]) == (None, None)
    nobody = pki.certify(pki.name("ИС"), pki.rsa_key("ИС"), pki.authority(), pki.PERSON)
    signer = ask(anchored, cms=cms(nobody))["signer"]
    assert (signer["iin"], signer["birthday"], signer["gender"]) == (None, None, None)


def test_an_anchor_and_a_crl_make_all_three_answers_yes(
    anchored: FlaskClient, trust_folder: Path
) -> None:
    people.publish(trust_folder)
    content = ask(anchored, verify_ocsp=True, verify_crl="1")
    assert answers(content["verification"]) == ["yes", "yes", "yes"]
    [signer] = content["signers"]
    assert signer["verified"] == {
        "iin": IIN,
        "bin": None,
        "name": "ИВАНОВ ИВАН",
        "organisation": None,
    }
    assert signer["claimed"]["iin"] == IIN


def test_without_revocation_data_trusted_is_unknown_and_nothing_verified(
    anchored: FlaskClient,
) -> None:
    content = ask(anchored)
    assert answers(content["verification"]) == ["yes", "yes", "unknown"]
    assert "no CRL or OCSP response" in content["verification"]["trusted"]["reasons"][0]
    [signer] = content["signers"]
    assert (signer["path"]["answer"], signer["revocation"]["answer"]) == ("yes", "unknown")
    assert signer["verified"] is None


@pytest.mark.parametrize("name", ["verify_ocsp", "verify_crl"])
def test_unknown_revocation_is_refused_where_it_must_be_known(
    anchored: FlaskClient, name: str
) -> None:
    assert "no CRL or OCSP response about ИВАНОВ ИВАН" in refuse(anchored, **{name: True})


def forged(**extra: Any) -> dict[str, Any]:
    """Return a request about a self-made certificate with another person's IIN."""
    infos = [pki.signer_info(people.impostor())]
    listed = [people.impostor(), people.impostor_authority()]
    return {"cms": b64encode(pki.signed_data(infos, listed)).decode(), **extra}


#: All requirements that a signer with correct certificates meets.
ASKED: list[dict[str, Any]] = [
    {},
    {"iin": IIN},
    {"rule": "individual"},
    {"rule": ["iin", "sign", "individual"], "iin": IIN},
    {"constraints": [{"iin": IIN}]},
    {"constraints": {"rule": "sign"}, "iin": IIN},
    {"checked_at": "2025-06-02"},
]
NO_ANCHOR = "Whether the certificate is legal can't be determined: no trust anchor is set up"


@pytest.mark.parametrize("asked", ASKED)
def test_without_anchors_claims_are_refused(unanchored: FlaskClient, asked: dict[str, Any]) -> None:
    assert refuse(unanchored, **asked) == NO_ANCHOR
    assert refuse(unanchored, **forged(**asked)) == NO_ANCHOR


def test_without_anchors_all_kinds_of_claims_are_refused(unanchored: FlaskClient) -> None:
    assert refuse(unanchored, cms=cms(chief()), bin=BIN, rule=["bin", "ceo"]) == NO_ANCHOR
    assert refuse(unanchored, cms=cms(ivan(), chief()), iin=IIN) == NO_ANCHOR
    assert refuse(unanchored, cms=pki.sign_xml()) == NO_ANCHOR
    assert refuse(unanchored, cms=cms(ivan(), attached=False), data=DATA) == NO_ANCHOR
    assert refuse(unanchored, cms=cms(ivan(), stamped=True)) == NO_ANCHOR


@pytest.mark.parametrize("asked", ASKED)
def test_claims_pass_if_the_setting_says_so_and_the_answer_shows_it(
    claiming: FlaskClient, asked: dict[str, Any]
) -> None:
    for content in (ask(claiming, **asked), ask(claiming, **forged(**asked))):
        assert answers(content["verification"]) == ["yes", "yes", "unknown"]
        assert content["signers"][0]["verified"] is None
        assert content["signer"]["iin"] == IIN


def test_claims_that_pass_must_be_those_that_are_requested(claiming: FlaskClient) -> None:
    assert refuse(claiming, iin=CHIEF_IIN) == "cms: signer 1 does not pass: iin"
    assert refuse(claiming, constraints=[{"bin": BIN}]) == "cms: signer 1 does not pass: bin"
    assert "revocation can't be determined" in refuse(claiming, verify_crl=True)
    for late in (cms(people.expired()), cms(people.expired(), stamped=True)):
        assert "was valid only until 2025-12-31" in refuse(claiming, cms=late)
    assert "is not what was signed" in refuse(claiming, cms=people.altered_cms(ivan()))
    assert "does not verify with the certificate's key" in refuse(
        claiming, cms=people.forged_cms(ivan())
    )


@pytest.mark.parametrize("claims", ["refuse", "accept"])
@pytest.mark.parametrize("anchor", [people.impostor_authority, chief, pki.authority])
def test_with_anchors_a_certificate_that_reaches_none_is_refused(
    start_app: AppMaker, sqlite_url: str, tmp_path: Path, claims: str, anchor: Callable[[], Holder]
) -> None:
    folder = people.trust(tmp_path / "other", anchor())
    app = start_app(DATABASE_URL=sqlite_url, TRUST_DIR=str(folder), CLAIMS=claims)
    given = forged() if anchor is pki.authority else {"cms": cms(ivan())}
    for asked in ASKED:
        assert refuse(app.test_client(), **{**given, **asked}).startswith("cms: signer 1: ")


def test_an_anchor_that_can_t_be_read_is_none(
    start_app: AppMaker, sqlite_url: str, tmp_path: Path
) -> None:
    (tmp_path / "broken.cer").write_bytes(b"no certificate")
    app = start_app(DATABASE_URL=sqlite_url, TRUST_DIR=str(tmp_path))
    assert refuse(app.test_client(), iin=IIN) == NO_ANCHOR


def test_one_of_two_signers_who_reaches_no_anchor_is_enough(anchored: FlaskClient) -> None:
    key = pki.rsa_key("ЧУЖОЙ")
    stranger = pki.certify(pki.name("ЧУЖОЙ", IIN), key, people.impostor_authority(), pki.PERSON)
    infos = [pki.signer_info(ivan()), pki.signer_info(stranger)]
    listed = [ivan(), pki.authority(), stranger, people.impostor_authority()]
    text = b64encode(pki.signed_data(infos, listed)).decode()
    assert refuse(anchored, cms=text, iin=IIN).startswith("cms: signer 2: the chain ends with NCA")


def test_a_signature_of_another_content_is_refused(unanchored: FlaskClient) -> None:
    message = refuse(unanchored, cms=people.altered_cms(ivan()))
    assert message.startswith("cms: signer 1: the content is not what was signed")


def test_a_signature_that_is_not_of_the_certificate_s_key_is_refused(
    unanchored: FlaskClient,
) -> None:
    message = refuse(unanchored, cms=people.forged_cms(ivan()))
    assert message.startswith(
        "cms: signer 1: the signature does not verify with the certificate's key"
    )


def test_one_bad_signer_of_two_is_enough(anchored: FlaskClient) -> None:
    infos = [pki.signer_info(chief()), pki.signer_info(ivan(), sign=b"another")]
    listed = [chief(), ivan(), pki.authority()]
    text = b64encode(pki.signed_data(infos, listed)).decode()
    assert refuse(anchored, cms=text, bin=BIN).startswith("cms: signer 2: the signature")


def test_an_algorithm_that_is_not_known_is_no_yes(unanchored: FlaskClient) -> None:
    info = pki.signer_info(ivan(), algorithm="1.2.643.2.2.3")
    text = b64encode(pki.signed_data([info], [ivan(), pki.authority()])).decode()
    assert "is not supported" in refuse(unanchored, cms=text)


def test_a_detached_signature_needs_its_content(anchored: FlaskClient) -> None:
    detached = cms(ivan(), attached=False)
    assert '"data" parameter must be set' in refuse(anchored, cms=detached)
    assert '"data" parameter must be set' in refuse(anchored, cms=detached, data="")
    content = ask(anchored, cms=detached, data=DATA)
    assert answers(content["verification"]) == ["yes", "yes", "unknown"]
    other = b64encode(b"another").decode()
    assert "is not what was signed" in refuse(anchored, cms=detached, data=other)


def test_content_beside_an_attached_one_must_be_the_same(anchored: FlaskClient) -> None:
    assert ask(anchored, data=DATA)["signer"] == PERSON
    message = refuse(anchored, data=b64encode(b"another").decode())
    assert message == "cms: signer 1: the content given is not the one attached"


@pytest.mark.parametrize("data", ["текст", "a", "ab=c"])
def test_content_that_is_not_base64_is_refused_by_its_name(
    anchored: FlaskClient, data: str
) -> None:
    assert refuse(anchored, data=data) == NEITHER


def test_an_xml_signature_passes_too_and_takes_no_content(
    unanchored: FlaskClient, claiming: FlaskClient
) -> None:
    xml = pki.sign_xml()
    assert ask(claiming, cms=xml)["signer"]["iin"] == "900101300017"
    assert "is its own content" in refuse(unanchored, cms=xml, data=DATA)
    assert refuse(unanchored, cms=xml.replace("test", "tost")).startswith("cms: signer 1: ")


@pytest.mark.parametrize(
    "asked",
    [
        {"iin": IIN},
        {"rule": "individual"},
        {"rule": ["individual"]},
        {"rule": "sign"},
        {"iin": IIN, "rule": ["iin", "sign", "individual"]},
        {"rule": []},
        {"rule": ""},
        {"rule": None, "constraints": None, "iin": None},
    ],
)
def test_rules_that_hold(anchored: FlaskClient, asked: dict[str, Any]) -> None:
    assert ask(anchored, **asked)["signer"] == PERSON


@pytest.mark.parametrize(
    "asked",
    [
        {"bin": BIN, "rule": "bin"},
        {"rule": ["auth", "sign"]},
        {"rule": ["ceo", "organisation"]},
        {"iin": CHIEF_IIN, "bin": BIN, "rule": ["iin", "bin", "ceo"]},
    ],
)
def test_rules_that_hold_for_the_head_of_a_company(
    anchored: FlaskClient, asked: dict[str, Any]
) -> None:
    assert ask(anchored, cms=cms(chief()), **asked)["signer"] == CHIEF


@pytest.mark.parametrize(
    ("asked", "failing"),
    [
        ({"iin": CHIEF_IIN}, "iin"),
        ({"bin": BIN}, "bin"),
        ({"rule": "auth"}, "auth"),
        ({"rule": "employee"}, "employee"),
        ({"rule": ["sign", "organisation", "ceo"]}, "organisation, ceo"),
        ({"iin": CHIEF_IIN, "rule": ["individual", "iin"]}, "iin"),
    ],
)
def test_rules_that_do_not_hold_are_named(
    anchored: FlaskClient, asked: dict[str, Any], failing: str
) -> None:
    assert refuse(anchored, **asked) == f"cms: signer 1 does not pass: {failing}"


def test_all_rules_must_hold_for_one_and_the_same_signer(anchored: FlaskClient) -> None:
    both = cms(ivan(), chief())
    content = ask(anchored, cms=both, bin=BIN, rule=["ceo"])
    assert content["signer"] == CHIEF
    assert [signer["claimed"]["iin"] for signer in content["signers"]] == [IIN, CHIEF_IIN]
    assert ask(anchored, cms=both)["signer"] == PERSON
    assert refuse(anchored, cms=both, iin=IIN, rule="ceo") == "cms: signer 1 does not pass: ceo"


def test_one_of_several_constraints_is_enough(anchored: FlaskClient) -> None:
    good = {"iin": IIN, "rule": ["iin", "individual"]}
    bad = {"iin": CHIEF_IIN, "bin": BIN, "rule": "ceo"}
    assert ask(anchored, constraints=[bad, good])["signer"] == PERSON
    assert ask(anchored, constraints=good)["signer"] == PERSON
    message = refuse(anchored, constraints=[bad, {"rule": "auth"}])
    assert message == "cms: signer 1 does not pass: auth"


def test_what_is_asked_beside_constraints_must_hold_too(anchored: FlaskClient) -> None:
    assert ask(anchored, rule="sign", constraints=[{"iin": IIN}])["signer"] == PERSON
    assert "auth" in refuse(anchored, rule="auth", constraints=[{"iin": IIN}])


@pytest.mark.parametrize(
    "constraints",
    ["x", 1, [{}], ["iin"], [{"inn": IIN}], [{"iin": IIN}, {"iin": ""}], [[]]],
)
def test_a_constraint_that_everyone_would_pass_is_refused(
    anchored: FlaskClient, constraints: Any
) -> None:
    assert '"constraints" parameter must' in refuse(anchored, constraints=constraints)


@pytest.mark.parametrize("constraints", [[], {}, "", None])
def test_empty_constraints_are_none(anchored: FlaskClient, constraints: Any) -> None:
    assert ask(anchored, constraints=constraints, iin=IIN)["signer"] == PERSON


def test_constraints_with_a_gap_are_a_list(anchored: FlaskClient) -> None:
    assert ask(anchored, constraints={"0": {"rule": "auth"}, "2": {"iin": IIN}})["signer"] == PERSON
    assert "everybody" not in refuse(anchored, constraints={"0": {"rule": "auth"}, "2": {"bin": 1}})


def test_constraints_have_a_limit(anchored: FlaskClient) -> None:
    assert "1 to 200 items" in refuse(anchored, constraints=[{"iin": IIN}] * 201)
    assert ask(anchored, constraints=[{"iin": IIN}] * 200)["signer"] == PERSON


@pytest.mark.parametrize("rule", ["chief", ["iin", "CEO"], 1, {"rule": "ceo"}, [["ceo"]], True])
def test_an_unknown_rule_is_refused(anchored: FlaskClient, rule: Any) -> None:
    assert refuse(anchored, rule=rule, iin=IIN) == people.WHICH_RULES


@pytest.mark.parametrize("name", ["iin", "bin"])
def test_a_rule_about_a_number_needs_the_number(anchored: FlaskClient, name: str) -> None:
    assert refuse(anchored, rule=name) == f'"{name}" parameter must be set'
    assert refuse(anchored, constraints=[{"rule": name}]) == f'"{name}" parameter must be set'


def test_parameters_may_come_in_the_query_string(anchored: FlaskClient) -> None:
    query = f"iin={IIN}&rule=iin&rule[]=individual"
    response = anchored.post(f"/cms/validate?{query}", json={"cms": cms(ivan())})
    assert content_of(response)["signer"] == PERSON


@pytest.mark.parametrize("half", [{"document": "doc"}, {"thread": "main"}, {"chain": "main"}])
def test_half_an_address_names_no_stored_signature(
    anchored: FlaskClient, half: dict[str, str]
) -> None:
    message = message_of(anchored.post("/cms/validate", json=half))
    assert message == '"Thread" and "document" parameters must be set'


def test_a_signature_must_be_given(anchored: FlaskClient) -> None:
    assert message_of(anchored.post("/cms/validate")) == '"cms" parameter must be set'
    assert refuse(anchored, cms="nonsense!").startswith("cms: ")


def test_an_expired_certificate_is_judged_as_of_the_time_given(anchored: FlaskClient) -> None:
    late = cms(people.expired())
    assert "was valid only until 2025-12-31" in refuse(anchored, cms=late)
    content = ask(anchored, cms=late, checked_at="2025-12-30 00:00:00")
    assert content["verification"]["checked_at"] == "2025-12-30T00:00:00Z"
    [signer] = content["signers"]
    assert signer["decisive_time"] == "2025-12-30T00:00:00Z"
    assert signer["decisive_time_source"] == "checked_at"
    assert "was valid only from" in refuse(anchored, checked_at="2020-01-01T00:00:00Z")


def test_a_timestamp_decides_where_it_holds(anchored: FlaskClient, unanchored: FlaskClient) -> None:
    stamped = cms(people.expired(), stamped=True)
    [signer] = ask(anchored, cms=stamped)["signers"]
    assert signer["decisive_time_source"] == "timestamp"
    assert signer["decisive_time"] == "2025-06-01T12:00:00Z"
    assert signer["timestamp"]["answer"] == "yes"
    assert signer["timestamp"]["claimed"] == {
        "time": "2025-06-01T12:00:00Z",
        "policy": "1.2.398.3.3.2.6.4",
        "serial_number": "-7",
        "authority": "TSA",
    }
    # Its TSA isn't trusted here, so its time is only a claim.
    assert "was valid only until 2025-12-31" in refuse(unanchored, cms=stamped)


def test_times_are_in_the_zone_of_the_server(
    start_app: AppMaker, sqlite_url: str, trust_folder: Path
) -> None:
    app = start_app(DATABASE_URL=sqlite_url, TRUST_DIR=str(trust_folder), TIMEZONE="Asia/Almaty")
    client = app.test_client()
    for given, checked in (
        ("2025-06-01 12:00:00", "2025-06-01T07:00:00Z"),
        ("2025-06-01T12:00:00Z", "2025-06-01T12:00:00Z"),
        ("2025-06-01T12:00:00+02:00", "2025-06-01T10:00:00Z"),
        ("2025-06-01", "2025-05-31T19:00:00Z"),
    ):
        content = ask(client, checked_at=given)
        assert content["verification"]["checked_at"] == checked
    assert '"checked_at" parameter' in refuse(client, checked_at="yesterday")
    assert '"checked_at" parameter' in refuse(client, checked_at="0001-01-01 00:00:00")


def test_now_is_the_time_where_none_is_given(anchored: FlaskClient) -> None:
    content = ask(anchored, checked_at="")
    assert content["signers"][0]["decisive_time_source"] == "now"
    checked = datetime.datetime.fromisoformat(content["verification"]["checked_at"])
    assert abs(datetime.datetime.now(datetime.UTC) - checked) < datetime.timedelta(minutes=1)


def test_a_certificate_revoked_before_is_refused_and_one_revoked_later_is_not(
    anchored: FlaskClient, trust_folder: Path
) -> None:
    people.publish(trust_folder, Revoked(ivan().serial, SIGNING_TIME))
    assert "was revoked on 2025-06-01 12:00:00 UTC" in refuse(anchored)
    before = (SIGNING_TIME - datetime.timedelta(hours=1)).isoformat()
    assert ask(anchored, checked_at=before, verify_crl=True)["signer"] == PERSON


def test_reasons_are_in_the_client_s_language(anchored: FlaskClient) -> None:
    for language in ("en", "ru", "kk"):
        headers = {"Accept-Language": language}
        response = anchored.post("/cms/validate", json={"cms": cms(ivan())}, headers=headers)
        assert response.headers["Content-Language"] == language
        assert content_of(response)["verification"]["trusted"]["reasons"]


def test_zero_bytes_behind_a_signature_are_removed(anchored: FlaskClient) -> None:
    written = ask(anchored, cms=b64encode(b64decode(cms(ivan())) + bytes(8)).decode())
    assert answers(written["verification"]) == answers(ask(anchored)["verification"])
