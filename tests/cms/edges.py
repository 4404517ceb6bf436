"""What the tests of values at the edges share: a judge, and mutants."""

import random
from collections.abc import Iterator

from app.cms.algorithms.registry import AlgorithmIdentifier, PublicKey, verify_signature
from app.cms.errors import UnsupportedAlgorithm
from tests.cms.signing import MESSAGE, SHA256

SEED = 20_260_301


def accepts(
    key: PublicKey, algorithm: AlgorithmIdentifier, signature: bytes, digest: str = SHA256
) -> bool:
    """Verify; what isn't known here is no yes."""
    try:
        return verify_signature(key, algorithm, digest, MESSAGE, signature)
    except UnsupportedAlgorithm:
        return False


def flips(dice: random.Random, value: bytes, count: int) -> Iterator[bytes]:
    """Alter, cut and lengthen a value."""
    for _ in range(count):
        place = dice.randrange(len(value))
        yield value[:place] + bytes((value[place] ^ (1 << dice.randrange(8)),)) + value[place + 1 :]
        yield value[:place] + value[place + 1 :]
        yield value[:place] + dice.randbytes(1) + value[place:]
        yield dice.randbytes(dice.randrange(1, 3)) + value
    yield from (b"", value + b"\0", b"\0" + value, value[:-1], value * 2)
