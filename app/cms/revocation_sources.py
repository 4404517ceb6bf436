"""CRLs and OCSP responses that are at hand, and what each says of one certificate.

Who may speak of it is decided here; what a word means for some moment, `app.cms.revocation` tells.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from app.cms.algorithm_dates import Broken, broken_signature, first_broken
from app.cms.budget import FREE, Budget
from app.cms.certificate_rules import check_validity, doubt_broken, title
from app.cms.crls import CertificateList, MalformedRevocation, Revoked
from app.cms.errors import TooCostly, Undecidable
from app.cms.names import name_key
from app.cms.occasions import Occasion
from app.cms.ocsp import OcspAnswer, OcspResponse
from app.cms.status import Answer, Verdict, unknown
from app.cms.x509 import Certificate, MalformedExtension, key_usage

# How long a word holds that doesn't say it, as those of the NCA's responders: time enough to sign,
# to get a timestamp and to save.
FRESHNESS = timedelta(minutes=10)
# The same where the moment that counts was attested by a timestamp, which is obtained at once.
ATTESTED_FRESHNESS = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Word:
    """What a CRL or a responder says of one certificate, and for which time.

    `complete`: it would have said so if the certificate were revoked. `broken` is what of the
    algorithms that it is signed with proves nothing from some time on. `by_sender`: the sender of
    the signature chose it among others. `by_responder`: an OCSP responder says it, which knows what
    was issued; `denied`: it says that this certificate never was (RFC 6960 section 2.2). `removed`:
    a delta CRL takes a hold back.
    """

    revoked: Revoked | None
    this_update: datetime
    next_update: datetime | None
    complete: bool
    broken: Broken | None
    by_sender: bool
    by_responder: bool = False
    denied: bool = False
    removed: bool = False

    def until(self, *, attested: bool) -> datetime:
        """Return until when it holds, for a moment that a timestamp attested or that was given."""
        freshness = ATTESTED_FRESHNESS if attested else FRESHNESS
        last = datetime.max.replace(tzinfo=UTC) - freshness
        return self.next_update or min(self.this_update, last) + freshness


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a CRL or a response that is at hand says nothing, and from when it is."""

    verdict: Verdict
    this_update: datetime


class RevocationData:
    """CRLs and OCSP responses, sorted by whom they are about."""

    def __init__(
        self,
        crls: Iterable[CertificateList] = (),
        responses: Iterable[OcspResponse] = (),
        budget: Budget | None = None,
    ) -> None:
        """Take what has been read: the operator's, or a sender's, for which `budget` pays."""
        self.by_sender = budget is not None
        self.budget = budget or FREE
        self._crls: dict[bytes | str, list[CertificateList]] = {}
        for crl in crls:
            self._crls.setdefault(name_key(crl.issuer) or crl.issuer, []).append(crl)
        self._answers: dict[int, list[tuple[OcspResponse, OcspAnswer]]] = {}
        for response in responses:
            for answer in response.answers:
                serial = answer.about.serial_number
                self._answers.setdefault(serial, []).append((response, answer))

    def crls_of(self, issuer: Certificate) -> Sequence[CertificateList]:
        """Give the CRLs that bear the name of `issuer`."""
        return self._crls.get(issuer.subject_key or issuer.subject, ())

    def answers_about(self, certificate: Certificate) -> Sequence[tuple[OcspResponse, OcspAnswer]]:
        """Give the responses, and what of them is about this serial number, whoever issued it."""
        return self._answers.get(certificate.serial_number, ())


def ask(
    certificate: Certificate, issuers: Sequence[Certificate], sources: Sequence[RevocationData]
) -> Iterator[Word | Doubt]:
    """Give what each CRL and response says of a certificate, or why it says nothing.

    `issuers` is its issuer, and others of that name above it in the path: an authority that
    certifies a new key of its own may sign its CRLs with either (RFC 5280 section 6.3.3 f).
    """
    issuer = issuers[0]
    for source in sources:
        for crl in source.crls_of(issuer):
            signer = _find_signer(crl, issuers, source.budget)
            if crl.base_number is None:
                yield _ask_crl(crl, certificate, signer, source)
            else:
                yield _ask_delta(crl, certificate, signer, source, sources)
        for given in source.answers_about(certificate):
            yield from _ask_response(given, certificate, issuer, source, sources)


def _find_signer(
    crl: CertificateList, issuers: Sequence[Certificate], budget: Budget
) -> Certificate:
    """Return which of them signed a CRL; the first if that isn't known or there is no other."""
    for issuer in issuers if len(issuers) > 1 else ():
        try:
            if crl.is_signed_by(issuer.public_key, budget):
                return issuer
        except Undecidable:
            continue
    return issuers[0]


def _ask_crl(
    crl: CertificateList, certificate: Certificate, issuer: Certificate, source: RevocationData
) -> Word | Doubt:
    doubt = _doubt_crl(crl, issuer, source.budget)
    if doubt:
        return Doubt(doubt, crl.this_update)
    try:
        crl.pay_for_walk(source.budget)
        revoked = crl.find(certificate.serial_number)
        removed = crl.removes(certificate.serial_number)
    except (MalformedRevocation, TooCostly) as error:
        return Doubt(unknown(error.template, **error.values), crl.this_update)
    complete = crl.is_complete_for(certificate)
    return Word(
        revoked,
        crl.this_update,
        crl.next_update,
        complete,
        broken_signature(issuer.public_key, crl.algorithm),
        source.by_sender,
        removed=removed,
    )


def _ask_delta(
    delta: CertificateList,
    certificate: Certificate,
    issuer: Certificate,
    source: RevocationData,
    sources: Sequence[RevocationData],
) -> Word | Doubt:
    """Return what a delta CRL says together with the newest of its bases (RFC 5280 section 5.2.4).

    Its own entry wins; of what it doesn't name it says what the base does, as of its thisUpdate.
    """
    word = _ask_crl(delta, certificate, issuer, source)
    if isinstance(word, Doubt) or word.revoked:
        return word
    bases = [
        found
        for other in sources
        for base in other.crls_of(issuer)
        if delta.is_delta_of(base)
        and isinstance(found := _ask_crl(base, certificate, issuer, other), Word)
    ]
    base = max(bases, key=lambda found: found.this_update, default=None)
    if base is None:
        return word
    revoked = None if word.removed else base.revoked
    broken = first_broken(word.broken, base.broken)
    return replace(word, revoked=revoked, complete=base.complete, broken=broken)


def _doubt_crl(crl: CertificateList, issuer: Certificate, budget: Budget) -> Verdict | None:
    """Tell why a CRL must not be used; None if it may (RFC 5280 section 6.3.3).

    It must be signed with the key of `issuer`, which stands in the path that was checked.
    """
    name = title(issuer.subject)
    try:
        usages = key_usage(issuer)
        if usages is not None and "cRLSign" not in usages:
            return unknown("the key of {issuer} is not for signing CRLs", issuer=name)
        if not crl.usable:
            return unknown("a CRL of {issuer} is not one of its own certificates", issuer=name)
        if not crl.is_signed_by(issuer.public_key, budget):
            return unknown("a CRL in the name of {issuer} is not signed by it", issuer=name)
    except MalformedExtension as error:
        return doubt_broken(issuer, error)
    except Undecidable as error:
        return unknown(error.template, **error.values)
    return None


def _ask_response(
    given: tuple[OcspResponse, OcspAnswer],
    certificate: Certificate,
    issuer: Certificate,
    source: RevocationData,
    sources: Sequence[RevocationData],
) -> Iterator[Word | Doubt]:
    """Give what an answer says; nothing if it is about a certificate of another issuer."""
    response, answer = given
    try:
        if not answer.about.matches(certificate, issuer):
            return
        doubt = _doubt_response(response, issuer, source.budget, sources)
        doubt = doubt or _doubt_moment(response, answer, issuer, source.budget)
    except Undecidable as error:
        doubt = unknown(error.template, **error.values)
    if not doubt and not answer.usable:
        doubt = unknown("an OCSP response has a critical extension that is unknown here")
    if not doubt and answer.status == "unknown":
        doubt = unknown(
            "the OCSP responder does not know the certificate of {subject}",
            subject=title(certificate.subject),
        )
    if doubt:
        yield Doubt(doubt, answer.this_update)
        return
    revoked = answer.status if isinstance(answer.status, Revoked) else None
    yield Word(
        revoked,
        answer.this_update,
        answer.next_update,
        complete=True,
        broken=_find_broken(response, issuer, source.budget),
        by_sender=source.by_sender,
        by_responder=True,
        denied=revoked is not None and response.denies(revoked),
    )


def _doubt_moment(
    response: OcspResponse, answer: OcspAnswer, issuer: Certificate, budget: Budget
) -> Verdict | None:
    """Tell why an answer doesn't speak of its time; None if it does (RFC 6960 section 4.2.2.2).

    A responder whose certificate has ended could still date back what it knows, and one that
    answers from stock is none of the NCA's.
    """
    signer = response.find_signer(issuer, budget)
    when = Occasion.of(answer.this_update)
    if signer is None or signer == issuer:
        pass  # `_doubt_response` has judged the one, and the path the other.
    elif check_validity(signer, when).answer is not Answer.YES:
        return unknown(
            "the certificate of the OCSP responder {subject} was not in force at the time of its"
            " answer",
            subject=title(signer.subject),
        )
    if abs(response.produced_at - answer.this_update) > FRESHNESS:
        return unknown("an OCSP response was made at another time than that of its answer")
    return None


def _find_broken(response: OcspResponse, issuer: Certificate, budget: Budget) -> Broken | None:
    """Return what of the algorithms broke first that a response and its responder stand on."""
    signer = response.find_signer(issuer, budget)
    if signer is None or signer == issuer:
        return broken_signature(issuer.public_key, response.algorithm)
    return first_broken(
        broken_signature(signer.public_key, response.algorithm),
        broken_signature(issuer.public_key, signer.signature_algorithm),
    )


def _doubt_response(
    response: OcspResponse,
    issuer: Certificate,
    budget: Budget,
    sources: Sequence[RevocationData],
) -> Verdict | None:
    """Tell why a response must not be used; None if it may. Raises Undecidable."""
    signer = response.find_signer(issuer, budget)
    if signer is None:
        return unknown(
            "an OCSP response is not signed by {issuer}, nor in its name",
            issuer=title(issuer.subject),
        )
    for source in sources if signer != issuer else ():
        for crl in source.crls_of(issuer):
            word = _ask_crl(crl, signer, issuer, source)
            if isinstance(word, Word) and word.revoked:
                return unknown(
                    "the certificate of the OCSP responder {subject} is revoked",
                    subject=title(signer.subject),
                )
    return None
