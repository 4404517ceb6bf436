"""Text that wraps a signature and was sent base64-encoded itself, as a file: one level, no more."""

import re
from collections.abc import Iterator

from app.cms import text_encoding, texts
from app.cms.text_encoding import MARGIN, MAX_MARGIN

_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
# Bytes. A longer text's beginning is checked first, in which too little of a bomb would be seen.
_MAX_UTF_16 = 700_000
_UTF_8_MARK = b"\xef\xbb\xbf"
# PEM, a data URI, or base64 whose first character stands for the tag of a SEQUENCE, for `<` or for
# a byte order mark. An unwrapped signature begins with none of these.
_WRAPPED = re.compile(r"-----BEGIN |[Dd][Aa][Tt][Aa]:|(?:MI|P[A-H]|77u/|//48|/v8A)[A-Za-z0-9+/_=-]")


def text_of(data: bytes) -> str | None:
    """Return decoded base64 as text, if it is text that wraps a signature in turn.

    FileReader.readAsDataURL and base64_encode produce it from a file in PEM. `data` may be just its
    beginning.

    Raises MalformedSignature if it would take too much memory.
    """
    utf_16 = data.startswith(_UTF_16)
    if utf_16 and len(data) > _MAX_UTF_16:
        return None
    head = data[: 2 * MAX_MARGIN].decode("utf-16" if utf_16 else "utf-8", "ignore")
    if not _WRAPPED.match(head.lstrip(MARGIN)):
        return None
    # What can't be decoded has no armour, and is refused later for that.
    encoding = "utf-16" if utf_16 else "utf-8"
    return texts.decode(data.removeprefix(_UTF_8_MARK), encoding, "replace")


def readings(body: str) -> Iterator[str]:
    """Return plain base64 for the body of such a text; its blanks are not from a form decoder."""
    return text_encoding.readings(body.replace(" ", ""))
