"""What an OCSP response states about one certificate, and whether it may be used (RFC 6960)."""

from collections.abc import Iterator, Sequence

from app.cms.algorithms.dates import Broken, broken_signature, first_broken
from app.cms.budget import Budget
from app.cms.errors import TooCostly, Undecidable
from app.cms.path.occasions import Occasion
from app.cms.path.rules import check_validity, title
from app.cms.revocation.crl_entries import Revoked
from app.cms.revocation.crl_statements import ask_crls
from app.cms.revocation.ocsp import OcspAnswer, OcspResponse
from app.cms.revocation.sources import FRESHNESS, Doubt, RevocationData, Statement
from app.cms.verdict import Answer, Verdict, unknown
from app.cms.x509.certificate import Certificate

# Cost of handling a SingleResponse, and of one about the certificate, in the unit of `budget`.
_COST_OF_ANSWER = 10
_COST_OF_MATCH = 100


def ask_responses(
    certificate: Certificate,
    issuers: Sequence[Certificate],
    source: RevocationData,
    sources: Sequence[RevocationData],
) -> Iterator[Statement | Doubt]:
    """Return the statement of each response of `source` about a certificate, or why there is none.

    `issuers` is its issuer, and others of that name above it, whose CRLs in any of `sources` may
    have revoked the responder.
    """
    for response, answer in source.answers_about(certificate):
        try:
            source.budget.spend(_COST_OF_ANSWER)
            if not answer.about.matches(certificate, issuers[0]):
                continue
            source.budget.spend(_COST_OF_MATCH)
        except TooCostly as error:
            yield _doubt(unknown(error.template, **error.values), response, answer)
            return
        except Undecidable as error:
            yield _doubt(unknown(error.template, **error.values), response, answer)
            continue
        yield _ask_response((response, answer), certificate, issuers, source, sources)


def _ask_response(
    given: tuple[OcspResponse, OcspAnswer],
    certificate: Certificate,
    issuers: Sequence[Certificate],
    source: RevocationData,
    sources: Sequence[RevocationData],
) -> Statement | Doubt:
    """Return the statement of an answer about a certificate."""
    response, answer = given
    issuer = issuers[0]
    try:
        doubt = _doubt_response(response, issuers, source.budget, sources)
        reservation = None if doubt else _doubt_answer(response, answer, issuer, source.budget)
    except Undecidable as error:
        doubt = unknown(error.template, **error.values)
    revoked = answer.status if isinstance(answer.status, Revoked) else None
    if not doubt and not revoked:
        delegated = response.find_signer(issuer, source.budget) != issuer
        doubt = reservation or _doubt_clearance(response, answer, certificate, delegated=delegated)
    if doubt:
        return _doubt(doubt, response, answer)
    return Statement(
        revoked,
        answer.this_update,
        answer.next_update,
        complete=True,
        broken=_find_broken(response, issuer, source.budget),
        by_sender=source.by_sender,
        by_responder=True,
        denied=revoked is not None and response.denies(revoked),
        doubt=reservation,
        signer=response.find_signer(issuer, source.budget),
        found=response,
    )


def _doubt(verdict: Verdict, response: OcspResponse, answer: OcspAnswer) -> Doubt:
    return Doubt(verdict, answer.this_update, answer.next_update, response)


def _doubt_answer(
    response: OcspResponse, answer: OcspAnswer, issuer: Certificate, budget: Budget
) -> Verdict | None:
    """Return why an answer can't be relied on, for or against; None if it can.

    The responder's certificate must be valid at the time that the answer is about (RFC 6960 section
    4.2.2.2).
    """
    if not answer.usable:
        return unknown("an OCSP response has a critical extension that is unknown here")
    signer = response.find_signer(issuer, budget)
    # `_doubt_response` reports a missing signer; the path covers the issuer itself.
    if signer is None or signer == issuer:
        return None
    if check_validity(signer, Occasion.of(answer.this_update)).answer is not Answer.YES:
        return unknown(
            "the certificate of the OCSP responder {subject} was not valid at the time of its"
            " answer",
            subject=title(signer.subject),
        )
    return None


def _doubt_clearance(
    response: OcspResponse, answer: OcspAnswer, certificate: Certificate, *, delegated: bool
) -> Verdict | None:
    """Return why an answer without a revocation clears nothing; None if it clears.

    A delegated responder must have answered at the time that the answer is about: it may have kept
    its key for longer than it was authorised, and the NCA's don't pre-produce responses. A CA that
    answers itself may state today what held then. A revocation has a date of its own, so that the
    time of the answer doesn't matter.
    """
    if answer.status == "unknown":
        return unknown(
            "the OCSP responder does not know the certificate of {subject}",
            subject=title(certificate.subject),
        )
    if delegated and abs(response.produced_at - answer.this_update) > FRESHNESS:
        return unknown(
            "the producedAt of an OCSP response is too far from the thisUpdate of its answer"
        )
    return None


def _find_broken(response: OcspResponse, issuer: Certificate, budget: Budget) -> Broken | None:
    """Return the earliest broken algorithm of a response and its responder's certificate."""
    signer = response.find_signer(issuer, budget)
    if signer is None or signer == issuer:
        return broken_signature(issuer.public_key, response.algorithm)
    return first_broken(
        broken_signature(signer.public_key, response.algorithm),
        broken_signature(issuer.public_key, signer.signature_algorithm),
    )


def _doubt_response(
    response: OcspResponse,
    issuers: Sequence[Certificate],
    budget: Budget,
    sources: Sequence[RevocationData],
) -> Verdict | None:
    """Return why a response must not be used; None if it may be. Raises Undecidable."""
    issuer = issuers[0]
    signer = response.find_signer(issuer, budget)
    if signer is None:
        return unknown(
            "an OCSP response is not signed by {issuer}, nor in its name",
            issuer=title(issuer.subject),
        )
    for source in sources if signer != issuer else ():
        statements = ask_crls(signer, issuers, source, sources)
        if any(
            isinstance(statement, Statement) and statement.revoked for statement in statements
        ) or _is_accused(signer, issuer, source):
            return unknown(
                "the certificate of the OCSP responder {subject} is revoked",
                subject=title(signer.subject),
            )
    return None


def _is_accused(signer: Certificate, issuer: Certificate, source: RevocationData) -> bool:
    """Return whether a response signed by another responder says that a responder was revoked.

    The signer of that response is not checked in turn: for a doubt no chain of them is needed.
    Raises Undecidable.
    """
    for response, answer in source.answers_about(signer):
        source.budget.spend(_COST_OF_ANSWER)
        if isinstance(answer.status, Revoked) and answer.about.matches(signer, issuer):
            other = response.find_signer(issuer, source.budget)
            if other is not None and other != signer:
                return True
    return False
