"""What NCANode's issue tracker complains of, and what is answered here: docs/ncanode3.md's table.

Each test has the numbers of its issues in its name; a test compares them with the table.
"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests import der, pki
from tests.api import people
from tests.api.ncanode3.asking import BOTH, ask, base64, refusal, results, the_certificate
from tests.api.people import chief, cms, expired, ivan
from tests.pki import CONTENT, SIGNING_TIME, Holder, crl_at, ocsp_at
from tests.trust.asking import crl, pem, person
from tests.trust.serving import Site

TABLE = Path(__file__).parents[3] / "docs" / "ncanode3.md"
DAY = timedelta(days=1)


def stamped(who: Holder, *tokens: bytes) -> bytes:
    """Return a SignerInfo with these timestamps, of its own value if none is given."""
    value = pki.signature_of(pki.signer_info(who))
    listed = tokens or (pki.timestamp(value),)
    unsigned = [der.attribute(pki.TIMESTAMP, token) for token in listed]
    return pki.signer_info(who, unsigned=unsigned, signature=value)


def together(*infos: bytes) -> str:
    """Return a CMS with these SignerInfos, and each certificate several times."""
    certificates = [chief(), ivan(), pki.authority()]
    return base64(pki.signed_data(infos, certificates))


def test_each_signer_has_one_certificate_177(anchored: FlaskClient) -> None:
    answer = ask(anchored, "/cms/verify", cms=cms(ivan(), chief()))
    assert [len(signer["certificates"]) for signer in answer["signers"]] == [1, 1]
    iins = [signer["certificates"][0]["subject"]["iin"] for signer in answer["signers"]]
    assert iins == [people.IIN, people.CHIEF_IIN]


def test_a_timestamp_decides_as_of_when_a_certificate_is_judged_225_73_103_55(
    anchored: FlaskClient,
) -> None:
    answer = ask(anchored, "/cms/verify", cms=cms(expired(), stamped=True))
    assert (answer["valid"], the_certificate(answer)["valid"]) == (True, True)
    without = ask(anchored, "/cms/verify", cms=cms(expired()))
    assert without["valid"] is False
    # With a timestamp from after the end, it is not.
    value = pki.signature_of(pki.signer_info(expired()))
    late = stamped(expired(), pki.timestamp(value, people.ENDED + DAY))
    signed = pki.signed_data([late], [expired(), pki.authority()])
    assert ask(anchored, "/cms/verify", cms=base64(signed))["valid"] is False


def test_each_signer_keeps_a_timestamp_of_its_own_183_182(anchored: FlaskClient) -> None:
    infos = []
    for days, who in enumerate((chief(), ivan())):
        value = pki.signature_of(pki.signer_info(who))
        infos.append(stamped(who, pki.timestamp(value, SIGNING_TIME + days * DAY)))
    answer = ask(anchored, "/cms/verify", cms=together(*infos))
    times = [signer["tsp"]["genTime"][:10] for signer in answer["signers"]]
    assert (times, answer["valid"]) == (["2025-06-01", "2025-06-02"], True)


def test_a_certificate_may_have_no_extended_key_usage_161(anchored: FlaskClient) -> None:
    who = pki.certify(
        pki.name("БЕЗ EKU", people.IIN), pki.rsa_key("eku"), pki.authority(), pki.PERSON[:1]
    )
    answer = ask(anchored, "/cms/verify", cms=cms(who))
    assert (answer["valid"], the_certificate(answer)["keyUser"]) == (True, [])


def test_of_several_timestamps_the_earliest_good_one_counts_159(anchored: FlaskClient) -> None:
    value = pki.signature_of(pki.signer_info(ivan()))
    good = [pki.timestamp(value, SIGNING_TIME + days * DAY) for days in (2, 1)]
    info = stamped(ivan(), pki.timestamp(b"another", SIGNING_TIME), *good)
    answer = ask(anchored, "/cms/verify", cms=together(info))
    assert answer["valid"] is True
    assert answer["signers"][0]["tsp"]["genTime"] == "2025-06-02T12:00:00.000+00:00"


@pytest.mark.parametrize("status", [500, 404])
def test_a_responder_that_fails_is_no_revocation_and_no_crash_198_144_158_184(
    asking: FlaskClient, site: Site, status: int
) -> None:
    down = site.serve("/ocsp", status=status)
    alone = person(ocsp_at(down))
    answer = ask(asking, "/cms/verify", cms=cms(alone), revocationCheck=["OCSP"])
    assert (answer["valid"], results(answer)) == (False, [("OCSP", "UNAVAILABLE")])
    assert down in answer["message"] or "at hand" in answer["message"]
    helped = person(ocsp_at(down), crl_at(site.serve("/nca.crl", crl())), name="ПЕТРОВА АННА")
    answer = ask(asking, "/cms/verify", cms=cms(helped), revocationCheck=BOTH)
    assert answer["valid"] is True
    # Where nothing is asked, it is no matter.
    assert ask(asking, "/cms/verify", cms=cms(alone))["valid"] is True


def test_other_content_is_named_as_such_208(anchored: FlaskClient) -> None:
    detached = cms(ivan(), attached=False)
    message = refusal(anchored, "/cms/verify", cms=detached, data=base64(b"another"))
    assert "content hash found in signed attributes different" in message


def test_a_detached_signature_needs_its_content_162(anchored: FlaskClient) -> None:
    detached = cms(ivan(), attached=False)
    message = refusal(anchored, "/cms/verify", cms=detached)
    assert message.startswith('"data" parameter must be set')
    assert ask(anchored, "/cms/verify", cms=detached, data=base64(CONTENT))["valid"] is True


def test_a_certificate_may_be_base64_of_pem_201(anchored: FlaskClient) -> None:
    text = base64(pem(ivan().certificate, line_end="\r\n"))
    assert ask(anchored, "/x509/info", certs=[text])["valid"] is True


def test_each_complaint_has_its_row_and_its_test() -> None:
    tests = set(re.findall(r"_(\d{2,3})(?=[_(])", Path(__file__).read_text(encoding="utf-8")))
    rows = set(re.findall(r"#(\d{2,3})", TABLE.read_text(encoding="utf-8")))
    assert rows == tests
    assert len(rows) == 16
