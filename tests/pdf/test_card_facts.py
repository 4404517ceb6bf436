"""What the pages of a card say of revocation: what counted when it was verified, and nothing else.

Whoever sends a signature may have put any CRLs and OCSP responses into it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pytest

from app.cms import (
    Answer,
    SignatureProfile,
    augment,
    check_for_card,
    every,
    parse_der,
    separate_signer,
)
from app.cms.revocation.values import basic_response, encode_attribute, encode_revocation_values
from app.pdf.cards.contents import CardSignature
from app.pdf.cards.facts import list_facts
from app.wording.sentences import Wording
from tests import pki
from tests.cms.augmenting import STAMPED, evidence, sign
from tests.cms.judging import IVAN, NCA
from tests.pdf.judging import verify_detached
from tests.pki import CONTENT, DAY, Revoked

pytestmark = pytest.mark.attacks

#: Another key in the authority's name.
FORGER = pki.certify(NCA.subject, pki.rsa_key("evil"), None, pki.AUTHORITY)
RESPONSE = "Response of the OCSP responder"
LIST = "List of revoked certificates (CRL)"


def facts_of(
    responses: Sequence[bytes] = (), crls: Sequence[bytes] = ()
) -> list[tuple[str, str | None]]:
    """Return what a card says of a signature into which its sender has put these."""
    values = encode_revocation_values(crls, [basic_response(one) for one in responses])
    own = [encode_attribute(pki.REVOCATION_VALUES, values)] if responses or crls else []
    cms = sign(IVAN, attached=False, unsigned=own)
    made = augment(
        separate_signer(cms, 1), {1: evidence(cms, IVAN.serial)[1]}, SignatureProfile.DDCARD
    )
    signature = parse_der(made)
    [status] = verify_detached(signature, CONTENT)
    assert every(status.whole, check_for_card(signature, (status,))).answer is Answer.YES
    return list_facts(CardSignature(signature, status), Wording())


def crl(
    by: pki.Holder = NCA, *revoked: Revoked, since: datetime, until: datetime = STAMPED + 9 * DAY
) -> bytes:
    return pki.crl(by, *revoked, this_update=since, next_update=until)


def test_what_nobody_signed_is_not_shown() -> None:
    honest = facts_of()
    assert [label for label, _ in honest].count(RESPONSE) == 1
    old = STAMPED - 900 * DAY
    for responses, crls in (
        ([pki.ocsp(FORGER, IVAN.serial, this_update=old)], []),
        ([pki.ocsp(FORGER, IVAN.serial, this_update=STAMPED)], []),
        ([], [crl(FORGER, since=old)]),
        ([], [crl(FORGER, since=STAMPED - DAY)]),
    ):
        assert facts_of(responses, crls) == honest


def test_what_does_not_count_is_not_shown() -> None:
    """It is of another time, or of the sender's choice, though the authority signed it."""
    honest = facts_of()
    assert facts_of([pki.ocsp(NCA, IVAN.serial, this_update=STAMPED - 90 * DAY)]) == honest
    ended = crl(since=STAMPED - 90 * DAY, until=STAMPED - 80 * DAY)
    assert facts_of(crls=[ended]) == honest


def test_a_list_that_has_the_certificate_is_not_said_to_lack_it() -> None:
    later = Revoked(IVAN.serial, STAMPED + 5 * DAY, 1)
    facts = facts_of(crls=[crl(NCA, later, since=STAMPED + 6 * DAY)])
    assert (LIST, None) in facts
    assert ("Status", "the certificate is not in the list") not in facts
    [said] = [value for _, value in facts if value and value.startswith("revoked after")]
    assert f"{STAMPED + 5 * DAY:%d.%m.%Y %H:%M:%S}" in said
