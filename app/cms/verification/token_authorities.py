"""The certificates that a timestamp token may mean by its SignerIdentifier."""

from collections.abc import Iterator, Sequence
from itertools import islice

from app.cms.budget import Budget
from app.cms.errors import TooCostly
from app.cms.signed_data.certificate_set import CertificateSource
from app.cms.signed_data.contents import Content
from app.cms.signed_data.signer_info import MAX_CANDIDATES
from app.cms.signed_data.signing_certificate import check_signing_certificate, names_one
from app.cms.signed_data.timestamp_token import TimestampToken
from app.cms.signed_data.verification import check_key
from app.cms.verdict import Answer
from app.cms.x509.certificate import Certificate

# Cost, in the unit of `budget`, of searching for a certificate in one place, and that of each 1,000
# bytes of the token; and of looking at one certificate.
_COST_OF_SEARCH = (100, 50)
_COST_OF_READING = 150


def list_candidates(
    token: TimestampToken, elsewhere: Sequence[CertificateSource], budget: Budget
) -> Iterator[Certificate]:
    """Return the certificates that a token may mean, from itself first, then from elsewhere.

    If a signed ESSCertID names one of them (RFC 5816), it is the only one. One that it does not
    name is returned if there is no other, and only if the token was signed with its key: otherwise
    anyone may have added it. Raises TooCostly or one of DAMAGE.
    """
    parsed = token.signed_data
    signer = parsed.signers[0]
    attributes = signer.signed_attributes or {}
    has_name = names_one(attributes)
    unnamed: list[Certificate] = []
    count = 0
    for one in _list_all(token, elsewhere, budget):
        named = check_signing_certificate(attributes, one, budget)
        if named.answer is Answer.NO:
            unnamed.append(one)
            continue
        if count == MAX_CANDIDATES:
            raise TooCostly("there are too many certificates to try")
        count += 1
        yield one
        if has_name and named.answer is Answer.YES:
            return
    if not count:
        content = Content(parsed.content, budget)
        signed = (one for one in unnamed if _is_signed_by(token, one, content, budget))
        yield from islice(signed, 1)


def _list_all(
    token: TimestampToken, elsewhere: Sequence[CertificateSource], budget: Budget
) -> Iterator[Certificate]:
    """Return what the SignerIdentifier fits, each once."""
    parsed = token.signed_data
    seen: set[Certificate] = set()
    for source in (parsed.certificate_set, *elsewhere):
        budget.spend(_COST_OF_SEARCH[0] + token.node.size * _COST_OF_SEARCH[1] // 1000)
        for one in parsed.signers[0].list_certificates(source):
            if one not in seen:
                seen.add(one)
                budget.spend(_COST_OF_READING)
                yield one


def _is_signed_by(
    token: TimestampToken, authority: Certificate, content: Content, budget: Budget
) -> bool:
    signer = token.signed_data.signers[0]
    return check_key(signer, authority, content, budget).answer is Answer.YES
