"""Records in BER, read field by field: each field is read as the type that it must have.

Nothing is copied before it is needed. Anything unexpected raises one of DAMAGE, which each reader
of a record turns into an error of its own.
"""

from collections.abc import Sequence
from datetime import datetime

from app.cms.asn1 import tags
from app.cms.asn1.ber import Element, Scanned, scan
from app.cms.asn1.oid import MAX_OBJECT_IDENTIFIER, AlgorithmIdentifier, dotted
from app.cms.asn1.times import read_time
from app.cms.errors import MalformedSignature

DAMAGE = (MalformedSignature, ValueError, IndexError, KeyError)
"""The exceptions by which a damaged record is reported."""

_INDEFINITE = 0x80

# Fields of one record; an OCSP SingleResponse or a CRL has seven at most.
MAX_FIELDS = 16
# Extensions of a CRL, an entry in one, or an OCSP response.
MAX_EXTENSIONS = 32
# Bytes. Serial numbers have 20 by RFC 5280, version numbers one.
_MAX_INTEGER = 64

# AlgorithmIdentifiers that are remembered, and their bytes at most; signatures have the same dozen
# over and over.
_algorithms: dict[bytes, AlgorithmIdentifier] = {}
_MAX_REMEMBERED = 256
_MAX_REMEMBERED_SIZE = 64


class Node:
    """One element of an encoded value; `tag` is its identifier octet."""

    __slots__ = ("_element", "_value", "tag")

    def __init__(self, value: Scanned, element: Element) -> None:
        """Take the value that contains the element, and the element's place in it."""
        self._value = value
        self._element = element
        self.tag = element[0]

    @property
    def contents(self) -> bytes:
        """The contents octets."""
        return self._value.data[self._element[2] : self._element[3]]

    @property
    def encoded(self) -> bytes:
        """The whole element."""
        return self._value.data[self._element[1] : self._element[4]]

    @property
    def size(self) -> int:
        """How many bytes the whole element has."""
        return self._element[4] - self._element[1]

    @property
    def span(self) -> tuple[int, int]:
        """Where the whole element starts and stops in the value that was scanned."""
        return self._element[1], self._element[4]

    @property
    def contents_span(self) -> tuple[int, int]:
        """Where the contents octets start and stop in the value that was scanned."""
        return self._element[2], self._element[3]

    @property
    def is_indefinite(self) -> bool:
        """Whether its length is indefinite (X.690 section 8.1.3.6)."""
        return self._value.data[self._element[1] + 1] == _INDEFINITE

    def view(self, start: int, stop: int) -> memoryview:
        """Return what stands between two offsets of the value that was scanned, not copied."""
        return memoryview(self._value.data)[start:stop]

    def starts_with(self, octets: bytes) -> bool:
        """Return whether the contents octets begin with `octets`."""
        return self._value.data.startswith(octets, self._element[2], self._element[3])

    def elements(self, limit: int = MAX_FIELDS) -> list["Node"]:
        """Return the elements inside, none if it is primitive, and `limit` + 1 of them at most.

        So the caller can detect too many.
        """
        tag, _, start, stop, _ = self._element
        value = self._value
        return (
            [Node(value, one) for one in value.elements(start, stop, limit)] if tag & 0x20 else []
        )

    def children(self, limit: int = MAX_FIELDS) -> list["Node"]:
        """Return the elements inside, `limit` of them at most. Raises one of DAMAGE."""
        if not self.tag & 0x20:
            raise ValueError("element has nothing inside")
        found = self.elements(limit)
        if len(found) > limit or (found and found[-1].span[1] != self._element[3]):
            raise ValueError("too many elements, or not as many as there should be")
        return found

    def children_if_sound(self, limit: int) -> list["Node"]:
        """Return the elements inside, or none if they are damaged or too many."""
        try:
            return self.children(limit)
        except DAMAGE:
            return []

    def layout(self, *layouts: bytes) -> list["Node"]:
        """Return the elements inside if their tags match one of `layouts` (longest last)."""
        found = self.elements(len(layouts[-1]))
        return found if tags_of(found) in layouts else []

    def fields(self, limit: int = MAX_FIELDS, tag: int = tags.SEQUENCE) -> "Fields":
        """Return the elements inside as a record to be read in order. Raises one of DAMAGE."""
        return Fields(self.expect(tag).children(limit))

    def expect(self, tag: int) -> "Node":
        """Return the element itself. Raises ValueError if its tag is another."""
        if self.tag != tag:
            raise ValueError("another element is expected")
        return self

    def only(self) -> "Node":
        """Return the one element inside, as in an explicit tag. Raises one of DAMAGE."""
        [child] = self.children(1)
        return child

    def identifier(self) -> str:
        """Read an OBJECT IDENTIFIER, with dots. Raises ValueError."""
        contents = self.expect(tags.OBJECT_IDENTIFIER).contents
        if len(contents) > MAX_OBJECT_IDENTIFIER:  # A large CRL is read without a scan first.
            raise ValueError("object identifier is too long")
        return dotted(contents)

    def integer(self, limit: int = _MAX_INTEGER) -> int:
        """Read an INTEGER of at most `limit` bytes. Raises ValueError."""
        contents = self.expect(tags.INTEGER).contents
        if not 0 < len(contents) <= limit:
            raise ValueError("not a number of a size in use")
        return int.from_bytes(contents, "big", signed=True)

    def algorithm(self) -> AlgorithmIdentifier:
        """Read an AlgorithmIdentifier (RFC 5280 section 4.1.1.2). Raises one of DAMAGE."""
        known = _algorithms.get(self.encoded)
        if known is None:
            fields = self.fields(2)
            oid = fields.take(tags.OBJECT_IDENTIFIER).identifier()
            parameters = fields.rest()
            known = AlgorithmIdentifier(oid, parameters[0].encoded if parameters else None)
            if self.size <= _MAX_REMEMBERED_SIZE:
                if len(_algorithms) >= _MAX_REMEMBERED:
                    _algorithms.clear()
                _algorithms[self.encoded] = known
        return known

    def extension(self) -> tuple[str, bool, bytes]:
        """Read an Extension (RFC 5280 section 4.1): its identifier, whether critical, the value.

        Raises one of DAMAGE.
        """
        fields = self.fields(3)
        oid = fields.take(tags.OBJECT_IDENTIFIER).identifier()
        critical = fields.optional(tags.BOOLEAN)
        value = fields.take(tags.OCTET_STRING).contents
        fields.end()
        return oid, critical is not None and any(critical.contents), value

    def extensions(self) -> dict[str, tuple[bool, bytes]]:
        """Read Extensions: identifier -> whether critical, and the value.

        Raises one of DAMAGE, also if one occurs twice.
        """
        found: dict[str, tuple[bool, bytes]] = {}
        for element in self.expect(tags.SEQUENCE).children(MAX_EXTENSIONS):
            oid, critical, value = element.extension()
            if oid in found:
                raise ValueError("an extension occurs twice")
            found[oid] = critical, value
        return found

    def bits(self) -> bytes:
        """Read a BIT STRING of whole octets. Raises ValueError."""
        contents = self.expect(tags.BIT_STRING).contents
        if contents[:1] != b"\0":
            raise ValueError("not a BIT STRING of whole octets")
        return contents[1:]

    def count_octets(self) -> int | None:
        """Return the size of an OCTET STRING, which may be segmented; None for another element."""
        try:
            return sum(stop - start for start, stop in self._value.pieces(self._element))
        except ValueError:
            return None

    def octets(self) -> bytes:
        """Read an OCTET STRING, which BER may split into segments. Raises ValueError."""
        data = self._value.data
        return b"".join([data[start:stop] for start, stop in self._value.pieces(self._element)])

    def time(self) -> datetime:
        """Read a UTCTime or a GeneralizedTime as DER has it, in UTC. Raises ValueError."""
        return read_time(self.tag, self.contents)

    def at(self, offset: int) -> "Node":
        """Return the element of the same value that begins at `offset`. Raises one of DAMAGE."""
        return Node(self._value, self._value.elements(offset, offset + 1, 0)[0])

    def remember(self) -> None:
        """Let later scans skip the same bytes; see `Scanned.remember`."""
        self._value.remember(self._element)


class Fields:
    """The fields of one record, taken one after the other."""

    def __init__(self, nodes: list[Node]) -> None:
        """Take all of them, in their order."""
        self._nodes = nodes
        self._next = 0

    def optional(self, *tags: int) -> Node | None:
        """Return the next field if it has one of these tags, and advance past it."""
        if self._next < len(self._nodes) and self._nodes[self._next].tag in tags:
            self._next += 1
            return self._nodes[self._next - 1]
        return None

    def take(self, *tags: int) -> Node:
        """Return the next field. Raises ValueError if it has none of these tags."""
        node = self.optional(*tags)
        if node is None:
            raise ValueError("a field is missing")
        return node

    def rest(self) -> list[Node]:
        """Return the fields that have not been taken."""
        return self._nodes[self._next :]

    def end(self) -> None:
        """Raise ValueError if there are more fields."""
        if self.rest():
            raise ValueError("there are more fields than there should be")


def tags_of(nodes: Sequence[Node]) -> bytes:
    """Return the tags of elements that stand side by side."""
    return bytes([node.tag for node in nodes])


def read_node(der: bytes, *, trailing_zeros: bool = False) -> Node:
    """Scan the encoded SEQUENCE that `der` is, and nothing after it. Raises MalformedSignature.

    With `trailing_zeros` zero bytes may follow it, and are dropped.
    """
    return root_node(scan(der, trailing_zeros=trailing_zeros))


def check_beginning(data: bytes, size: int) -> None:
    """Scan the beginning of a value of at most `size` bytes. Raises MalformedSignature."""
    scan(data, size)


def root_node(value: Scanned) -> Node:
    """Return the outermost element of what has been scanned."""
    return Node(value, value.elements(0, 1, 0)[0])


def unscanned_node(der: bytes) -> Node:
    """Return the outermost element of DER that needs no scan: definite lengths all through.

    The caller has to check the bounds.
    """
    return root_node(Scanned(der, {}))


def read_primitive(der: bytes, tag: int) -> bytes:
    """Return the contents of one element that has a length below 128. Raises ValueError."""
    if len(der) < 2 or (der[0], der[1]) != (tag, len(der) - 2) or len(der) >= _INDEFINITE + 2:
        raise ValueError("not that element, or not that alone")
    return der[2:]
