"""Whether content is what was signed, and nothing more: for content sent along with a signature."""

from collections.abc import Iterator

from app.cms.budget import Budget, ContentBudget
from app.cms.signed_data.contents import GivenContent, choose_content, compare_content
from app.cms.signed_data.parsing import SignedData
from app.cms.signed_data.verification import check_intact
from app.cms.verdict import Answer, Verdict, every


def compare(
    signature: SignedData, content: GivenContent, *, budget: Budget | None = None
) -> tuple[Verdict, ...]:
    """Return for each signer whether `content` is what was signed: *intact*, nothing more.

    It is `verdict.FITS_WITH_CRLF` if only line ends differ. `budget` is the `content_budget` of
    `Verifier.verify`, with which it may be shared.
    """
    return tuple(_compare(signature, content, budget or ContentBudget()))


def contradicts(signature: SignedData, content: bytes, budget: Budget) -> bool:
    """Return whether content is proven not to be what was signed, by any one signer."""
    return any(verdict.answer is Answer.NO for verdict in _compare(signature, content, budget))


def _compare(signature: SignedData, content: GivenContent, budget: Budget) -> Iterator[Verdict]:
    signed = choose_content(signature, content, budget)
    same = compare_content(content, signed)
    for signer in signature.signers:
        yield every(same, check_intact(signer, signed))
