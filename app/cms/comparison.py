"""Is content what was signed, and nothing more: where it is sent along with a signature."""

from app.cms.authorities import read_embedded_certificate
from app.cms.budget import FREE, Budget, ContentBudget
from app.cms.contents import choose_content, compare_content
from app.cms.errors import MalformedSignature
from app.cms.nodes import DAMAGE
from app.cms.signed_data import SignedCms
from app.cms.signed_parts import SignedParts, read_parts
from app.cms.signer_checks import check_intact
from app.cms.status import Verdict, every
from app.cms.x509 import Certificate


def compare(
    signature: SignedCms, content: bytes, *, patient: bool = False, budget: Budget | None = None
) -> tuple[Verdict, ...]:
    """Tell of each signer whether `content` is what was signed: *intact*, and nothing more.

    It is `status.FITS_WITH_CRLF` where only line ends differ. `patient` as for `Verifier.verify`.
    Several comparisons of one request may share a `budget`.
    Raises MalformedSignature for damage that parsing did not notice.
    """
    parts = demand_parts(signature)
    signed = choose_content(parts, content, budget or (FREE if patient else ContentBudget()))
    same = compare_content(content, signed)
    return tuple(
        every(same, check_intact(signer, demand_certificate(signer.certificate, number), signed))
        for number, signer in enumerate(parts.signers, 1)
    )


def demand_parts(signature: SignedCms) -> SignedParts:
    """Take a signature apart that has been parsed. Raises MalformedSignature, hardly ever."""
    try:
        return read_parts(signature)
    except DAMAGE as error:
        raise MalformedSignature("cms: {field} is malformed", field="SignedData") from error


def demand_certificate(der: bytes, number: int) -> Certificate:
    """Read the certificate of a signer. Raises MalformedSignature, hardly ever."""
    certificate = read_embedded_certificate(der)
    if certificate is None:
        raise MalformedSignature(
            "cms: signer {number}: {field} is malformed", number=number, field="certificate"
        )
    return certificate
