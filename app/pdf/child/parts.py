"""All dictionaries of a PDF, whether anything leads to them or not: programs find them anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import TypeAlias

from pikepdf import Array, Dictionary, Object, Pdf, Stream

from app.pdf.child.opening import Refused, entries
from app.pdf.limits import Limits

Part: TypeAlias = "Dictionary | Stream"
#: Arrays and dictionaries for each object; files have some two or three.
_EACH = 4


def names(*wanted: str) -> re.Pattern[bytes]:
    """Return what finds names in objects as qpdf writes them: expressions, without the solidus."""
    words = "|".join(wanted)
    return re.compile(rf"/(?:{words})(?=[\s/<>\[\]()]|\Z)".encode())


def list_parts(pdf: Pdf, wanted: re.Pattern[bytes], limits: Limits) -> Iterator[Part]:
    """List the streams, and the dictionaries of each object that has what is wanted.

    Those within others come by themselves. Raises Refused, PdfError.
    """
    size: object = pdf.trailer.get("/Size")
    if not isinstance(size, int) or size > limits.searched:
        raise Refused("complex")
    left = _EACH * limits.searched
    everything: Iterator[object] = chain(pdf.objects, [pdf.trailer])
    for whole in everything:
        if not isinstance(whole, Object):
            continue
        if isinstance(whole, Stream) or wanted.search(whole.unparse(resolved=True)):
            for one in _within(whole, limits):
                left -= 1
                if left < 0:
                    raise Refused("complex")
                if isinstance(one, Dictionary | Stream):
                    yield one


def _within(whole: Object, limits: Limits) -> Iterator[Object]:
    """List the arrays and dictionaries in an object; not those of others to which it refers."""
    waiting: list[Object] = [whole]
    while waiting:
        one = waiting.pop()
        held: list[object]
        if isinstance(one, Array):
            held = entries(one, limits.objects)
        elif isinstance(one, Dictionary | Stream):
            held = [one.get(key) for key in set(one.keys())]
        else:
            continue
        yield one
        waiting += [each for each in held if isinstance(each, Object) and not each.is_indirect]
