"""What a CRL states about one certificate, alone or with its base (RFC 5280 section 6.3.3)."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from app.cms.algorithms.dates import broken_signature, first_broken
from app.cms.budget import Budget
from app.cms.errors import TooCostly, Undecidable
from app.cms.path.rules import doubt_broken, title
from app.cms.revocation.crl import CertificateList, MalformedRevocation
from app.cms.revocation.sources import Doubt, RevocationData, Statement
from app.cms.verdict import Verdict, unknown
from app.cms.x509.certificate import Certificate, MalformedExtension, key_usage

# Cost of handling a CRL beside searching it, in the unit of `budget`.
_COST_OF_LIST = 100


def ask_crls(
    certificate: Certificate,
    issuers: Sequence[Certificate],
    source: RevocationData,
    sources: Sequence[RevocationData],
) -> Iterator[Statement | Doubt]:
    """Return the statement of each CRL of `source` about a certificate, or why there is none.

    `issuers` is its issuer, and others of that name above it in the path: a CA that certifies a new
    key of its own may sign its CRLs with either (RFC 5280 section 6.3.3 f). The base of a delta CRL
    may be in any of `sources`.
    """
    for crl in source.crls_of(issuers[0]):
        try:
            source.budget.spend(_COST_OF_LIST)
        except TooCostly as error:
            yield Doubt(
                unknown(error.template, **error.values), crl.this_update, crl.next_update, crl
            )
            return
        signer = _find_signer(crl, issuers, source.budget)
        if crl.base_number is None:
            yield _ask_crl(crl, certificate, signer, source)
        else:
            yield _ask_delta(crl, certificate, signer, source, sources)


def _find_signer(
    crl: CertificateList, issuers: Sequence[Certificate], budget: Budget
) -> Certificate:
    """Return the issuer that signed a CRL; the first if that is unknown or there is only one."""
    for issuer in issuers if len(issuers) > 1 else ():
        try:
            if crl.is_signed_by(issuer.public_key, budget):
                return issuer
        except Undecidable:
            continue
    return issuers[0]


def _ask_crl(
    crl: CertificateList, certificate: Certificate, issuer: Certificate, source: RevocationData
) -> Statement | Doubt:
    doubt = _doubt_crl(crl, issuer, source.budget)
    if doubt:
        return Doubt(doubt, crl.this_update, crl.next_update, crl)
    try:
        crl.pay_for_search(certificate.serial_number, source.budget)
        revoked = crl.find(certificate.serial_number)
        removed = crl.removes(certificate.serial_number)
    except (MalformedRevocation, TooCostly) as error:
        return Doubt(unknown(error.template, **error.values), crl.this_update, crl.next_update, crl)
    unknown_entry: Verdict | None = None
    if crl.has_unknown_entry:
        unknown_entry = unknown(
            "a CRL of {issuer} has an entry with a critical extension that is not known here",
            issuer=title(issuer.subject),
        )
        if not revoked:
            return Doubt(unknown_entry, crl.this_update, crl.next_update, crl)
    covers = crl.covers(certificate)
    return Statement(
        revoked,
        crl.this_update,
        crl.next_update,
        covers and not crl.is_delta,
        broken_signature(issuer.public_key, crl.algorithm),
        source.by_sender,
        removed=removed and covers,
        doubt=unknown_entry,
        signer=issuer,
        found=crl,
    )


def _ask_delta(
    delta: CertificateList,
    certificate: Certificate,
    issuer: Certificate,
    source: RevocationData,
    sources: Sequence[RevocationData],
) -> Statement | Doubt:
    """Return the statement of a delta CRL combined with the newest of its bases (section 5.2.4).

    Its own entry wins; for a certificate that it doesn't list, the base's statement holds as of the
    delta's thisUpdate.
    """
    statement = _ask_crl(delta, certificate, issuer, source)
    if isinstance(statement, Doubt):
        return statement
    bases = [
        found
        for other in sources
        for base in other.crls_of(issuer)
        if delta.is_delta_of(base)
        and isinstance(found := _ask_crl(base, certificate, issuer, other), Statement)
        and not found.doubt
    ]
    base = max(bases, key=lambda found: found.this_update, default=None)
    if base is None:
        return statement
    if statement.revoked:  # It depends on the delta's own algorithm, not on the base's.
        return replace(statement, complete=base.complete)
    revoked = None if statement.removed else base.revoked
    broken = first_broken(statement.broken, base.broken)
    # If the base may be forged and came with the signature, the result counts as the sender's, even
    # if the delta did not come with it.
    by_sender = statement.by_sender or (base.by_sender and base.broken is not None)
    return replace(
        statement, revoked=revoked, complete=base.complete, broken=broken, by_sender=by_sender
    )


def _doubt_crl(crl: CertificateList, issuer: Certificate, budget: Budget) -> Verdict | None:
    """Return why a CRL must not be used; None if it may be (RFC 5280 section 6.3.3).

    It must be signed with the key of `issuer`, which is in the path that was checked.
    """
    name = title(issuer.subject)
    try:
        usages = key_usage(issuer)
        if usages is not None and "cRLSign" not in usages:
            return unknown("the key of {issuer} is not for signing CRLs", issuer=name)
        if not crl.usable:
            return unknown(
                "a CRL of {issuer} is indirect, or has an unknown critical extension", issuer=name
            )
        if not crl.is_signed_by(issuer.public_key, budget):
            return unknown("a CRL in the name of {issuer} is not signed by it", issuer=name)
    except MalformedExtension as error:
        return doubt_broken(issuer, error)
    except Undecidable as error:
        return unknown(error.template, **error.values)
    return None
