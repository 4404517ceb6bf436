"""The content that was signed: attached, or given for a detached signature."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from app.cms.algorithms import registry as algorithms
from app.cms.algorithms.gost.octets import Octets
from app.cms.algorithms.names import SHA_256
from app.cms.budget import Budget, cost_of_rewriting, is_slow, refuse_content
from app.cms.errors import TooCostly, Undecidable, UnsupportedAlgorithm
from app.cms.signed_data.content_forms import refuse_form
from app.cms.verdict import FITS_WITH_CRLF, YES, Verdict, no, unknown

if TYPE_CHECKING:
    from app.cms.signed_data.parsing import SignedData


@dataclass(frozen=True, slots=True)
class KnownDigest:
    """The digest of content that is not available, by an algorithm (dotted)."""

    algorithm: str
    value: bytes

    def is_by(self, algorithm: str) -> bool:
        """Return whether it was made by an algorithm, under any of its identifiers."""
        function = algorithms.DIGESTS.get(self.algorithm)
        return function is not None and function is algorithms.DIGESTS.get(algorithm)

    def require(self, algorithm: str) -> bytes:
        """Return the digest. Raises Undecidable if it was not made by `algorithm`.

        Also if that is not supported, for nothing is known of its strength.
        """
        if algorithm not in algorithms.DIGESTS:
            raise UnsupportedAlgorithm(algorithms.name(algorithm))
        if not self.is_by(algorithm):
            raise Undecidable(
                "the digest given is a {given} digest, but a {needed} digest is needed",
                given=algorithms.name(self.algorithm),
                needed=algorithms.name(algorithm),
            )
        return self.value


@dataclass(frozen=True, slots=True)
class KnownDigests:
    """Digests of content that was hashed before, each by another algorithm; and its size, bytes."""

    digests: tuple[KnownDigest, ...]
    size: int

    def find(self, algorithm: str) -> bytes | None:
        """Return the digest by an algorithm, under any of its identifiers; None if not known."""
        return next((one.value for one in self.digests if one.is_by(algorithm)), None)

    def require(self, algorithm: str) -> bytes:
        """Return the digest. Raises Undecidable if none was made by `algorithm`."""
        if algorithm not in algorithms.DIGESTS:
            raise UnsupportedAlgorithm(algorithms.name(algorithm))
        value = self.find(algorithm)
        if value is None:
            raise Undecidable(
                "no {needed} digest of the content is known", needed=algorithms.name(algorithm)
            )
        return value


#: What is given as the content of a signature, if anything is.
GivenContent: TypeAlias = bytes | KnownDigest | KnownDigests


def hash_content(
    data: Octets, needed: Iterable[str], wanted: Iterable[str], budget: Budget
) -> KnownDigests:
    """Hash content, each algorithm once, as far as the budget goes.

    Args:
        data: bytes, or a file that is mapped into memory: it is never copied as a whole.
        needed: algorithms, dotted, which come first.
        wanted: more of them, where C code hashes.
        budget: what hashing may cost; SHA-256, by which
            content is kept, is free.
    """
    found = [KnownDigest(SHA_256, algorithms.digest(SHA_256, data))]
    quick = [one for one in wanted if not is_slow(one)]
    for algorithm in (*needed, *quick):
        if algorithm not in algorithms.DIGESTS or any(one.is_by(algorithm) for one in found):
            continue
        try:
            found.append(KnownDigest(algorithm, budget.digest(algorithm, data)))
        except Undecidable:
            continue  # It is too costly: unknown.
    return KnownDigests(tuple(found), len(data))


class Content:
    """What several signers have signed, or None if it is not available.

    Each digest is computed once, in a whole request if its checks share a `ContentBudget`.
    """

    def __init__(
        self,
        data: bytes | None,
        budget: Budget,
        *,
        given: bool = False,
        known: KnownDigest | KnownDigests | None = None,
    ) -> None:
        """Take the content as it is hashed, without the OCTET STRING around it, and the budget.

        `given`: it did not come with the signature, so its line ends may differ. `known`: its
        digest, if only that is known.
        """
        self.data = data
        self.known = known
        self.budget = budget
        self._cache = budget.cache_of(data if given else None)
        self._given = given

    @cached_property
    def refusal(self) -> Verdict | None:
        """A no if it has the form of what other signatures are over; looked at once for all."""
        return None if self.data is None else refuse_form(self.data)

    @cached_property
    def with_crlf(self) -> "Rewritten | None":
        """The same with CRLF in place of LF, if it was given and has LF."""
        if self.data is None or not self._given:
            return None
        if self.data.count(b"\n") == self.data.count(b"\r\n"):
            return None
        return Rewritten(self.data, self.budget, self._cache.with_crlf)

    def digest(self, algorithm: str) -> bytes:
        """Hash the content. Raises Undecidable, and ValueError if it is not available."""
        if self.data is None:
            return self._known_digest(algorithm)
        # Several identifiers may name one function.
        function = algorithms.DIGESTS.get(algorithm)
        if function not in self._cache.plain:
            self._cache.plain[function] = self.budget.digest(algorithm, self.data)
        return self._cache.plain[function]

    def _known_digest(self, algorithm: str) -> bytes:
        if self.known is None:
            raise ValueError("there is no content")
        return self.known.require(algorithm)


class Rewritten:
    """Content with CRLF in place of LF, written only when its digest is needed."""

    known = None

    def __init__(self, text: bytes, budget: Budget, digests: dict[object, bytes]) -> None:
        """Take the text to be rewritten, the budget, and the digests computed before."""
        self.budget = budget
        self._text = text
        self._digests = digests

    @cached_property
    def data(self) -> bytes:
        """The content itself, which has to be paid for first."""
        return with_crlf(self._text)

    @cached_property
    def refusal(self) -> Verdict | None:
        """That of `Content`."""
        return refuse_form(self.data)

    def digest(self, algorithm: str) -> bytes:
        """Hash it. Raises Undecidable."""
        function = algorithms.DIGESTS.get(algorithm)
        if function not in self._digests:
            self.pay(algorithm)
            self._digests[function] = self.budget.digest(algorithm, self.data)
        return self._digests[function]

    def pay(self, algorithm: str) -> None:
        """Pay for `data`, to be hashed by `algorithm`, unless it exists. Raises TooCostly."""
        if "data" in vars(self):
            return
        try:
            self.budget.spend(cost_of_rewriting(len(self._text), self._text.count(b"\n")))
        except TooCostly as error:
            raise refuse_content(algorithm) from error


def with_crlf(content: bytes) -> bytes:
    """Return content with all line ends as CRLF, the canonical form of a text in MIME."""
    return content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def compare_content(given: GivenContent | None, signed: Content) -> Verdict:
    """Return whether the given content, if any, is the attached one."""
    if isinstance(given, KnownDigests):
        return _compare_digest(given.digests[0], signed)
    if isinstance(given, KnownDigest):
        return _compare_digest(given, signed)
    if given is None or given == signed.data:
        return YES
    if _fits_with_crlf(given, signed.data):
        return FITS_WITH_CRLF
    return no("the content given is not the one attached")


def _fits_with_crlf(given: bytes, attached: bytes | None) -> bool:
    """Return whether content is the attached one once all of its line ends are CRLF."""
    size = len(given) + given.count(b"\n") - given.count(b"\r\n")
    return attached is not None and size == len(attached) and with_crlf(given) == attached


def _compare_digest(given: KnownDigest, signed: Content) -> Verdict:
    if signed.data is None:
        return YES  # There is nothing to compare it with.
    try:
        same = signed.digest(given.algorithm) == given.value
    except Undecidable as error:
        return unknown(error.template, **error.values)
    return YES if same else no("the digest given is not that of the content attached")


def choose_content(signature: "SignedData", given: GivenContent | None, budget: Budget) -> Content:
    """Return the attached content, or else the content given for it."""
    if signature.attached:
        return Content(signature.content, budget)
    if isinstance(given, (KnownDigest, KnownDigests)):
        return Content(None, budget, known=given)
    return Content(given, budget, given=True)
