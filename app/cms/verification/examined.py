"""A verified signature: its claims, beside the results of verification."""

from dataclasses import dataclass

from app.cms.budget import ContentBudget
from app.cms.signed_data.contents import GivenContent
from app.cms.signed_data.parsing import SignedData
from app.cms.signed_data.signer_info import SignerInfo
from app.cms.verification.status import SignerStatus
from app.cms.x509.nca_profile import Claims
from app.cms.xmldsig.parsing import SignedXml


@dataclass(frozen=True, slots=True)
class Examined:
    """A signature, the claims of each of its signers, and the status of each."""

    signature: SignedData | SignedXml
    #: The content given with it.
    content: GivenContent | None
    signers: tuple[SignerInfo, ...]
    statuses: tuple[SignerStatus, ...]
    #: What remains for hashing the content, if it is verified again.
    content_budget: ContentBudget | None = None

    @property
    def is_detached(self) -> bool:
        """Whether the content is neither in the signature nor given."""
        return is_detached(self.signature) and self.content is None

    @property
    def claims(self) -> list[Claims]:
        """What each signer's certificate claims about its subject."""
        return [signer.claims for signer in self.signers]


def is_detached(signature: SignedData | SignedXml) -> bool:
    """Return whether the content is not in the signature."""
    return isinstance(signature, SignedData) and not signature.attached
