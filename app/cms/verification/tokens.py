"""Timestamp tokens on a signature (RFC 3161): verification of what they attest.

A token proves when a signature existed only if it is over that signature's value, has a valid
signature itself, and comes from a TSA whose path leads to an anchor. Otherwise its time proves no
more than the signer's own claim, and isn't used.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app.cms.algorithms.dates import broken_digest, broken_signature
from app.cms.asn1.node import DAMAGE, read_node
from app.cms.budget import Budget
from app.cms.errors import MalformedSignature, TooCostly, Undecidable
from app.cms.path.issuers import Authorities
from app.cms.path.occasions import Interval, is_future
from app.cms.path.purposes import TIME_STAMPING
from app.cms.path.rules import doubt_broken, title
from app.cms.path.strength import weigh_token
from app.cms.signed_data.certificate_set import CertificateSource
from app.cms.signed_data.contents import Content, KnownDigest
from app.cms.signed_data.parsing import SignedData
from app.cms.signed_data.timestamp_token import TimestampClaims, TimestampToken
from app.cms.signed_data.verification import check_signer
from app.cms.verdict import YES, Answer, Verdict, every, no, unknown
from app.cms.verification.judged_paths import JudgedPath, rank
from app.cms.verification.status import TimestampStatus
from app.cms.verification.token_authorities import list_candidates
from app.cms.x509 import certificate as x509
from app.cms.x509.certificate import Certificate, MalformedExtension

# Costs in the unit of `budget`, and those of each 1,000 bytes of a token: of scanning one that
# stands alone, and of reading its signers.
_COST_OF_SCAN = (20, 150)
_COST_OF_READING = (400, 300)

_MALFORMED = no("the timestamp token is malformed")
_OTHER_SIGNATURE = no("the timestamp's message imprint is of another signature")
_OTHER_DIGEST = no("the timestamp's message imprint is another digest")
_NOT_AT_HAND = unknown(
    "the certificate of the timestamp authority is neither in the token nor at hand"
)
_NOT_CANONICAL = unknown("the signature value that the timestamp is over can't be canonicalised")
# For a TSA whose revocation was not checked.
_UNASKED = Verdict(Answer.UNKNOWN)

Judge = Callable[[Certificate, Interval, Authorities], JudgedPath]
"""Returns whether a TSA's certificate led to an anchor at some time, and whether it was revoked.
More certificates to search for issuers come with the token.
"""


@dataclass(frozen=True, slots=True)
class TokenCase:
    """The inputs of examining the tokens of one signature.

    `at` is when they are known to exist: the algorithms of a token are judged as of then. Its
    genTime can't be used for that, since anyone who can forge its signature today can backdate it.
    `now` is the time of verification, if known: no genuine one is later. `elsewhere` are further
    places to search for the TSA's certificate, if the token lacks it.
    """

    judge: Judge
    budget: Budget
    at: datetime
    elsewhere: Sequence[CertificateSource] = ()
    now: datetime | None = None
    #: When those in the signature are known to exist, if a certificate that had ended by then
    #: speaks against them.
    known: datetime | None = None


def check_token(
    der: bytes, stamped: bytes | KnownDigest | None, case: TokenCase
) -> TimestampStatus:
    """Check an encoded token on the signature value `stamped`, as one in a signature is.

    None if that is not known.
    """
    if stamped is None:
        return TimestampStatus(None, None, None, _NOT_CANONICAL, None, _UNASKED)
    try:
        case.budget.spend(_cost(_COST_OF_SCAN, len(der)))
        token = TimestampToken(read_node(der))
    except TooCostly as error:
        return TimestampStatus(None, None, None, _refuse(error), None, _UNASKED)
    except MalformedSignature:
        return TimestampStatus(None, None, None, _MALFORMED, None, _UNASKED)
    return check_timestamp(token, stamped, case)


def check_timestamp(
    token: TimestampToken, stamped: bytes | KnownDigest, case: TokenCase
) -> TimestampStatus:
    """Check a token on a signature value, or on what has a known digest, in these steps.

    1. read the token; its content is a TSTInfo, and it has one signer (RFC 3161 section 2.4.2); 2.
    compare the imprint with what was stamped (appendix A); 3. check the token's own signature
    (RFC 5652 section 5.6); 4. check that its certificate is for timestamps (RFC 3161 section 2.3);
    5. find the TSA's path to an anchor, and whether it was revoked.
    """
    # Step 1.
    try:
        claims = token.claims
    except DAMAGE:
        return TimestampStatus(None, None, None, _MALFORMED, None, _UNASKED)
    try:
        case.budget.spend(_cost(_COST_OF_READING, token.node.size))
        if several := _refuse_several(token.signed_data):
            return _conclude(claims, several)
        verdict = every(
            # Step 2.
            _check_imprint(claims, stamped, case.budget),
            _check_info(claims),
            _check_time(claims, case),
        )
        return _check_by_any(token, claims, verdict, case)
    except (TooCostly, *DAMAGE) as error:
        return _conclude(claims, _refuse(error))


def _check_by_any(
    token: TimestampToken, claims: TimestampClaims, verdict: Verdict, case: TokenCase
) -> TimestampStatus:
    """Check a token by the certificate that it names, or by any that may be meant.

    Anyone can add one with the same issuer and serial number. So one that fails speaks against no
    other one. Raises TooCostly or one of DAMAGE.
    """
    best: TimestampStatus | None = None
    for authority in list_candidates(token, case.elsewhere, case.budget):
        status = _check_by(token, claims, authority, verdict, case)
        if best is None or rank(status.verdict) < rank(best.verdict):
            best = status
        if status.verdict.answer is Answer.YES:
            break
    return best or _conclude(claims, _NOT_AT_HAND)


def _check_by(
    token: TimestampToken,
    claims: TimestampClaims,
    authority: Certificate,
    verdict: Verdict,
    case: TokenCase,
) -> TimestampStatus:
    """Check a token by one certificate; `verdict` is about all that depends on none."""
    verdict = every(
        verdict,
        # Step 3.
        _check_signature(token.signed_data, authority, case),
        # Step 4.
        _check_purpose(authority),
    )
    if verdict.answer is not Answer.YES:
        return _conclude(claims, verdict, authority)
    return _judge_authority(token, claims, authority, verdict, case)


def _judge_authority(
    token: TimestampToken,
    claims: TimestampClaims,
    authority: Certificate,
    verdict: Verdict,
    case: TokenCase,
) -> TimestampStatus:
    """Complete the status of a token that is good by itself, `verdict`: step 5."""
    proven = Interval.around(claims.gen_time, claims.accuracy)
    judged = case.judge(authority, proven, token.signed_data.certificate_set)
    path, found = judged.path, judged.revocation
    revocation = found.verdict
    if revocation.answer is Answer.UNKNOWN and path.verdict.answer is Answer.YES:
        # A remark only, or no timestamp would ever be valid without CRLs.
        revocation = Verdict(Answer.YES, revocation.reasons)
    status = _conclude(claims, every(verdict, path.verdict, revocation), authority, found.verdict)
    status = replace(status, chain=path.chain, findings=found.findings, other_chains=judged.others)
    ended = YES if case.known is None else _check_end(status, case.known)
    return replace(status, verdict=every(status.verdict, ended))


def _check_end(status: TimestampStatus, known: datetime) -> Verdict:
    """Return unknown for a timestamp that is not known to have existed before its path ended.

    `known` is when it is known to exist. Once a certificate has ended, no authority says any more
    whether its key was stolen, and a holder of that key may have dated a token back (ETSI EN 319
    102-1 section 5.6.2.4).
    """
    authority, ends_at = status.authority, status.ends_at
    # It is valid to the end of its last second.
    if authority is None or ends_at is None or known.replace(microsecond=0) <= ends_at:
        return YES
    return unknown(
        "the certificate of {subject} was valid only until {until}, and nothing shows that the"
        " timestamp existed before then",
        subject=title(authority.subject),
        until=ends_at,
    )


def _check_signature(parsed: SignedData, authority: Certificate, case: TokenCase) -> Verdict:
    """Check that the TSA signed the token, with algorithms that still count."""
    signer = parsed.signers[0]
    signed = check_signer(signer, authority, Content(parsed.content, case.budget), case.budget)
    method = signer.signature_algorithm, signer.digest_algorithm
    found = broken_digest(signer.digest_algorithm), broken_signature(authority.public_key, *method)
    return weigh_token(every(*signed), found, case.at)


def _conclude(
    claims: TimestampClaims,
    verdict: Verdict,
    authority: Certificate | None = None,
    revocation: Verdict | None = None,
) -> TimestampStatus:
    return TimestampStatus(
        claims.gen_time,
        claims.policy,
        claims.serial_number,
        verdict,
        authority,
        revocation or _UNASKED,
        imprint_algorithm=claims.imprint_algorithm,
        imprint=claims.imprint,
        accuracy=claims.accuracy,
    )


def _refuse(error: Exception) -> Verdict:
    """Return the verdict for a token that costs too much (unknown) or is malformed (no)."""
    if isinstance(error, TooCostly):
        return unknown(error.template, **error.values)
    return _MALFORMED


def _cost(rate: tuple[int, int], size: int) -> int:
    return rate[0] + size * rate[1] // 1000


def _refuse_several(parsed: SignedData) -> Verdict | None:
    """Return the verdict on a token of several signers, whose certificates aren't searched."""
    if len(parsed.signers) > 1:
        return no("the timestamp token has {count} signers, not one", count=len(parsed.signers))
    return None


def _check_imprint(
    claims: TimestampClaims, stamped: bytes | KnownDigest, budget: Budget
) -> Verdict:
    """Compare messageImprint with the digest of the signature value, or with the known digest."""
    algorithm = claims.imprint_algorithm
    try:
        if isinstance(stamped, KnownDigest):
            actual, other = stamped.require(algorithm), _OTHER_DIGEST
        else:
            actual, other = budget.digest(algorithm, stamped), _OTHER_SIGNATURE
    except Undecidable as error:
        return unknown(error.template, **error.values)
    if actual != claims.imprint:
        return other
    # An imprint from before its digest broke is of no use to forgers: they would need a second
    # preimage, not a collision.
    return weigh_token(YES, [broken_digest(algorithm)], claims.gen_time)


def _check_info(claims: TimestampClaims) -> Verdict:
    """Return unknown for a TSTInfo that has what is unknown here, or what can't be read."""
    return Verdict(Answer.UNKNOWN, (claims.doubt,)) if claims.doubt else YES


def _check_time(claims: TimestampClaims, case: TokenCase) -> Verdict:
    """Return unknown for a token from the future: the TSA's clock is wrong, or this server's."""
    if is_future(claims.gen_time, case.now):
        return unknown("the timestamp is from the future, by the clock of this server")
    return YES


def _check_purpose(authority: Certificate) -> Verdict:
    """Check the extended key usage, without which any certificate could attest times.

    It must be for timestamps alone, and critical (RFC 3161 section 2.3).
    """
    subject = title(authority.subject)
    try:
        purposes = x509.extended_key_usage(authority)
    except MalformedExtension as error:
        return doubt_broken(authority, error)
    if purposes is None or TIME_STAMPING not in purposes:
        return no("the certificate of {subject} is not for timestamps", subject=subject)
    if len(purposes) > 1 or not authority.extensions[x509.EXTENDED_KEY_USAGE].critical:
        return no("the certificate of {subject} is not for timestamps alone", subject=subject)
    return YES
