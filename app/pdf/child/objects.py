"""Objects as they stand in a file (ISO 32000-1 sections 7.3.8 and 7.3.10)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from pikepdf import Dictionary, Name, Pdf, PdfError, Stream

from app.pdf.child.opening import Refused, inflated
from app.pdf.child.tokens import Irregular, Reader, Reference, Value, integer

_BEGIN = re.compile(rb"([0-9]{1,10}) ([0-9]{1,5}) obj(?=[ \t\r\n\f<\[(/])")
# The same, as all programs read it: with a comment behind it, where its writer names itself.
_NAMED_BEGIN = re.compile(
    rb"([0-9]{1,10}) ([0-9]{1,5}) obj(?=[ \t\r\n\f<\[(/%])(?:[ \t]*%[^\r\n]{0,200}[\r\n])?"
)
_END = re.compile(rb"[ \t\r\n\f]*endobj(?=[ \t\r\n\f]|\Z)")
_STREAM = re.compile(rb"[ \t\r\n\f]*stream(?:\r\n|\n)")
_END_OF_STREAM = re.compile(rb"(?:\r\n|\r|\n)?endstream")
_PARAMETERS = {b"/Predictor", b"/Columns", b"/Colors", b"/BitsPerComponent"}
#: PNG predictors; each row says which it is.
_PREDICTORS = range(10, 16)

Length = Callable[[Reference], int]
"""Returns the number that a reference leads to. Raises Irregular."""


class Body(NamedTuple):
    """An object: its value, the packed bytes of a stream, where it ends, and where they begin."""

    reference: Reference
    value: Value
    packed: bytes | None
    end: int
    start: int

    @property
    def dictionary(self) -> dict[bytes, Value]:
        """The dictionary of a stream. Raises Irregular."""
        if self.packed is None or not isinstance(self.value, dict):
            raise Irregular
        return self.value

    def unpacked(self, limit: int, columns: int | None = None) -> bytes:
        """Return the contents of a stream that is packed as usual. Raises Irregular, Refused.

        `columns` are those of a predictor.
        """
        terms, packed = self.dictionary, self.packed or b""
        if b"/Filter" not in terms:
            return packed
        if terms[b"/Filter"] not in (b"/FlateDecode", [b"/FlateDecode"]):
            raise Irregular
        try:
            data = inflated(packed, limit)
        except Refused as error:
            raise Irregular from error
        if len(data) > limit:
            raise Refused("complex")
        parameters = terms.get(b"/DecodeParms", {})
        if isinstance(parameters, list) and len(parameters) == 1:
            [parameters] = parameters
        if parameters in ({}, b"null") or parameters == {b"/Predictor": b"1"}:
            return data
        if not isinstance(parameters, dict) or not _is_usual(parameters, columns):
            raise Irregular
        return _predicted(packed, parameters)


def _is_usual(parameters: dict[bytes, Value], columns: int | None) -> bool:
    """Return whether parameters are those of a PNG predictor for bytes."""
    return (
        set(parameters) <= _PARAMETERS
        and integer(parameters.get(b"/Predictor")) in _PREDICTORS
        and integer(parameters.get(b"/Columns", b"1")) == columns
        and parameters.get(b"/Colors", b"1") == b"1"
        and parameters.get(b"/BitsPerComponent", b"8") == b"8"
    )


def _predicted(packed: bytes, parameters: dict[bytes, Value]) -> bytes:
    """Have qpdf undo the predictor. Raises Irregular."""
    with Pdf.new() as pdf:
        stream = Stream(pdf, packed)
        stream.Filter = Name.FlateDecode
        stream.DecodeParms = Dictionary(
            {key.decode("ascii"): integer(value) for key, value in parameters.items()}
        )
        try:
            return stream.read_bytes()
        except PdfError as error:
            raise Irregular from error


def read_object(
    data: bytes,
    at: int,
    reader: Reader,
    length: Length | None = None,
    *,
    is_named: bool = False,
) -> Body:
    """Read the object at an offset. Raises Irregular, Refused.

    `length` finds the length of a stream that is a reference; None if it must be a number.
    `is_named` says whether a comment may follow the keyword with which it begins.
    """
    begin = (_NAMED_BEGIN if is_named else _BEGIN).match(data, at)
    if begin is None:
        raise Irregular
    reference = Reference(int(begin[1]), int(begin[2]))
    value, end = reader.read(data, begin.end())
    packed, start = None, end
    stream = _STREAM.match(data, end)
    if stream is not None:
        start = stream.end()
        packed = _contents(data, start, value, length)
        closing = _END_OF_STREAM.match(data, start + len(packed))
        if closing is None:
            raise Irregular
        end = closing.end()
    closing = _END.match(data, end)
    if closing is None:
        raise Irregular
    return Body(reference, value, packed, closing.end(), start)


def _contents(data: bytes, at: int, value: Value, length: Length | None) -> bytes:
    """Return the packed bytes of a stream. Raises Irregular."""
    if not isinstance(value, dict) or b"/F" in value:
        raise Irregular
    given = value.get(b"/Length")
    if isinstance(given, Reference):
        if length is None:
            raise Irregular
        size = length(given)
    else:
        size = integer(given)
    return data[at : at + size]


def read_packed(body: Body, reader: Reader) -> list[int]:
    """Return the numbers of the objects in an object stream (section 7.5.7), in their order.

    Raises Irregular, Refused.
    """
    terms = body.dictionary
    if terms.get(b"/Type") != b"/ObjStm" or b"/Extends" in terms:
        raise Irregular
    data = body.unpacked(reader.inflated)
    reader.inflated -= len(data)
    first, count = integer(terms.get(b"/First")), integer(terms.get(b"/N"))
    reader.spend(2 * count)
    head = [integer(one) for one in data[:first].split(maxsplit=2 * count)]
    if len(head) != 2 * count:
        raise Irregular
    end = 0
    for offset in head[1::2]:
        if offset < end or data[first + end : first + offset].strip(b" \t\r\n\f"):
            raise Irregular
        end = reader.read(data, first + offset)[1] - first
    if data[first + end :].strip(b" \t\r\n\f"):
        raise Irregular
    return head[::2]
