"""A signature is parsed once for all that is read from it: counted, not timed."""

from __future__ import annotations

import sys
from base64 import b64encode
from collections import Counter
from collections.abc import Callable
from types import FrameType

import pytest

from app.cms.claims import describe
from app.cms.errors import MalformedSignature
from app.cms.parsing import parse
from app.cms.verification.verifier import Verifier
from tests import der, pki
from tests.cms.judging import AT, IVAN, NCA, ROOT, read
from tests.pki import TIMESTAMP

#: Scans of a signature with a timestamp, of people known: the two SignedData, their keys, and the
#: purpose of the authority's certificate.
MAX_SCANS = 6


def count_calls(function: Callable[[], object]) -> Counter[str]:
    """Count the calls of each function of the library."""
    calls: Counter[str] = Counter()

    def profile(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and "/app/cms/" in frame.f_code.co_filename:
            calls[frame.f_code.co_name] += 1

    sys.setprofile(profile)
    try:
        function()
    finally:
        sys.setprofile(None)
    return calls


def stamped(*certificates: pki.Holder) -> str:
    """Sign with a timestamp, in which these certificates are."""
    value = pki.signature_of(pki.signer_info(IVAN))
    token = pki.timestamp(value, certificates=certificates)
    info = pki.signer_info(IVAN, unsigned=[der.attribute(TIMESTAMP, token)], signature=value)
    return b64encode(pki.signed_data([info], [IVAN, NCA])).decode()


@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize(
    ("certificates", "at_hand"), [([pki.stamper()], []), ([], [pki.stamper()])]
)
def test_each_signed_data_is_parsed_once(
    certificates: list[pki.Holder], at_hand: list[pki.Holder]
) -> None:
    text, verifier = stamped(*certificates), Verifier(read(ROOT), intermediates=read(*at_hand))

    def verify() -> None:
        signature = parse(text)
        [signer] = describe(signature)
        assert signer.timestamp
        [status] = verifier.verify(signature, at=AT)
        assert status.decisive_time_source == "timestamp"

    verify()
    calls = count_calls(verify)
    assert calls["parse_signed_data"] == 2
    assert calls["scan"] <= MAX_SCANS


@pytest.mark.usefixtures("untraced")
def test_a_certificate_is_scanned_once() -> None:
    """Names and extensions are scanned apart, when they are asked for."""
    who = pki.certify(pki.name("НОВЫЙ НОВИК"), IVAN.key, NCA, pki.PERSON)
    calls = count_calls(lambda: read(who))
    assert (calls["parse"], calls["scan"]) == (1, 1)


def test_a_token_has_its_certificate_only_once_it_is_looked_for() -> None:
    parsed = parse(stamped(pki.stamper()))
    [signer] = describe(parsed)
    [of_token] = signer.tokens[0].signed_data.signers
    assert signer.tokens[0].signed_data is signer.tokens[0].signed_data
    with pytest.raises(MalformedSignature, match="certificate is not embedded"):
        _ = of_token.certificate
    found = of_token.find_certificate(signer.tokens[0].signed_data.certificate_set)
    assert found == read(pki.stamper())[0]
