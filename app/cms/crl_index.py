"""Where the entries of a CRL stand, by their serial numbers.

An authority's list may have 400,000 entries. Its index has a row of 64 bits for each: what the
serial number leaves when it is divided by a prime of 37 bits, then the offset of the entry. Rows
are sorted, so that an index in a file can be used as it lies there, by bisection. Lists that are
not in files need none: a number whose octets stand nowhere in them is not listed, which is found
out at the speed of memory.

Whoever reads an entry compares the whole serial number: what shares a row's bits with another, or
was put into an index by mistake, is nobody's revocation.

This file is a program too, which writes the index of a mapped list (`app.trust.crl_files`).
So it imports nothing of the project: it starts in a moment, and takes little memory.
"""

import hashlib
import mmap
import os
import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

# Bits of a row that hold the offset: lists of 128 MB.
OFFSET_BITS = 27
MAX_SIZE = 1 << OFFSET_BITS
_OFFSET_MASK = MAX_SIZE - 1
# The largest prime that the other bits can hold.
_PRIME = (1 << 64 - OFFSET_BITS) - 25
_SEQUENCE, _INTEGER = 0x30, 0x02
_SHORT, _LONG = 0x80, 0x84

#: What an index in a file begins with, in the order of octets of the machine; the version is in it.
MAGIC = array("Q", [0x0001_6C72_6378_6469]).tobytes()
DIGEST_SIZE = 32
#: Behind it stand the SHA-256 of the list, that of the rows, and the rows.
HEADER_SIZE = len(MAGIC) + 2 * DIGEST_SIZE
#: How the program ends if the entries are damaged.
DAMAGED = 3
# Rows are sorted in so many parts, so that few are Python's numbers at a time.
_PARTS = 256
_PART_BITS = 64 - 8

Buffer: TypeAlias = bytes | mmap.mmap
"""A list, or the file that has it."""
Rows: TypeAlias = Sequence[int]
"""The sorted rows of an index."""


def walk(data: Buffer, start: int, stop: int) -> Iterator[tuple[int, int, int]]:
    """Return where each of the revokedCertificates begins, and where its number does and ends.

    They stand from `start` to `stop`; each is a SEQUENCE that begins with an INTEGER, however that
    is padded (RFC 5280 section 5.1). Raises ValueError if they don't fill that span or are
    something else, or IndexError if the data ends.
    """
    position = start
    while position < stop:
        if data[position] != _SEQUENCE:
            raise ValueError("not an entry of a CRL")
        contents, following = _read_length(data, position + 1)
        if following > stop or data[contents] != _INTEGER:
            raise ValueError("not an entry of a CRL")
        first, end = _read_length(data, contents + 1)
        if not first < end <= following:
            raise ValueError("not an entry of a CRL")
        yield position, first, end
        position = following


def _read_length(data: Buffer, position: int) -> tuple[int, int]:
    """Return where contents begin whose length stands at `position`, and where they end."""
    length = data[position]
    if length < _SHORT:
        return position + 1, position + 1 + length
    if not _SHORT < length <= _LONG:
        raise ValueError("not a length in use")
    start = position + 1
    stop = start + length - _SHORT
    return stop, stop + int.from_bytes(data[start:stop], "big")


def build_rows(data: Buffer, start: int, stop: int) -> Iterator["array[int]"]:
    """Return the rows of an index, sorted, in parts. Raises what `walk` does."""
    parts = [array("Q") for _ in range(_PARTS)]
    for position, first, end in walk(data, start, stop):
        number = int.from_bytes(data[first:end], "big", signed=True)
        row = number % _PRIME << OFFSET_BITS | position
        parts[row >> _PART_BITS].append(row)
    for part in parts:
        yield array("Q", sorted(part))


def join_rows(parts: Iterable["array[int]"]) -> Rows:
    """Return the rows of an index in one piece."""
    rows = array("Q")
    for part in parts:
        rows.extend(part)
    return rows


def find_offsets(rows: Rows, serial_number: int) -> Iterator[int]:
    """Return the offsets of the entries that may have this serial number, in their order."""
    lowest = serial_number % _PRIME << OFFSET_BITS
    for place in range(bisect_left(rows, lowest), len(rows)):
        row = rows[place]
        if row >= lowest + MAX_SIZE:
            return
        yield row & _OFFSET_MASK


def _octets(serial_number: int) -> bytes:
    size = (serial_number if serial_number >= 0 else ~serial_number).bit_length() // 8 + 1
    return serial_number.to_bytes(size, "big", signed=True)


def occurs(data: Buffer, start: int, stop: int, serial_number: int) -> bool:
    """Return whether the octets of a serial number stand somewhere from `start` to `stop`."""
    return data.find(_octets(serial_number), start, stop) >= 0


def search(data: Buffer, start: int, stop: int, serial_number: int) -> Iterator[int]:
    """Return the offsets of the entries of this serial number, without an index.

    All entries are walked, so it is best asked for those that occur. Raises what `walk` does.
    """
    octets = _octets(serial_number)
    for position, first, end in walk(data, start, stop):
        if (
            data[max(first, end - len(octets)) : end] == octets
            and int.from_bytes(data[first:end], "big", signed=True) == serial_number
        ):
            yield position


def write_index(source: int, target: int, start: int, stop: int) -> None:
    """Write the index of a list; both files are open, `start` and `stop` are as for `walk`.

    Raises OSError, and what `walk` does.
    """
    with (
        mmap.mmap(source, 0, access=mmap.ACCESS_READ) as data,
        os.fdopen(target, "wb", closefd=False) as file,
    ):
        file.write(bytes(HEADER_SIZE))
        digest = hashlib.sha256()
        for part in build_rows(data, start, stop):
            rows = part.tobytes()
            digest.update(rows)
            file.write(rows)
        file.seek(0)
        file.write(MAGIC + hashlib.sha256(data).digest() + digest.digest())


def main(arguments: Sequence[str]) -> int:
    """Write an index as `write_index` does; give the status with which the program ends."""
    try:
        source, target, start, stop = map(int, arguments)
        write_index(source, target, start, stop)
    except (ValueError, IndexError):
        return DAMAGED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
