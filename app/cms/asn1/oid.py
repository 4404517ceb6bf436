"""Object identifiers (X.690 section 8.19) in dotted notation, and AlgorithmIdentifier."""

from dataclasses import dataclass
from functools import lru_cache

# Bytes. Real ones take 3 to 12, one made from a UUID 20; decoding takes time quadratic in the
# length of an arc.
MAX_OBJECT_IDENTIFIER = 64


@dataclass(frozen=True, slots=True)
class AlgorithmIdentifier:
    """RFC 5280 section 4.1.1.2. `parameters` are encoded, or None if they are absent."""

    oid: str
    parameters: bytes | None = None


@lru_cache(maxsize=256)
def dotted(contents: bytes) -> str:
    """Convert the contents octets of an object identifier to dotted notation. Raises ValueError.

    Signatures name the same dozen algorithms over and over, so the last 256 are remembered.
    """
    if not contents or contents[-1] & 0x80:
        raise ValueError("object identifier ends within an arc")
    arcs: list[int] = []
    arc = 0
    for octet in contents:
        arc = arc << 7 | octet & 0x7F
        if octet < 0x80:
            arcs.append(arc)
            arc = 0
    root = min(arcs[0] // 40, 2)
    return ".".join(map(str, (root, arcs[0] - 40 * root, *arcs[1:])))
