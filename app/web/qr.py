"""QR codes as paths of SVG."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: Bytes of a text: what the largest code of this level holds (version 40).
LONGEST = 2331
#: Error correction: 15 % of a code may be unreadable (ISO/IEC 18004, level M).
LEVEL = "M"


@dataclass(frozen=True, slots=True)
class QrPath:
    """A code: modules on each side, with the quiet zone, and the path of the dark ones."""

    size: int
    path: str


def qr_path(text: str) -> QrPath | None:
    """Return the code of a text; None if it is too long for one."""
    if len(text.encode()) > LONGEST:
        return None
    # Most processes never write one.
    import zxingcpp  # noqa: PLC0415

    barcode = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level=LEVEL)
    svg = barcode.to_svg(add_quiet_zones=True)
    size, path = re.search(r'width="(\d+)"', svg), re.findall(r'\bd="([^"]+)"', svg)
    return QrPath(int(size[1]) if size else 0, "".join(path))
