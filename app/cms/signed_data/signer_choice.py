"""Finding the signer's certificate in a CMS that has several which the SignerIdentifier fits.

Only the signer can write the signed attributes, and only who has the key a value that verifies;
but anyone can add a certificate with the same issuer and serial number, or key identifier.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

from app.cms.algorithms.registry import PublicKey
from app.cms.asn1.node import Node
from app.cms.budget import Budget
from app.cms.errors import TooCostly
from app.cms.signed_data.contents import Content
from app.cms.signed_data.signed_attributes import refuse_field
from app.cms.signed_data.signer_info import MAX_CANDIDATES, SignerInfo
from app.cms.signed_data.signing_certificate import check_signing_certificate, names_one
from app.cms.signed_data.verification import check_key
from app.cms.verdict import Answer
from app.cms.x509.certificate import Certificate, read_embedded_certificate

# Budget of choosing for one CMS, in the unit of `budget`: it is done on each save. And the cost of
# reading one certificate.
MAX_COST = 300_000
_COST_OF_READING = 150
# Bytes of attached content that is hashed for it, if nothing else was signed.
_MAX_CONTENT = 1_000_000


@dataclass
class SignerChooser:
    """Finds the signers' certificates of one CMS, within a budget for all of them."""

    #: The eContent; None if there is none.
    content: Node | None
    budget: Budget = field(default_factory=lambda: Budget(MAX_COST))

    def choose(self, signer: SignerInfo, encoded: Iterator[bytes]) -> SignerInfo:
        """Return a signer with its certificate: the one that a signed attribute names.

        Without that, it is the one whose key verifies, or else the first: verification reports what
        is wrong. Those that fit as well, or could not be tried, are its rivals. Raises
        MalformedSignature if none can be read.
        """
        candidates: dict[bytes, Certificate] = {}
        try:
            named, is_complete = self._look_through(signer, encoded, candidates)
        except TooCostly:
            named, is_complete = None, False
        if named is not None:
            return replace(signer, embedded=named)
        if not candidates:
            refuse_field(signer.number, "certificate")
        return self._choose_by_key(signer, [*candidates.values()], is_complete=is_complete)

    def _look_through(
        self, signer: SignerInfo, encoded: Iterator[bytes], candidates: dict[bytes, Certificate]
    ) -> tuple[Certificate | None, bool]:
        """Return the certificate that the signer names, and else whether all are `candidates`."""
        attributes = signer.signed_attributes or {}
        is_named, is_complete = names_one(attributes), True
        for place, der in enumerate(encoded):
            if der in candidates:
                continue
            is_full = len(candidates) == MAX_CANDIDATES
            is_complete = is_complete and not is_full
            if is_full and not is_named:
                break
            self.budget.spend(_COST_OF_READING if place else 0)  # The first is read in any case.
            certificate = read_embedded_certificate(der)
            if certificate is None:
                continue
            if is_named:
                verdict = check_signing_certificate(attributes, certificate, self.budget)
                if verdict.answer is Answer.YES:
                    return certificate, True
            if not is_full:
                candidates[der] = certificate
        return None, is_complete

    def _choose_by_key(
        self, signer: SignerInfo, candidates: list[Certificate], *, is_complete: bool
    ) -> SignerInfo:
        answers = self._try_keys(signer, candidates)
        for wanted in (Answer.YES, Answer.UNKNOWN):
            fitting = [one for one in candidates if answers[one.public_key] is wanted]
            if fitting:
                is_open = wanted is Answer.UNKNOWN and not is_complete
                rivals = tuple(fitting[1:])
                return replace(signer, embedded=fitting[0], rivals=rivals, untried=is_open)
        return replace(signer, embedded=candidates[0], untried=not is_complete)

    def _try_keys(
        self, signer: SignerInfo, candidates: list[Certificate]
    ) -> dict[PublicKey, Answer]:
        """Return whether the signature value verifies with each key, as far as can be told."""
        answers: dict[PublicKey, Answer] = {}
        for one in candidates:
            if one.public_key not in answers:
                answer = check_key(signer, one, self._content, self.budget).answer
                answers[one.public_key] = answer
        return answers

    @cached_property
    def _content(self) -> Content:
        """The attached content, unless it is large."""
        is_small = self.content is not None and self.content.size <= _MAX_CONTENT
        octets = self.content.octets() if self.content is not None and is_small else None
        return Content(octets, self.budget)
