"""The offsets of the entries of a CRL, by serial number.

An authority's list may have 400,000 entries. Its index has a row of 64 bits for each: the serial
number modulo a prime of 37 bits, then the offset of the entry. Rows are sorted, so that an index in
a file can be used in place, by bisection. Lists in memory need none: a number whose octets occur
nowhere in them is not listed, which a memory search determines.

A list with an entry that has an unknown critical extension must not be used for any certificate
(RFC 5280 section 5.3). This is detected when its entries are walked, and recorded in a last row
that belongs to no serial number.

A reader of an entry compares the whole serial number: rows that share their bits, or an index with
mistakes, can't revoke another certificate.

This file is also a program that writes the index of a mapped list (`app.trust.crl_files`). So it
imports nothing of the project: it starts quickly and takes little memory.
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
_BOOLEAN, _OCTET_STRING, _OBJECT_IDENTIFIER = 0x01, 0x04, 0x06
_TIMES = (0x17, 0x18)
_SHORT, _LONG = 0x80, 0x84
# Entry extensions that are processed: reasonCode and invalidityDate (sections 5.3.1 and 5.3.2).
_PROCESSED = (b"\x55\x1d\x15", b"\x55\x1d\x18")
# Extensions, as octets, that are remembered as known; a CA writes some ten different ones.
_MAX_REMEMBERED = 4096

#: The first octets of an index in a file, in the byte order of the machine; they include the
#: version.
MAGIC = array("Q", [0x0002_6C72_6378_6469]).tobytes()
DIGEST_SIZE = 32
#: They are followed by the SHA-256 of the list, that of the rows, and the rows.
HEADER_SIZE = len(MAGIC) + 2 * DIGEST_SIZE
#: The exit status if the entries are damaged.
DAMAGED = 3
#: The file of the program.
PROGRAM = __file__
# Rows are sorted in this many parts, so that few are Python integers at a time.
_PARTS = 256
_PART_BITS = 64 - 8

Buffer: TypeAlias = bytes | mmap.mmap
"""A list, or the file that contains it."""
Rows: TypeAlias = Sequence[int]
"""The sorted rows of an index."""
Entry: TypeAlias = tuple[int, int, int, int]
"""Where one of the revokedCertificates begins, its number begins and ends, and the next begins."""


def walk(data: Buffer, start: int, stop: int) -> Iterator[Entry]:
    """Return where the revokedCertificates are.

    They are between `start` and `stop`; each is a SEQUENCE that begins with an INTEGER, however
    that is padded (RFC 5280 section 5.1). Raises ValueError if they don't fill that span or are of
    another type, or IndexError if the data ends.
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
        yield position, first, end, following
        position = following


def _read_length(data: Buffer, position: int) -> tuple[int, int]:
    """Return start and end of the contents whose length is at `position`."""
    length = data[position]
    if length < _SHORT:
        return position + 1, position + 1 + length
    if not _SHORT < length <= _LONG:
        raise ValueError("not a length in use")
    start = position + 1
    stop = start + length - _SHORT
    return stop, stop + int.from_bytes(data[start:stop], "big")


class Extensions:
    """Checks the extensions of entries, most of which equal those of other entries."""

    def __init__(self, data: Buffer) -> None:
        """Take the list."""
        self._data = data
        self._remembered: set[bytes] = set()

    def are_unknown(self, end: int, following: int) -> bool:
        """Return whether one is critical and not processed here, or can't be read.

        These are extensions of the entry whose number ends at `end`; `following` is the next entry.
        """
        data = self._data
        try:
            position = end + 2 + data[end + 1]  # After a time with a short length.
            octets = data[position:following]
            if octets in self._remembered:
                return False
            if data[end] not in _TIMES or data[end + 1] >= _SHORT or position > following:
                return True
            if not octets:
                return False
            if not all(_is_processed(octets, *one) for one in _list(octets)):
                return True
        except (ValueError, IndexError):
            return True
        if len(self._remembered) < _MAX_REMEMBERED:
            self._remembered.add(octets)
        return False


def _list(octets: bytes) -> Iterator[tuple[int, int]]:
    """Return where each of the Extensions starts and stops. Raises ValueError or IndexError."""
    position, stop = _read_tagged(octets, 0, _SEQUENCE)
    if stop != len(octets):
        raise ValueError("not the extensions of an entry")
    while position < stop:
        start, position = _read_tagged(octets, position, _SEQUENCE)
        yield start, position


def _is_processed(octets: bytes, start: int, stop: int) -> bool:
    """Return whether an Extension is processed here or not critical. Raises as above."""
    first, position = _read_tagged(octets, start, _OBJECT_IDENTIFIER)
    is_critical, kind = False, octets[first:position]
    if octets[position] == _BOOLEAN:
        first, position = _read_tagged(octets, position, _BOOLEAN)
        is_critical = any(octets[first:position])
    _, position = _read_tagged(octets, position, _OCTET_STRING)
    if position != stop:
        raise ValueError("not an extension")
    return not is_critical or kind in _PROCESSED


def _read_tagged(octets: bytes, position: int, tag: int) -> tuple[int, int]:
    """Return where the contents of an element begin and end. Raises ValueError or IndexError."""
    start, stop = _read_length(octets, position + 1)
    if octets[position] != tag or stop > len(octets):
        raise ValueError("another element is expected")
    return start, stop


def build_rows(data: Buffer, start: int, stop: int) -> Iterator["array[int]"]:
    """Return the rows of an index, sorted, in parts. Raises what `walk` does."""
    parts = [array("Q") for _ in range(_PARTS)]
    extensions = Extensions(data)
    is_unknown = False
    for position, first, end, following in walk(data, start, stop):
        if not is_unknown and extensions.are_unknown(end, following):
            is_unknown = True
            parts[-1].append(_PRIME << OFFSET_BITS | position)
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


def has_unknown(rows: Rows) -> bool:
    """Return whether some entry of the list has extensions that `Extensions` doesn't know."""
    return bool(len(rows)) and rows[-1] >> OFFSET_BITS == _PRIME


def _octets(serial_number: int) -> bytes:
    size = (serial_number if serial_number >= 0 else ~serial_number).bit_length() // 8 + 1
    return serial_number.to_bytes(size, "big", signed=True)


def occurs(data: Buffer, start: int, stop: int, serial_number: int) -> bool:
    """Return whether the octets of a serial number occur from `start` to `stop`."""
    return data.find(_octets(serial_number), start, stop) >= 0


def search(data: Buffer, start: int, stop: int, serial_number: int) -> tuple[list[int], bool]:
    """Return the offsets of the entries of this serial number, without an index.

    Also return whether any entry has unknown extensions, as `Extensions` finds. All entries are
    walked, so call it only for a number that `occurs`. Raises what `walk` does.
    """
    octets = _octets(serial_number)
    extensions = Extensions(data)
    found: list[int] = []
    is_unknown = False
    for position, first, end, following in walk(data, start, stop):
        is_unknown = is_unknown or extensions.are_unknown(end, following)
        if (
            data[max(first, end - len(octets)) : end] == octets
            and int.from_bytes(data[first:end], "big", signed=True) == serial_number
        ):
            found.append(position)
    return found, is_unknown


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


def read_index(data: mmap.mmap, digest: bytes) -> Rows | None:
    """Return the rows of an index in a mapped file; None if damaged, or of another list.

    `digest` is the SHA-256 of the list.
    """
    header = MAGIC + digest
    if len(data) % 8 or data[: len(header)] != header:
        return None
    with memoryview(data) as whole, whole[HEADER_SIZE:] as rows:
        if hashlib.sha256(rows).digest() != data[HEADER_SIZE - DIGEST_SIZE : HEADER_SIZE]:
            return None
    return memoryview(data)[HEADER_SIZE:].cast("Q")


def main(arguments: Sequence[str]) -> int:
    """Write an index as `write_index` does; return the exit status."""
    try:
        source, target, start, stop = map(int, arguments)
        write_index(source, target, start, stop)
    except (ValueError, IndexError):
        return DAMAGED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
