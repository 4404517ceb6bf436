"""The input of a verifier: the operator's certificates and revocation data, read at one time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from app.cms import (
    FRESHNESS,
    Answer,
    Certificate,
    CertificateList,
    NotedRevocation,
    Occasion,
    OcspResponse,
    RevocationData,
    SignerStatus,
    Verifier,
    check_revocation,
    known_as_of,
)
from app.store.signatures.standings import Trusted, number_of
from app.trust.folder import Contents, Stamp, read_folder, values
from app.trust.kept import Kept
from app.trust.stored import Stored


@dataclass(frozen=True, slots=True)
class Loaded:
    """The contents of the folder and the database, and the file states when they were read."""

    files: Stamp
    stored: Stored
    contents: Contents
    revocation: RevocationData
    verifier: Verifier
    trusted: Trusted

    @classmethod
    def read(cls, folder: Path, files: Stamp, cache: Path, stored: Stored) -> Loaded:
        """Read the folder's files, and add what the database had."""
        contents = read_folder(folder, files, cache)
        contents.anchors.extend(stored.anchors)
        contents.intermediates.extend(stored.intermediates)
        contents.unreadable.update(stored.unreadable)
        return cls(
            files,
            stored,
            contents,
            RevocationData(values(contents.crls), values(contents.responses)),
            _make_verifier(contents),
            _read_trusted(contents),
        )

    def is_of(self, files: Stamp, stored: Stored) -> bool:
        """Return whether nothing has changed."""
        return self.stored is stored and self.files == files

    def knowing(
        self,
        found: Iterable[CertificateList | OcspResponse],
        certificates: Iterable[Certificate] = (),
    ) -> Verifier:
        """Return a verifier with additional revocation data, and certificates for paths.

        The latter come from signatures, tokens and packages, and count as brought by the sender.
        """
        return _make_verifier(self.contents, list(found), list(certificates))

    def knowing_only(self, kept: Kept) -> Verifier:
        """Return a verifier with the anchors, and nothing else but what is kept."""
        return _make_verifier_with(Contents(anchors=self.contents.anchors), kept)

    def knowing_kept(
        self, kept: Kept, found: Iterable[CertificateList | OcspResponse] = ()
    ) -> Verifier:
        """Return a verifier with what is kept for a signature, and what was found beside that."""
        return _make_verifier_with(self.contents, kept, found)

    def open_links(self, statuses: Iterable[SignerStatus]) -> list[tuple[Certificate, Certificate]]:
        """List the links whose revocation has to be requested: signers first, then TSAs.

        Only for good chains. No answer could make another one good, and it may have been made to
        cause requests to its addresses.
        """
        signers, stampers = [], []
        for status in statuses:
            holds = status.path.answer is Answer.YES
            if holds and _is_open(status):
                signers += self.unanswered_of(
                    (status.chain, *status.other_chains), status.decisive_time
                )
            stamp = status.timestamp
            if stamp and stamp.interval and stamp.verdict.answer is Answer.YES:
                chains = (stamp.chain, *stamp.other_chains)
                stampers += self.unanswered_of(chains, stamp.interval.latest)
        return signers + stampers

    def unanswered_of(
        self, chains: Iterable[Sequence[Certificate]], at: datetime
    ) -> list[tuple[Certificate, Certificate]]:
        """List the same of several chains, any of which may turn out to be good."""
        return [link for chain in chains for link in self.unanswered(chain, at)]

    def good_chain(
        self, certificate: Certificate, at: datetime, others: Iterable[Certificate] = ()
    ) -> tuple[Certificate, ...]:
        """Return a good chain from a certificate to an anchor; none if there is none.

        It may lead over `others`.
        """
        status = self.knowing((), others).examine_certificate(certificate, at=at)
        return status.chain if status.path.answer is Answer.YES else ()

    def unanswered(
        self, chain: Sequence[Certificate], at: datetime
    ) -> list[tuple[Certificate, Certificate]]:
        """List the certificates of a chain, with issuers, that the available data don't cover."""
        return [
            link
            for link in pairwise(chain)
            if check_revocation(link, Occasion.of(at), [self.revocation]).answer is Answer.UNKNOWN
        ]


def _is_open(status: SignerStatus) -> bool:
    """Return whether CAs may still know of a revocation of a signer's certificate.

    With a timestamp, a CRL that was valid at that time counts. But the certificate may have been
    revoked since that CRL was made; the CA knows, as long as the certificate has not expired.
    """
    known = known_as_of(status.revocation)
    if known is not None and known < status.decisive_time - FRESHNESS:
        return datetime.now(UTC) < status.certificate.not_after
    return status.revocation.answer is Answer.UNKNOWN


def _read_trusted(contents: Contents) -> Trusted:
    """Return the numbers of the certificates that paths are built from."""
    anchors = [anchor.fingerprint for anchor in values(contents.anchors)]
    # Whether a certificate is an anchor or an intermediate makes a difference.
    others = [f"under {one.fingerprint}" for one in values(contents.intermediates)]
    numbers = {number_of([fingerprint]) for fingerprint in anchors}
    return Trusted(tuple(sorted(numbers)), number_of([*set(anchors), *set(others)]))


def _make_verifier_with(
    contents: Contents, kept: Kept, found: Iterable[CertificateList | OcspResponse] = ()
) -> Verifier:
    """Return a verifier with what is kept, among the operator's data or as a sender's."""
    if kept.is_brought:
        return _make_verifier(contents, [*found], kept.certificates, kept.found, kept.noted)
    return _make_verifier(contents, [*kept.found, *found], kept.certificates, noted=kept.noted)


def _make_verifier(
    contents: Contents,
    found: Sequence[CertificateList | OcspResponse] = (),
    certificates: Sequence[Certificate] = (),
    brought: Sequence[CertificateList | OcspResponse] = (),
    noted: Sequence[NotedRevocation] = (),
) -> Verifier:
    crls = [one for one in found if isinstance(one, CertificateList)]
    responses = [one for one in found if isinstance(one, OcspResponse)]
    return Verifier(
        values(contents.anchors),
        intermediates=values(contents.intermediates),
        crls=[*values(contents.crls), *crls],
        ocsp_responses=[*values(contents.responses), *responses],
        brought=brought,
        certificates=certificates,
        noted=noted,
    )
