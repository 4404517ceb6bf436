"""The content that was signed: attached, or given for a signature that is detached."""

from functools import cached_property

from app.cms import algorithms
from app.cms.budget import Budget
from app.cms.signed_parts import SignedParts
from app.cms.status import FITS_WITH_CRLF, YES, Verdict, no


class Content:
    """What several signers have signed, or None if it is not at hand; each digest is made once."""

    def __init__(self, data: bytes | None, budget: Budget, *, given: bool = False) -> None:
        """Take the content as it is hashed, without the OCTET STRING around it, and who pays.

        `given`: it did not come with the signature, so its line ends may be other ones.
        """
        self.data = data
        self.budget = budget
        self._given = given
        self._digests: dict[object, bytes] = {}

    @cached_property
    def with_crlf(self) -> "Content | None":
        """The same with CRLF in place of LF, if it was given and that makes a difference."""
        text = with_crlf(self.data) if self._given and self.data is not None else self.data
        return None if text == self.data else Content(text, self.budget)

    def digest(self, algorithm: str) -> bytes:
        """Hash the content. Raises Undecidable, and ValueError if it is not at hand."""
        if self.data is None:
            raise ValueError("there is no content")
        # Several identifiers may stand for one function.
        function = algorithms.DIGESTS.get(algorithm)
        if function not in self._digests:
            self._digests[function] = self.budget.digest(algorithm, self.data)
        return self._digests[function]


def with_crlf(content: bytes) -> bytes:
    """Return content with all line ends as CRLF, the canonical form of a text in MIME."""
    return content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def compare_content(given: bytes | None, signed: Content) -> Verdict:
    """Return whether the content that was given, if any, is the one that is checked."""
    if given is None or given == signed.data:
        return YES
    if with_crlf(given) == signed.data:
        return FITS_WITH_CRLF
    return no("the content given is not the one attached")


def choose_content(parts: SignedParts, given: bytes | None, budget: Budget) -> Content:
    """Return the attached content, or else what was given for it."""
    if parts.content is None:
        return Content(given, budget, given=True)
    return Content(parts.content, budget)
