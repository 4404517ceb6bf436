"""What verifying one signature may cost, whatever it contains: each computation is paid for first.

Costs are microseconds of CPU, as measured on one core of a server of 2023. They do not depend on
what has been computed and remembered before, so that the answer does not either. They do depend on
which code computes GOST, libraries in C or plain Python (see `gost.implementations`).
"""

from collections.abc import Hashable

from app.cms.algorithms import registry as algorithms
from app.cms.algorithms.gost.implementations import CURVES, DIGESTS, PLAIN, PLAIN_DIGESTS
from app.cms.algorithms.gost.octets import Octets
from app.cms.algorithms.names import name
from app.cms.algorithms.registry import AlgorithmIdentifier, Message, PublicKey
from app.cms.errors import TooCostly

# Kinds of keys of Kazakhstan -> the digest that their signatures are over.
_GOST_DIGESTS = {
    algorithms.GOST_2004: algorithms.GOST_34311,
    algorithms.GOST_2015_256: algorithms.STREEBOG_256,
    algorithms.GOST_2015_512: algorithms.STREEBOG_512,
}
# A GOST signer with a timestamp costs some 20,000, an RSA one 1,500.
MAX_COST = 1_500_000
# What a request may spend on its content, on hashing it and on checks over it: enough for 120 MB of
# GOST 34.311 in C, or the megabyte of plain Python. Reading and decoding a request takes 0.3 s
# more.
MAX_CONTENT_COST = 1_810_000
#: Bytes of content that may be hashed in plain Python, which takes 1 to 2 s.
MAX_SLOW_CONTENT = 1_000_000

_STREEBOG = (250, 1300)
_GOST_94 = (150, 1800)
SLOW_DIGESTS = dict(
    zip(PLAIN_DIGESTS.functions(), (_STREEBOG, _STREEBOG, _GOST_94, _GOST_94), strict=True)
)
"""Functions in plain Python, with their fixed cost and that of 1,000 bytes."""
_IN_C = (2, 8)
_GOST_94_IN_C = (6, 15)
# Rewriting content with other line ends: cost of 1,000 bytes, and of 1,000 line ends.
_REWRITING = (1, 8)
_COSTS_OF_DIGESTS = {
    DIGESTS.gost_34311: _GOST_94_IN_C,
    DIGESTS.gost_94_crypto_pro: _GOST_94_IN_C,
    **SLOW_DIGESTS,
}
# Cost of one check beside the digest, in plain Python and in C, and that digest.
_GOST_CHECKS = {
    algorithms.GOST_2004: (2300, 500, algorithms.GOST_34311),
    algorithms.GOST_2015_256: (2500, 500, algorithms.STREEBOG_256),
    algorithms.GOST_2015_512: (4700, 1000, algorithms.STREEBOG_512),
}
# On the largest curve of ECDSA.
_ECDSA_CHECK = 800
# RSA: this, plus a thousandth of the square of the key's bytes, of which only so many are read.
_RSA_CHECK = 50
_MAX_RSA_KEY = 2100


def cost_of_digest(oid: str, size: int) -> int:
    """Return the cost of hashing `size` bytes."""
    function = algorithms.DIGESTS.get(oid)
    start, thousand = _COSTS_OF_DIGESTS.get(function, _IN_C) if function else _IN_C
    return start + size * thousand // 1000


def cost_of_rewriting(size: int, line_ends: int) -> int:
    """Return the cost of rewriting `size` bytes that have `line_ends` line ends."""
    bytes_, ends = _REWRITING
    return (size * bytes_ + line_ends * ends) // 1000


def cost_of_check(key: PublicKey, size: int) -> int:
    """Return the cost of checking a signature over `size` bytes."""
    kind = key.algorithm.oid
    if kind in _GOST_CHECKS:
        plain, in_c, digest = _GOST_CHECKS[kind]
        return (plain if CURVES.provider == PLAIN else in_c) + cost_of_digest(digest, size)
    rsa = _RSA_CHECK + min(len(key.bits), _MAX_RSA_KEY) ** 2 // 1000
    return (_ECDSA_CHECK if kind == algorithms.EC else rsa) + size * _IN_C[1] // 1000


def is_slow(oid: str) -> bool:
    """Return whether a digest is computed in plain Python."""
    return algorithms.DIGESTS.get(oid) in SLOW_DIGESTS


def slow_digest_of(key: PublicKey) -> str | None:
    """Return the digest that signatures by a GOST key are over, if it is slow; None else."""
    digest = _GOST_DIGESTS.get(key.algorithm.oid)
    return digest if digest is not None and is_slow(digest) else None


def refuse_content(oid: str) -> TooCostly:
    """Return the error for content that is too large to be hashed, with the remedy."""
    if is_slow(oid):
        return TooCostly(
            "the content is too large to be hashed here: {algorithm} is slow without libgcrypt"
            " (install libgcrypt20)",
            algorithm=name(oid),
        )
    return TooCostly(
        "the content is too large to be hashed here: {algorithm} is slow", algorithm=name(oid)
    )


def refuse_list(oid: str) -> TooCostly:
    """Return the error for a CRL that is too large for plain Python, with the remedy."""
    return TooCostly(
        "a CRL is too large to be hashed here: {algorithm} is slow without libgcrypt"
        " (install libgcrypt20)",
        algorithm=name(oid),
    )


class DigestCache:
    """Digests of a content by the functions that made them; also of that content with CRLF."""

    def __init__(self) -> None:
        """Start empty."""
        self.plain: dict[object, bytes] = {}
        self.with_crlf: dict[object, bytes] = {}


class Budget:
    """The remaining budget of a signature, for all of its signers."""

    def __init__(self, whole: int | None = None) -> None:
        """Start with the whole budget, by default MAX_COST."""
        self._left = MAX_COST if whole is None else whole
        #: What was to be paid so far, also what was too much.
        self.asked = 0
        self._paid: set[Hashable] = set()

    def spend(self, cost: int, *, once: Hashable = None) -> None:
        """Deduct a cost, once only for each `once`. Raises TooCostly if too little is left."""
        if once in self._paid:
            return
        self.asked += cost
        if cost > self._left:
            raise TooCostly("the signature contains too much to check all of it here")
        self._left -= cost
        if once is not None:
            self._paid.add(once)

    def cache_of(self, content: bytes | None) -> DigestCache:
        """Return the digests known of a content, for the caller to fill; none is kept here."""
        del content
        return DigestCache()

    def digest(self, oid: str, data: Octets) -> bytes:
        """Pay for `algorithms.digest`, and hash. Raises UnsupportedAlgorithm or TooCostly."""
        self.spend(cost_of_digest(oid, len(data)))
        return algorithms.digest(oid, data)

    def verify_signature(
        self,
        key: PublicKey,
        algorithm: AlgorithmIdentifier,
        digest_algorithm: str | None,
        message: Message,
        signature: bytes,
    ) -> bool:
        """Pay for `algorithms.verify_signature`, and check.

        A message that is hashed elsewhere is paid for there. Raises UnsupportedAlgorithm or
        TooCostly.
        """
        self.spend(cost_of_check(key, 0 if callable(message) else len(message)))
        return algorithms.verify_signature(key, algorithm, digest_algorithm, message, signature)


class ContentBudget(Budget):
    """What the content of one signature may cost a request, however often it is checked.

    It has its own message for too much, and keeps the digests: each is computed once.
    """

    def __init__(self) -> None:
        """Start with MAX_CONTENT_COST."""
        super().__init__(MAX_CONTENT_COST)
        # Contents are distinguished by identity, so they are kept alive; the attached one is None.
        self._known: list[tuple[bytes | None, DigestCache]] = []

    def cache_of(self, content: bytes | None) -> DigestCache:
        """Return the same digests for the same content; None is the one attached."""
        for one, known in self._known:
            if one is content:
                return known
        self._known.append((content, known := DigestCache()))
        return known

    def digest(self, oid: str, data: Octets) -> bytes:
        """Compute the same, with that message; in plain Python only for small content."""
        if len(data) > MAX_SLOW_CONTENT and is_slow(oid):
            raise refuse_content(oid)
        try:
            return super().digest(oid, data)
        except TooCostly as error:
            raise refuse_content(oid) from error


class Meter:
    """Notes what verifying a signature costs: of several verifications, the most."""

    def __init__(self) -> None:
        """Start with none."""
        self.cost = 0

    def note(self, budget: Budget) -> None:
        """Note what one verification cost, or would have cost beyond its budget."""
        self.cost = max(self.cost, budget.asked)


class Unlimited(Budget):
    """A budget without a limit, for operators' data and callers that can wait. Thread-safe."""

    def spend(self, cost: int, *, once: Hashable = None) -> None:
        """Deduct nothing."""


FREE = Unlimited()
