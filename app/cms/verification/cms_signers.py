"""The signers of a CMS: what each signed, and what is remarkable about them together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from app.cms.algorithms.registry import canonical_digest
from app.cms.signed_data.contents import Content
from app.cms.signed_data.parsing import SignedData
from app.cms.signed_data.signer_info import SignerInfo
from app.cms.signed_data.verification import check_signer, consider_rivals
from app.cms.verdict import Answer, Verdict, every
from app.cms.verification.cases import Case, Checked
from app.cms.verification.one_signature import Group, group_signers, list_rivals, note_same
from app.cms.verification.remarks import (
    note_future,
    note_incomparable,
    note_other_document,
    note_rivals,
)
from app.cms.verification.timestamps import check_timestamps
from app.cms.verification.tokens import TokenCase


class CmsSigners:
    """The signers of one CMS, with results that depend on no anchor."""

    def __init__(self, signature: SignedData, kept: Mapping[int, Sequence[bytes]]) -> None:
        """Take a CMS; `kept` are tokens that are stored apart, by the number of the signer."""
        self._signature = signature
        self._kept = kept
        self._holders = [signer.certificate for signer in signature.signers]
        #: The first signer of each hash function with a message digest.
        self._first: dict[str, SignerInfo] = {}
        for signer in signature.signers:
            if signer.message_digest is not None:
                self._first.setdefault(canonical_digest(signer.digest_algorithm), signer)

    def check(
        self,
        content: Content,
        same: Verdict,
        case: Case,
        tokens: TokenCase,
        only: int | None,
    ) -> Iterator[Checked]:
        """Check digests and value of each signer, or of the one with a number, and the timestamps.

        `same` is whether the content that was given is the attached one, which counts for all.
        """
        groups = group_signers(self._signature.signers, case.budget)
        for signer, group in zip(self._signature.signers, groups, strict=True):
            if signer.number != (only or signer.number):
                continue
            found = check_signer(signer, signer.certificate, content, case.budget)
            if found[1].answer is Answer.NO:
                found = consider_rivals(signer, content, found, case.budget)
            intact, valid = found
            is_read = signer.signed_attributes is not None
            signing_time = signer.claimed_signing_time if is_read else None
            valid = note_future(valid, signing_time, case.when.now)
            yield Checked(
                signer.number,
                signer.certificate,
                every(same, intact),
                self._add_remarks(signer, group, valid, intact, case),
                (signer.digest_algorithm,),
                (signer.signature_algorithm, signer.digest_algorithm),
                check_timestamps(signer, tokens, self._kept.get(signer.number, ())),
                signing_time,
                group,
                rivals=signer.rivals,
            )

    def _add_remarks(
        self, signer: SignerInfo, group: Group, valid: Verdict, intact: Verdict, case: Case
    ) -> Verdict:
        """Add remarks on what the signer's answers don't show by themselves."""
        other = self._find_other_document(signer)
        valid = note_other_document(valid, intact, other)
        if other is None:
            valid = note_incomparable(valid, intact, self._find_incomparable(signer))
        rivals = list_rivals(signer, self._signature.certificate_set, case.budget)
        return note_same(note_rivals(valid, rivals), signer.number, group, self._holders)

    def _find_other_document(self, signer: SignerInfo) -> SignerInfo | None:
        """Return the first signer with the same hash function, if the message digest differs.

        It is signed (RFC 5652 section 11.2), so that takes no content.
        """
        first = self._first.get(canonical_digest(signer.digest_algorithm), signer)
        is_other = signer.message_digest not in (None, first.message_digest)
        return first if is_other else None

    def _find_incomparable(self, signer: SignerInfo) -> SignerInfo | None:
        """Return the first signer if the message digest is by another function than this one's."""
        first = next(iter(self._first.values()), None)
        if first is None or signer.message_digest is None:
            return None
        functions = {canonical_digest(one.digest_algorithm) for one in (first, signer)}
        return first if len(functions) > 1 else None
