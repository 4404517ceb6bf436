"""Is content what was signed, and nothing more: where it is sent along with a signature."""

from collections.abc import Iterator

from app.cms.budget import Budget, ContentBudget
from app.cms.contents import choose_content, compare_content
from app.cms.errors import MalformedSignature
from app.cms.nodes import DAMAGE
from app.cms.signed_data import SignedCms
from app.cms.signed_parts import SignedParts, read_parts
from app.cms.signer_checks import check_intact
from app.cms.status import Answer, Verdict, every
from app.cms.x509 import Certificate, read_embedded_certificate


def compare(
    signature: SignedCms, content: bytes, *, budget: Budget | None = None
) -> tuple[Verdict, ...]:
    """Tell of each signer whether `content` is what was signed: *intact*, and nothing more.

    It is `status.FITS_WITH_CRLF` where only line ends differ. `budget` as `content_budget` of
    `Verifier.verify`, with which it may be shared.
    Raises MalformedSignature for damage that parsing did not notice.
    """
    return tuple(_compare(signature, content, budget or ContentBudget()))


def speaks_against(signature: SignedCms, content: bytes, budget: Budget) -> bool:
    """Return whether content is known not to be what a signer signed; the first such is enough.

    Raises MalformedSignature as `compare` does.
    """
    return any(verdict.answer is Answer.NO for verdict in _compare(signature, content, budget))


def _compare(signature: SignedCms, content: bytes, budget: Budget) -> Iterator[Verdict]:
    parts = demand_parts(signature)
    signed = choose_content(parts, content, budget)
    same = compare_content(content, signed)
    for number, signer in enumerate(parts.signers, 1):
        certificate = demand_certificate(signer.certificate, number)
        yield every(same, check_intact(signer, certificate, signed))


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
