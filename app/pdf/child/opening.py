"""Opening a PDF, and small values in it, whatever they turn out to be."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream, String

from app.pdf.limits import Limits

#: Characters of a text that is answered.
MAX_TEXT = 500


class Refused(Exception):
    """The PDF is beyond a limit, or can't be read; `code` is known to the parent."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@contextmanager
def opened(data: bytes, limits: Limits) -> Iterator[Pdf]:
    """Open a PDF that is not damaged. Raises Refused.

    Nothing is repaired: two programs that repair a file may see two documents.
    """
    try:
        pdf = pikepdf.open(BytesIO(data), suppress_warnings=True, attempt_recovery=False)
    except pikepdf.PasswordError as error:
        raise Refused("encrypted") from error
    except (pikepdf.PdfError, ValueError) as error:
        raise Refused("damaged") from error
    with pdf:
        if pdf.is_encrypted:
            raise Refused("encrypted")
        if len(pdf.pages) > limits.pages:
            raise Refused("pages")
        yield pdf


def dictionary(value: object) -> Dictionary | None:
    """Return a value if it is a dictionary."""
    return value if isinstance(value, Dictionary) else None


def entries(value: object, limit: int) -> list[object]:
    """Return the elements of an array, none of another value. Raises Refused."""
    if not isinstance(value, Array):
        return []
    if len(value) > limit:
        raise Refused("complex")
    return list(value)


def text(value: object) -> str | None:
    """Return a text string, or a name, as text; cut, if it is long."""
    if not isinstance(value, String | Name):
        return None
    # NUL and lone surrogates are no text that can be answered.
    whole = str(value)[:MAX_TEXT].replace("\0", "\ufffd")
    return whole.encode("utf-8", "replace").decode()


def name(value: object) -> str | None:
    """Return a name as text, with its solidus; None for anything else."""
    return text(value) if isinstance(value, Name) else None


def unpacked(stream: Stream, limit: int) -> bytes:
    """Return the decoded contents of a stream of up to `limit` bytes. Raises Refused."""
    if stream.get("/Filter") == Name.FlateDecode and "/DecodeParms" not in stream:
        data = inflated(stream.read_raw_bytes(), limit)
    else:
        # Rare; the limit of memory is what ends a stream that grows without end.
        data = stream.read_bytes()
    if len(data) > limit:
        raise Refused("inflated")
    return data


def inflated(packed: bytes, limit: int) -> bytes:
    """Return the beginning of what is packed, a byte more than `limit` at most. Raises Refused."""
    try:
        return zlib.decompressobj().decompress(packed, limit + 1)
    except zlib.error as error:
        raise Refused("damaged") from error
