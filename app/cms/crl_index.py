"""Where the entries of a CRL stand, by their serial numbers: one walk, then bisection.

An authority's list may have 400,000 entries. A row of the index is a number of 64 bits: the lowest
37 bits of the serial number, then the offset of the entry. Rows are sorted, so that an index in a
file can be used as it lies there. When an entry is read it is compared with the whole serial
number, so that what shares a row's bits with another does no harm.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from app.cms.ber import INTEGER, SEQUENCE

# Bits of a row that hold the offset: lists of 128 MB.
OFFSET_BITS = 27
MAX_SIZE = 1 << OFFSET_BITS
_KEY_MASK = (1 << 64 - OFFSET_BITS) - 1
_OFFSET_MASK = MAX_SIZE - 1
_SHORT, _LONG = 0x80, 0x84

Buffer: TypeAlias = Sequence[int]
"""Bytes, or a file that is mapped into memory."""
Rows: TypeAlias = Sequence[int]
"""The sorted rows of an index."""


def build_index(data: Buffer, start: int, stop: int) -> "array[int]":
    """Return the index of the revokedCertificates from `start` to `stop` (RFC 5280 section 5.1).

    Each entry is a SEQUENCE that begins with an INTEGER, however that is padded. Raises ValueError
    if the entries don't fill that span or are something else, or IndexError if the data ends.
    """
    rows = array("Q")
    add = rows.append
    position = start
    while position < stop:
        if data[position] != SEQUENCE:
            raise ValueError("not an entry of a CRL")
        contents, size = _read_length(data, position + 1)
        following = contents + size
        if following > stop or data[contents] != INTEGER:
            raise ValueError("not an entry of a CRL")
        first, size = _read_length(data, contents + 1)
        if not size or first + size > following:
            raise ValueError("not an entry of a CRL")
        number = int.from_bytes(data[max(first, first + size - 8) : first + size], "big")
        if size < 8 and data[first] & 0x80:
            number -= 1 << 8 * size
        add((number & _KEY_MASK) << OFFSET_BITS | position)
        position = following
    return array("Q", sorted(rows))


def _read_length(data: Buffer, position: int) -> tuple[int, int]:
    """Return where contents begin whose length stands at `position`, and how long they are."""
    length = data[position]
    if length < _SHORT:
        return position + 1, length
    if not _SHORT < length <= _LONG:
        raise ValueError("not a length in use")
    start = position + 1
    stop = start + length - _SHORT
    octets = data[start:stop]
    return stop, int.from_bytes(octets, "big")


def find_offsets(rows: Rows, serial_number: int) -> Iterator[int]:
    """Return the offsets of the entries that may have this serial number, in their order."""
    lowest = (serial_number & _KEY_MASK) << OFFSET_BITS
    for place in range(bisect_left(rows, lowest), len(rows)):
        row = rows[place]
        if row >= lowest + MAX_SIZE:
            return
        yield row & _OFFSET_MASK
