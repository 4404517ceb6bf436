"""A signature as a set of QR codes: zipped, in base64, cut into pieces, each in JSON."""

from __future__ import annotations

import json
import math
import re
import zipfile
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO

import zxingcpp

#: Version 25 with level M, which the specification advises, and its bytes.
VERSION, LEVEL = 25, "M"
CAPACITY = 997
#: Light modules around a code (ISO/IEC 18004 section 5.3.8).
QUIET = 4
#: Characters for the values of `total` and `index`.
_RESERVED = 10
#: Codes of one signature: more take too long to be scanned.
MAX_CODES = 40
#: Bytes of the text of one code: what the largest of this level holds (version 40).
LONGEST = 2331

_DARK = re.compile(rb"\0+")


def list_texts(cms: bytes) -> list[str]:
    """Return the text of each code of a signature; none if they were more than MAX_CODES."""
    name = sha256(cms).hexdigest()[:16]
    packed = b64encode(_zip(f"{name}.cms", cms)).decode()
    size = CAPACITY - len(_write(name, 0, 0, "")) - _RESERVED
    pieces = [packed[start : start + size] for start in range(0, len(packed), size)]
    if len(pieces) > MAX_CODES:
        return []
    return [_write(name, len(pieces), index, piece) for index, piece in enumerate(pieces, 1)]


@dataclass(frozen=True, slots=True)
class DrawnCode:
    """A code as operations of a PDF: a unit is a module, the origin is its lower left."""

    #: Modules of a side.
    modules: int
    operations: str


def draw(text: str, version: int | None = VERSION) -> DrawnCode:
    """Draw a code of this version (ISO/IEC 18004), None: the smallest that holds the text."""
    code = zxingcpp.create_barcode(
        text,
        zxingcpp.BarcodeFormat.QRCode,
        ec_level=LEVEL,
        **({"version": version} if version else {}),
    )
    # Typed for NumPy only, which is not needed here.
    image = memoryview(code.to_image(scale=1, add_quiet_zones=False))  # type: ignore[arg-type]
    modules = image.tobytes()
    side = math.isqrt(len(modules))
    parts = [
        f"{run.start() - row * side} {side - 1 - row} {run.end() - run.start()} 1 re"
        for row in range(side)
        for run in _DARK.finditer(modules, row * side, (row + 1) * side)
    ]
    return DrawnCode(side, "\n".join([*parts, "f"]))


def _write(name: str, total: int, index: int, data: str) -> str:
    held = {"signId": name, "total": total, "index": index, "data": data}
    return json.dumps(held, separators=(",", ":"))


def _zip(name: str, data: bytes) -> bytes:
    """Return an archive of one file; it has the earliest date, so that it is always the same."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
        entry.create_system = 0
        archive.writestr(entry, data, zipfile.ZIP_DEFLATED, 9)
    return file.getvalue()
