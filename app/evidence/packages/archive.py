"""The ZIP archive of a package: files without compression, one behind the other, nothing between.

What programs disagree about has no place in it: whether an archive is read from its beginning or
from its end, two files of one name, names that are cut at a zero byte, comments, and what stands
before, between or behind the files.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from typing import Final
from zipfile import ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from app.evidence.packages import names

#: The beginning of each archive.
MAGIC: Final = b"PK\x03\x04"
#: Bytes of an archive: those of its files, and what is around them.
MAX_ARCHIVE: Final = names.MAX_SIZE + names.MAX_FILES * 512
#: What is raised about a damaged one.
DAMAGE: Final = (
    BadZipFile, struct.error, EOFError, KeyError, NotImplementedError, OverflowError,
    RuntimeError, UnicodeError, ValueError,
)  # fmt: skip
# The time of all files: the earliest that there is in an archive.
_TIME: Final = (1980, 1, 1, 0, 0, 0)
_UNIX: Final = 3
_READABLE: Final = 0o100644 << 16
# Bytes of a header of a file and of its entry in the directory, without name, and of the end
# (APPNOTE 4.3.7, 4.3.12 and 4.3.16).
_HEADER, _ENTRY, _END = 30, 46, 22
_LENGTHS: Final = struct.Struct("<HH")
_END_FIELDS: Final = struct.Struct("<4s4H2IH")


def write_archive(files: Iterable[tuple[str, bytes]]) -> bytes:
    """Return the archive of files, each a name and its bytes: the same for the same files."""
    written = BytesIO()
    with ZipFile(written, "w", ZIP_STORED) as archive:
        for name, data in files:
            info = ZipInfo(name, _TIME)
            info.create_system, info.external_attr = _UNIX, _READABLE
            archive.writestr(info, data)
    return written.getvalue()


def list_files(data: bytes) -> Iterator[tuple[str, bytes]]:
    """List the files of an archive. Raises one of DAMAGE."""
    if len(data) > MAX_ARCHIVE:
        raise ValueError("too large")
    with ZipFile(BytesIO(data)) as archive:
        infos = archive.infolist()
        # Files may overlap in a damaged archive.
        if len(infos) > names.MAX_FILES or sum(one.file_size for one in infos) > len(data):
            raise ValueError("too large")
        if len({one.filename for one in infos}) != len(infos):
            raise ValueError("two files have one name")
        _require_nothing_else(data, infos)
        for info in infos:
            _require_plain(info)
            yield info.filename, archive.read(info)


def _require_plain(info: ZipInfo) -> None:
    """Require that a file is stored as it is, by a name of a package. Raises ValueError."""
    if info.compress_type != ZIP_STORED:
        raise ValueError("compressed")
    if info.orig_filename != info.filename or not names.is_known(info.filename):
        raise ValueError("another file")


def _require_nothing_else(data: bytes, infos: Sequence[ZipInfo]) -> None:
    """Require that files, their directory and the end fill an archive. Raises ValueError."""
    position = 0
    for info in infos:
        _, extra = _LENGTHS.unpack_from(data, info.header_offset + _HEADER - _LENGTHS.size)
        if info.header_offset != position or extra or info.extra or info.comment:
            raise ValueError("something beside the files")
        position += _HEADER + len(_encoded(info)) + info.file_size
    directory = sum(_ENTRY + len(_encoded(info)) for info in infos)
    count = len(infos)
    end = _END_FIELDS.pack(b"PK\5\6", 0, 0, count, count, directory, position, 0)
    if len(data) != position + directory + _END or data[-_END:] != end:
        raise ValueError("something beside the files")


def _encoded(info: ZipInfo) -> bytes:
    return info.orig_filename.encode("ascii")
