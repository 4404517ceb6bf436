"""TRUST_DIR: the operator's trust anchors, and revocation data provided by hand.

- Every certificate in the folder is an anchor: trusted itself, whatever its issuer, as long as it
  is valid. Revocation of an anchor is not checked.
- Every certificate in its subfolder `intermediates` is an intermediate, and no anchor.
- Certificates are `*.pem`, `*.crt`, `*.cer` and `*.der`, as PEM or DER with any of these suffixes;
  PEM may hold several.
- `*.crl` is a CRL and `*.ocsp` an OCSP response, in the folder or in `intermediates`. They are used
  while they are valid.

Other files are ignored. A file that can't be read is logged by its name, and left out.
"""

import hashlib
import logging
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeAlias, TypeVar

from app.cms import Certificate, CertificateList, MalformedRevocation, OcspResponse
from app.trust.errors import UnreadableFile
from app.trust.files import (
    MAX_CERTIFICATES_SIZE,
    MAX_REVOCATION_SIZE,
    read_certificates,
    read_file,
)
from app.trust.lists import bring

INTERMEDIATES = "intermediates"

_CERTIFICATES = (".pem", ".crt", ".cer", ".der")
_CRL, _OCSP = ".crl", ".ocsp"
_OURS = frozenset({*_CERTIFICATES, _CRL, _OCSP})
_BELOW = f"{INTERMEDIATES}/"

_log = logging.getLogger(__name__)

Value = TypeVar("Value")
Stamp: TypeAlias = tuple[tuple[str, tuple[int, int, int] | None], ...]
"""Each file's path within the folder, and a state that changes when it is written or replaced."""


@dataclass(frozen=True, slots=True)
class Filed(Generic[Value]):
    """An object read from a file; `file` is its path in the folder, `sha256` that of its DER."""

    file: str
    sha256: str
    value: Value


@dataclass(frozen=True, slots=True)
class Contents:
    """The contents of the folder; `unreadable` has the skipped files with the reasons."""

    anchors: list[Filed[Certificate]] = field(default_factory=list)
    intermediates: list[Filed[Certificate]] = field(default_factory=list)
    crls: list[Filed[CertificateList]] = field(default_factory=list)
    responses: list[Filed[OcspResponse]] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)


def values(filed: Iterable[Filed[Value]]) -> list[Value]:
    """Return the objects, without their files."""
    return [one.value for one in filed]


def list_files(folder: Path) -> Stamp:
    """Return the files and their states, at the cost of one stat each.

    A folder that is missing, or can't be read, has none.
    """
    found: list[tuple[str, tuple[int, int, int] | None]] = []
    for prefix, place in (("", folder), (_BELOW, folder / INTERMEDIATES)):
        try:
            with os.scandir(place) as entries:
                found += [(prefix + one.name, _state(one)) for one in entries if _is_ours(one)]
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            found.append((prefix or ".", (error.errno or 0, 0, 0)))
    return tuple(sorted(found))


def count_anchors(folder: Path) -> int:
    """Return the number of anchors, reading only their files."""
    listed = (one for one in list_files(folder) if not one[0].startswith(_BELOW))
    own = [one for one in listed if Path(one[0]).suffix.lower() in _CERTIFICATES]
    # No CRL is among them, so nothing is cached.
    return len(read_folder(folder, tuple(own), cache=folder).anchors)


def _is_ours(entry: os.DirEntry[str]) -> bool:
    # For each verification: pathlib takes ten times as long.
    return os.path.splitext(entry.name)[1].lower() in _OURS


def _state(entry: os.DirEntry[str]) -> tuple[int, int, int] | None:
    """Return what changes with a file's content, and with its permissions."""
    try:
        found = entry.stat()
    except OSError:
        return None
    return found.st_ino, found.st_ctime_ns, found.st_size


def read_folder(folder: Path, files: Stamp, cache: Path) -> Contents:
    """Read the files that `list_files` found; copies of large CRLs are kept in `cache`."""
    contents = Contents()
    for name, _ in files:
        try:
            _read(folder / name, name, contents, cache)
        except (UnreadableFile, MalformedRevocation) as error:
            contents.unreadable[name] = str(error)
            _log.warning("TRUST_DIR: %s is left out: %s", name, error)
    return contents


def _read(path: Path, name: str, contents: Contents, cache: Path) -> None:
    """Add the contents of a file. Raises UnreadableFile or MalformedRevocation."""
    suffix = path.suffix.lower()
    if suffix == _CRL:
        contents.crls.append(Filed(name, *bring(path, cache)))
    elif suffix == _OCSP:
        response = read_file(path, MAX_REVOCATION_SIZE)
        sha256 = hashlib.sha256(response).hexdigest()
        contents.responses.append(Filed(name, sha256, OcspResponse(response)))
    else:
        certificates = read_certificates(read_file(path, MAX_CERTIFICATES_SIZE))
        place = contents.intermediates if name.startswith(_BELOW) else contents.anchors
        place.extend([Filed(name, one.fingerprint, one) for one in certificates])
