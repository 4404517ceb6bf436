"""BER, the encoding of CMS (ITU-T X.690): a budget for the whole value, and a reader of elements.

`scan` walks every element once, iteratively, before anything else interprets a byte. A value that
has passed it is complete, consistent and cheap to read; so `Scanned` need not check a length again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn, TypeAlias

from app.cms.asn1 import tags
from app.cms.asn1.oid import MAX_OBJECT_IDENTIFIER
from app.cms.errors import MalformedSignature

# Levels. A CMS that contains a timestamp token with the authority's certificate has 20.
MAX_DEPTH = 40
# Elements of one value. 256 signers with timestamps and 1,024 certificates make some 130,000.
MAX_ELEMENTS = 200_000
# Octets of a long length. Four are enough for far more than any accepted body.
MAX_LENGTH_OCTETS = 4

# How many elements are open around a certificate of a SignedData: ContentInfo, content, SignedData,
# certificates. At this depth an element of usual size may be one that was walked before.
_AROUND_CERTIFICATE = 4
# Bytes. The NCA's certificates have 1,000 to 2,200.
_REMEMBERED_SIZES = range(300, 4096)
# Elements that are remembered, 2 MB at most. When full, all are forgotten.
_MAX_REMEMBERED = 512

# Bytes. A CRL from this size on is not walked: its reader checks the bounds of each element
# (`app.cms.revocation.crl`). One with 100,000 revoked certificates has half a million elements.
_LARGE_LIST = 65_536
# How a TBSCertList begins (RFC 5280 section 5.1.2): version, signature, issuer, thisUpdate.
_TBS_LIST_BEGINS = (tags.INTEGER, tags.SEQUENCE, tags.SEQUENCE)
_TIMES = (tags.UTC_TIME, tags.GENERALIZED_TIME)

_END_OF_CONTENTS = 0x00
_INDEFINITE = 0x80  # As a first length octet; larger values encode the number of length octets.
_PRIMITIVE, _CONSTRUCTED, _ODD = 0, 1, 2

Element: TypeAlias = tuple[int, int, int, int, int]
"""A tag octet and four offsets: header, start and stop of the contents, the next element."""


def _kind(tag: int) -> int:
    """Return the kind of an identifier octet: end-of-contents and tag numbers above 30 are odd."""
    if tag == 0 or tag & 0x1F == 0x1F:
        return _ODD
    return _CONSTRUCTED if tag & 0x20 else _PRIMITIVE


# One look-up for each element instead of three comparisons.
_KINDS = bytes(_kind(tag) for tag in range(256))

_remembered: set[bytes] = set()


def scan(data: bytes, size: int | None = None, *, trailing_zeros: bool = False) -> "Scanned":
    """Walk all elements of one BER SEQUENCE within the budget that the constants above set.

    `data` may be just the beginning of a value: `size` is then an upper bound for the bytes of the
    whole, and a beginning without an error passes. With `trailing_zeros` zero bytes may follow the
    value, and are dropped.

    Raises MalformedSignature if the value is truncated, over budget or inconsistent, or if anything
    follows it.
    """
    whole = len(data) if size is None else size
    closed: dict[int, int] = {}
    try:
        stop = _walk(data, whole, closed)
    except IndexError:
        if len(data) < whole:
            return Scanned(data, closed)
        _refuse(data, 0, len(data))
    if trailing_zeros and data.count(0, stop) == whole - stop:
        return Scanned(data[:stop], closed)
    if size is None and stop != whole:
        raise MalformedSignature("cms: {count} bytes follow the ASN.1 value", count=whole - stop)
    return Scanned(data, closed)


def _walk(data: bytes, whole: int, closed: dict[int, int]) -> int:  # noqa: C901, PLR0912  # Calls cost more than branches
    """Return the offset behind the outermost value; record in `closed` what `Scanned` needs.

    For speed no function is called for a short element. `ends` holds the end of each open element,
    inverted if the one inside has an indefinite length and needs an end-of-contents; `opened` holds
    where each began.
    """
    kinds = _KINDS
    position, end = _open(data, whole)
    ends, opened = [~(whole + 1) if data[1] == _INDEFINITE else whole + 1], [0]
    for _ in range(MAX_ELEMENTS):
        tag, length, contents = data[position], data[position + 1], position + 2
        stop = contents + length
        if length > MAX_OBJECT_IDENTIFIER:
            contents, stop = _span(data, position, end)
        if stop > end:
            _refuse(data, position, end)
        kind = kinds[tag]
        if (
            not kind
            or (
                len(ends) == _AROUND_CERTIFICATE
                and stop - position in _REMEMBERED_SIZES
                and data[position:stop] in _remembered
            )
            or (stop - position >= _LARGE_LIST and _is_list(data, position, contents, stop))
        ):
            position = stop
        elif kind == _CONSTRUCTED:
            if length == _INDEFINITE:
                opened.append(position)
                ends.append(~end)
            else:
                ends.append(end)
            if len(ends) > MAX_DEPTH:
                _refuse_cost(position)
            position, end = contents, stop
        else:
            end = ~ends.pop()
            if end < 0 or tag or length:
                _refuse(data, position, 0)
            closed[opened.pop()], position = position, contents
        while position == end:
            end = ends.pop()
            if end < 0:
                _refuse(data, position, ~end)
        if end > whole:
            return position
    return _refuse_cost(position)


def _is_list(data: bytes, position: int, contents: int, stop: int) -> bool:
    """Return whether the element at `position` begins as a CRL does, with definite lengths.

    Nothing else in a signature begins in this way, and no certificate is as large.
    """
    if data[position] != tags.SEQUENCE or data[position + 1] == _INDEFINITE:
        return False
    try:
        [tbs] = Scanned(data, {}).elements(contents, contents + 1, 0)
        if tbs[0] != tags.SEQUENCE or tbs[4] > stop:
            return False
        fields = Scanned(data, {}).elements(tbs[2], tbs[3], len(_TBS_LIST_BEGINS))
    except (IndexError, KeyError):
        return False
    begins = tuple(field[0] for field in fields)
    return begins[:-1] == _TBS_LIST_BEGINS and begins[-1] in _TIMES and fields[-1][4] <= tbs[3]


def _open(data: bytes, whole: int) -> tuple[int, int]:
    """Return where the contents of the outermost element start and stop."""
    if data[0] != tags.SEQUENCE or data[1] == 0:
        raise MalformedSignature("cms: neither CMS nor XML")
    start, stop = _span(data, 0, whole)
    if stop > whole:
        _refuse(data, 0, whole)
    return start, stop


def _span(data: bytes, position: int, end: int) -> tuple[int, int]:
    """Return where the contents of the element at `position` start and stop.

    Contents of indefinite length may go as far as `end`. Raises IndexError if the header is cut.
    """
    length = data[position + 1]
    start = position + 2
    if length > _INDEFINITE:
        start += length & 0x7F
        if length > _INDEFINITE + MAX_LENGTH_OCTETS:
            return start, end + 1
        if start > len(data):
            raise IndexError(start)
        length = int.from_bytes(data[position + 2 : start], "big")
    elif length == _INDEFINITE:
        if not data[position] & 0x20:
            _refuse(data, position, 0)
        return start, end
    if length > MAX_OBJECT_IDENTIFIER and data[position] == tags.OBJECT_IDENTIFIER:
        _refuse_cost(position)
    return start, start + length


def _refuse(data: bytes, position: int, end: int) -> NoReturn:
    """Raise for the element at `position`, which would extend beyond `end`: truncated or malformed.

    The value is truncated if the outermost element itself is longer than the input, or is of
    indefinite length and the input's end was the only limit.
    """
    if position == 0 or (end >= len(data) and data[1] == _INDEFINITE):
        raise MalformedSignature("cms: ASN.1 value is truncated")
    raise MalformedSignature("cms: ASN.1 element is malformed (byte {offset})", offset=position)


def _refuse_cost(position: int) -> NoReturn:
    raise MalformedSignature("cms: ASN.1 is too large or too deep (byte {offset})", offset=position)


@dataclass(frozen=True, slots=True)
class Scanned:
    """Bytes that passed `scan`, with the end-of-contents of each indefinite length in them.

    `closed` maps the offset of an element's header to that of its end-of-contents: searching for it
    again at each level would cost the size of a hostile value times its depth.
    """

    data: bytes
    closed: dict[int, int]

    def elements(self, start: int, stop: int, limit: int) -> list[Element]:
        """List the elements that stand side by side from `start` to `stop`.

        Stops after `limit` + 1 of them, so that the caller can detect too many.
        """
        data = self.data
        found: list[Element] = []
        position = start
        for _ in range(limit + 1):
            if position >= stop:
                break
            length = data[position + 1]
            contents = position + 2
            if length < _INDEFINITE:
                until = following = contents + length
            elif length == _INDEFINITE:
                until = self.closed[position]
                following = until + 2
            else:
                contents += length & 0x7F
                until = following = contents + int.from_bytes(data[position + 2 : contents], "big")
            found.append((data[position], position, contents, until, following))
            position = following
        return found

    def remember(self, element: Element) -> None:
        """Let later scans skip the same bytes: the same certificates come again and again.

        An element with an indefinite length inside isn't remembered, since `closed` must contain it
        each time.
        """
        encoded = self.data[element[1] : element[4]]
        if not self.closed and len(encoded) in _REMEMBERED_SIZES and encoded not in _remembered:
            if len(_remembered) >= _MAX_REMEMBERED:
                _remembered.clear()
            _remembered.add(encoded)

    def pieces(self, element: Element) -> Iterator[tuple[int, int]]:
        """Return where the octets of an OCTET STRING are, which BER may split into segments.

        Segments may have segments in turn: the walk goes over headers, flat, so that levels cost
        nothing. Raises ValueError if it is not an OCTET STRING.
        """
        data = self.data
        _, position, _, _, stop = element
        while position < stop:
            tag, length = data[position], data[position + 1]
            position += 2
            if length > _INDEFINITE:
                octets = length & 0x7F
                length = int.from_bytes(data[position : position + octets], "big")
                position += octets
            if tag == tags.OCTET_STRING:
                yield position, position + length
                position += length
            elif tag not in (tags.CONSTRUCTED_OCTET_STRING, _END_OF_CONTENTS):
                raise ValueError("not an OCTET STRING")
