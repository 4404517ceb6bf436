"""revocations[]: what each source says, and what `valid` makes of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests import pki
from tests.api import people
from tests.api.ncanode3.asking import BOTH, ask, base64, results, the_certificate
from tests.api.people import cms, ivan
from tests.pki import SIGNING_TIME, Holder, Revoked, crl_at, ocsp_at
from tests.trust.asking import HOUR, LONG_AGO, Responder, crl, now, person
from tests.trust.serving import Site

MEMBERS = ["revoked", "by", "revocationTime", "reason", "result"]


def signed(who: Holder, *, stamped: bool = False) -> str:
    return base64(pki.sign(who, stamped=stamped).der)


def revoked(serial: int, when: datetime = LONG_AGO, reason: int | None = 1) -> Revoked:
    return Revoked(serial, when, reason)


def test_what_is_asked_and_not_known_is_not_valid_and_the_message_says_why(
    anchored: FlaskClient,
) -> None:
    answer = ask(anchored, "/cms/verify", cms=cms(ivan()), revocationCheck=BOTH)
    why = "no CRL or OCSP response about ИВАНОВ ИВАН is at hand"
    assert (answer["valid"], answer["message"]) == (False, why)
    assert results(answer) == [("CRL", "UNAVAILABLE"), ("OCSP", "UNAVAILABLE")]
    [first, _] = the_certificate(answer)["revocations"]
    assert list(first) == MEMBERS
    assert (first["revoked"], first["revocationTime"], first["reason"]) == (False, None, why)


def test_the_operator_s_crl_answers(anchored: FlaskClient, trust_folder: Path) -> None:
    people.publish(trust_folder)
    answer = ask(anchored, "/cms/verify", cms=cms(ivan()), revocationCheck=BOTH)
    assert (answer["valid"], answer["message"]) == (True, "OK")
    [one] = the_certificate(answer)["revocations"]
    active = {"revoked": False, "by": "CRL", "revocationTime": None, "reason": ""}
    assert one == {**active, "result": "ACTIVE"}


@pytest.mark.parametrize("asked", [BOTH, []])
def test_a_known_revocation_counts_whether_it_was_asked_for_or_not(
    anchored: FlaskClient, trust_folder: Path, asked: list[str]
) -> None:
    people.publish(trust_folder, revoked(ivan().serial))
    answer = ask(anchored, "/cms/verify", cms=cms(ivan()), revocationCheck=asked)
    assert answer["valid"] is False
    assert "was revoked on 2024-06-01" in answer["message"]
    assert the_certificate(answer)["revocations"] == [
        {
            "revoked": True,
            "by": "CRL",
            "revocationTime": "2024-06-01T00:00:00.000+00:00",
            "reason": "KEY_COMPROMISE",
            "result": "REVOKED",
        }
    ]


def test_a_revocation_without_a_reason_has_none(anchored: FlaskClient, trust_folder: Path) -> None:
    people.publish(trust_folder, revoked(ivan().serial, reason=None))
    answer = ask(anchored, "/cms/verify", cms=cms(ivan()))
    assert [one["reason"] for one in the_certificate(answer)["revocations"]] == [""]


def test_a_revocation_after_the_timestamp_does_no_harm(
    anchored: FlaskClient, trust_folder: Path
) -> None:
    people.publish(trust_folder, revoked(ivan().serial, SIGNING_TIME + timedelta(days=30), 5))
    stamped, bare = (
        ask(anchored, "/cms/verify", cms=cms(ivan(), stamped=stamp), revocationCheck=BOTH)
        for stamp in (True, False)
    )
    assert (stamped["valid"], bare["valid"]) == (True, False)
    [one] = the_certificate(stamped)["revocations"]
    assert (one["revoked"], one["result"]) == (False, "ACTIVE")
    assert one["revocationTime"] == "2025-07-01T12:00:00.000+00:00"


def test_a_responder_is_asked(asking: FlaskClient, site: Site) -> None:
    responder = Responder(site)
    who = person(ocsp_at(responder.url))
    answer = ask(asking, "/cms/verify", cms=signed(who), revocationCheck=["OCSP"])
    [one] = the_certificate(answer)["revocations"]
    assert (answer["valid"], one["by"], one["reason"]) == (True, "OCSP", "OK")
    responder.status = revoked(0)
    who = person(ocsp_at(responder.url), name="ПЕТРОВА АННА")
    answer = ask(asking, "/cms/verify", cms=signed(who), revocationCheck=["OCSP"])
    assert (answer["valid"], results(answer)) == (False, [("OCSP", "REVOKED")])


def test_nobody_is_asked_unless_it_is_wanted(asking: FlaskClient, site: Site) -> None:
    who = person(ocsp_at(Responder(site).url))
    assert ask(asking, "/cms/verify", cms=signed(who))["valid"] is True
    assert site.asked == []


def test_a_responder_that_is_down_is_no_obstacle_if_there_is_a_crl(
    asking: FlaskClient, site: Site
) -> None:
    down = site.serve("/ocsp", status=500)
    who = person(ocsp_at(down), crl_at(site.serve("/nca.crl", crl())))
    answer = ask(asking, "/cms/verify", cms=signed(who), revocationCheck=BOTH)
    assert (answer["valid"], answer["message"]) == (True, "OK")
    assert results(answer) == [("CRL", "ACTIVE"), ("OCSP", "UNAVAILABLE")]
    [_, failed] = the_certificate(answer)["revocations"]
    assert failed["reason"] == f"{down} did not return what was requested"


def test_each_responder_that_fails_has_its_entry(asking: FlaskClient, site: Site) -> None:
    places = [site.serve(f"/ocsp/{number}", status=500) for number in (1, 2)]
    answer = ask(asking, "/cms/verify", cms=signed(person(ocsp_at(*places))), revocationCheck=BOTH)
    assert answer["valid"] is False
    assert results(answer) == [
        ("CRL", "UNAVAILABLE"),
        ("OCSP", "UNAVAILABLE"),
        ("OCSP", "UNAVAILABLE"),
    ]


def test_a_responder_that_knows_no_such_certificate(asking: FlaskClient, site: Site) -> None:
    responder = Responder(site)
    responder.status = "unknown"
    who = person(ocsp_at(responder.url), by=pki.authority())
    answer = ask(asking, "/cms/verify", cms=signed(who), revocationCheck=["OCSP"])
    assert answer["valid"] is False
    assert [one["revoked"] for one in the_certificate(answer)["revocations"]] == [False]
    assert results(answer)[0][1] in ("UNKNOWN", "UNAVAILABLE")


def test_an_old_crl_is_expired(anchored: FlaskClient, trust_folder: Path) -> None:
    old = crl(this_update=now() - 2 * HOUR, next_update=now() - HOUR)
    (trust_folder / "old.crl").write_bytes(old)
    answer = ask(anchored, "/cms/verify", cms=cms(ivan()), revocationCheck=["CRL"])
    assert (answer["valid"], results(answer)) == (False, [("CRL", "EXPIRED")])
    [one] = the_certificate(answer)["revocations"]
    assert "is valid only until" in one["reason"]


@pytest.mark.attacks
def test_the_dates_of_what_nobody_signed_are_not_said_to_be_over(anchored: FlaskClient) -> None:
    by = pki.certify(pki.authority().subject, pki.rsa_key("evil"), None, pki.AUTHORITY)
    forged = pki.crl(by, this_update=now() - 2 * HOUR, next_update=now() - HOUR)
    brought = pki.signed_data([pki.signer_info(ivan())], [ivan()], revocation=[forged])
    answer = ask(anchored, "/cms/verify", cms=base64(brought), revocationCheck=["CRL"])
    assert (answer["valid"], results(answer)) == (False, [("CRL", "UNKNOWN")])


def test_of_several_crls_the_one_that_decides_is_shown(
    anchored: FlaskClient, trust_folder: Path
) -> None:
    people.publish(trust_folder)
    old = crl(None, revoked(ivan().serial), this_update=LONG_AGO, next_update=LONG_AGO + HOUR)
    (trust_folder / "old.crl").write_bytes(old)
    answer = ask(anchored, "/cms/verify", cms=cms(ivan()), revocationCheck=BOTH)
    assert (answer["valid"], results(answer)) == (False, [("CRL", "REVOKED")])


def test_a_forged_crl_says_nothing(anchored: FlaskClient, trust_folder: Path) -> None:
    forged = crl(this_update=datetime(2026, 1, 1, tzinfo=UTC), forged=True)
    (trust_folder / "forged.crl").write_bytes(forged)
    answer = ask(anchored, "/cms/verify", cms=cms(ivan()), revocationCheck=["CRL"])
    assert (answer["valid"], results(answer)) == (False, [("CRL", "UNKNOWN")])
