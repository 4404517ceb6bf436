"""Finding the signer's certificate of an XML signature: the one whose key verifies."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from lxml import etree

from app.cms.algorithms import registry as algorithms
from app.cms.algorithms.registry import AlgorithmIdentifier, PublicKey
from app.cms.budget import Budget
from app.cms.errors import TooCostly, UnsupportedAlgorithm
from app.cms.x509.certificate import read_certificate
from app.cms.xmldsig.canonical_budget import Budget as CanonicalBudget
from app.cms.xmldsig.canonical_forms import Undecided, read_form
from app.cms.xmldsig.canonicalization import Canonicaliser
from app.cms.xmldsig.named_certificate import read_named
from app.cms.xmldsig.security_tokens import DS

# Budget of choosing for one document, in the unit of `budget`: it is done on each save.
MAX_COST = 300_000
# The same for canonicalising SignedInfo, in the unit of `canonical_budget.BUDGET`: some 0.1 s.
MAX_CANONICAL_COST = 25_000_000


@dataclass(frozen=True, slots=True)
class Choice:
    """The signer's certificate (DER), whether its key verifies, or else whether all were tried."""

    certificate: bytes
    verifies: bool
    all_tried: bool


class CertificateChooser:
    """Finds the signers' certificates of one document, within a budget for all of them."""

    def __init__(self, root: etree._Element, xml: bytes) -> None:
        """Take the document, which is not changed, and its bytes."""
        self._root = root
        self._xml = xml
        self._budget = Budget(MAX_COST)

    @cached_property
    def _canonicaliser(self) -> Canonicaliser:
        return Canonicaliser(self._root, self._xml, {}, CanonicalBudget(MAX_CANONICAL_COST))

    def choose(
        self, signature: etree._Element, candidates: Sequence[bytes], value: bytes
    ) -> Choice:
        """Return the signer's certificate of several: the one whose key verifies `value`.

        Of several with that key, the one that the signature names counts. If none verifies, or if
        that can't be determined, it is the named one, else one that issued none of the others, else
        the first: verification then reports what is wrong.
        """
        read = {der: read_certificate(der) for der in candidates}
        name = read_named(signature)
        named = [der for der in candidates if name.fits(read[der], self._budget)]
        issuers = {one.issuer for one in read.values()}
        leaves = [der for der in candidates if read[der].subject not in issuers]
        # The likeliest first: usually one check is enough.
        some_named = named if len(named) < len(candidates) else []
        order = list(dict.fromkeys((*some_named, *leaves, *candidates)))
        keys = [read[der].public_key for der in order]
        found, all_tried = self._try_keys(signature, keys, value)
        # Those with the very encoding that verified: another one may not fit the method.
        verifying = [der for der in candidates if read[der].public_key == found]
        both = [der for der in verifying if der in named]
        chosen = (both or verifying or order)[0]
        return Choice(chosen, bool(verifying), all_tried)

    def _try_keys(
        self, signature: etree._Element, keys: Sequence[PublicKey], value: bytes
    ) -> tuple[PublicKey | None, bool]:
        """Return the key with which the signature value verifies, and whether all were tried."""
        signed_info = signature.find(DS + "SignedInfo")
        method = signature.find(f"{DS}SignedInfo/{DS}SignatureMethod")
        canonical = signature.find(f"{DS}SignedInfo/{DS}CanonicalizationMethod")
        if signed_info is None or method is None or canonical is None:
            return None, False
        known = algorithms.SIGNATURE_URIS.get(method.get("Algorithm", ""))
        if known is None:
            return None, False
        all_tried = True
        try:
            digest = self._canonicaliser.agreed_digest(known[1], signed_info, read_form(canonical))
            for key in dict.fromkeys(keys):
                verifies = self._verifies(key, known, digest, value)
                if verifies:
                    return key, True
                all_tried = all_tried and verifies is not None
        except (Undecided, TooCostly):
            return None, False
        return None, all_tried

    def _verifies(
        self, key: PublicKey, method: tuple[AlgorithmIdentifier, str], digest: bytes, value: bytes
    ) -> bool | None:
        """Check a signature value; None for a key that is not supported. Raises TooCostly."""
        try:
            return self._budget.verify_signature(key, *method, lambda _: digest, value)
        except UnsupportedAlgorithm:
            return None
