"""The entry of the library: a client's text in, a parsed signature or a refusal out."""

from binascii import a2b_base64
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

from app.cms import text_encoding, texts, wrapped
from app.cms.asn1.node import check_beginning, read_node
from app.cms.asn1.tags import SEQUENCE
from app.cms.errors import MalformedSignature
from app.cms.foreign import refuse_foreign
from app.cms.signed_data.parsing import SignedData, parse_signed_data
from app.cms.xmldsig.own_thread import cpu_time_ns
from app.cms.xmldsig.parsing import SignedXml, check_budget, parse_signed_xml, parse_xml_file

# Characters. Of a longer text the beginning is checked before the whole is decoded.
LARGE = 1_000_000
# Characters: 500 KB of bytes, if they are in base64 twice, which can hold more empty elements than
# are allowed.
BEGINNING = 900_000
# Characters that identify a file sent in place of base64.
_HEAD = 1024

# Nanoseconds of CPU after which a value that could not be read is not read in another way. To find
# out that 30 MB of base64 are no signature takes half of it.
_TRYING = 300_000_000
_SEQUENCE = bytes((SEQUENCE,))
Result = TypeVar("Result")
Given = TypeVar("Given")


def parse(text: str, *, trailing_zeros: bool = False) -> SignedData | SignedXml:
    """Parse a signature, CMS or XML, in any of the forms in which clients send it.

    Checks that it is well-formed and within budget; verifies nothing. `trailing_zeros`: zero bytes
    may follow a CMS, as they do in a PDF (ISO 32000-1 section 12.8.1), and are dropped. Every
    reader of a signature allows that; only a save refuses such a text. A text that is a signature
    without them is the same one with them. Raises MalformedSignature, and nothing else, for any
    `text`.
    """
    return _guard(lambda: _parse(text, zeros=trailing_zeros))


def parse_pieces(pieces: Sequence[str], *, trailing_zeros: bool = False) -> SignedData | SignedXml:
    """Parse a signature that is in pieces; the text of XML is never in memory as a whole.

    A single character beyond U+00FF would make all of that text two or four times as large. Raises
    MalformedSignature.
    """
    beginning = "".join(pieces[:1])[: text_encoding.MAX_MARGIN].lstrip(text_encoding.MARGIN)
    if beginning.startswith("<"):
        return _guard(lambda: parse_signed_xml(pieces))
    return parse("".join(pieces), trailing_zeros=trailing_zeros)


def parse_der(data: bytes, *, trailing_zeros: bool = False) -> SignedData:
    """Parse a CMS that is encoded by DER or BER, as `parse` does a text.

    With `trailing_zeros` zero bytes may follow, as they do in a PDF.

    Raises MalformedSignature.
    """
    return _guard(lambda: parse_signed_data(read_node(data, trailing_zeros=trailing_zeros)))


def parse_der_file(data: bytes) -> SignedData:
    """Parse what `is_der` as `parse` does its base64, with `trailing_zeros`, which is not made.

    Raises MalformedSignature.
    """
    return _guard(lambda: _parse_cms(data, zeros=True))


def parse_xml(data: bytes) -> SignedXml:
    """Parse a signed XML document that is encoded as it declares, or in UTF-8.

    Raises MalformedSignature.
    """
    return _guard(lambda: parse_xml_file(data))


def _guard(read: Callable[[], Result]) -> Result:
    """Return what was read. Raises MalformedSignature for any exception."""
    try:
        return read()
    except MalformedSignature:
        raise
    except Exception as error:
        # One of two places that catch every exception: a signature that can't be read is the
        # sender's error, whatever lxml or this program raises for it.
        raise MalformedSignature(
            "cms: signature is malformed ({kind})", kind=type(error).__name__
        ) from error


def _parse(text: str, *, zeros: bool, inner: bool = False) -> SignedData | SignedXml:
    """Read a text; if `inner`, it was unwrapped already, and is not unwrapped further."""
    if text.startswith("MI") and len(text) <= LARGE:
        # The usual case, and the fastest way through it: plain base64 with nothing around it.
        try:
            data = text_encoding.decode(text)
        except ValueError:
            pass
        else:
            return _parse_bytes(data, zeros=zeros, inner=True)
    start, stop = text_encoding.open_armour(text)
    if text_encoding.is_plain_uri(text, start):
        value = text_encoding.decode_uri(text, start, stop)
        if not inner and not value.startswith(b"<"):
            return _parse(texts.decode(value), zeros=zeros, inner=True)
        return parse_signed_xml(texts.decode_pieces(value))
    if text.startswith("<", start):
        return parse_signed_xml(texts.cut(text, start, stop))
    return _parse_base64(text, start, stop, zeros=zeros, inner=inner)


def _parse_base64(
    text: str, start: int, stop: int, *, zeros: bool, inner: bool
) -> SignedData | SignedXml:
    read = wrapped.readings if inner else text_encoding.readings
    if stop - start > LARGE:
        beginning = text[start : start + BEGINNING]
        _check_alphabet(text, start, start + BEGINNING, edge=2)
        _first_success(read(beginning), lambda base64: _check_beginning(base64, stop, inner=inner))
    body = text[start:stop]
    if not body.isascii():  # Before it is copied: a copy takes two bytes a character, or four.
        _check_alphabet(text, start, stop)

    def parse_reading(base64: str, *, zeros: bool) -> SignedData | SignedXml:
        return _parse_bytes(_decode(base64, text, start, stop), zeros=zeros, inner=inner)

    if not zeros or " " not in body:
        return _first_success(read(body), partial(parse_reading, zeros=zeros))
    # First without zeros, as a save reads it: another reading would be another signature.
    tries = [partial(parse_reading, zeros=False), partial(parse_reading, zeros=True)]
    found = ((one, base64) for one in tries for base64 in read(body))
    return _first_success(found, lambda pair: pair[0](pair[1]))


def _first_success(readings: Iterable[Given], read: Callable[[Given], Result]) -> Result:
    """Return the first of the readings that succeeds; else raise the error of the likeliest one.

    No other is tried once that took long.
    """
    refusals: list[MalformedSignature] = []
    deadline = cpu_time_ns() + _TRYING
    try:
        for base64 in readings:
            try:
                return read(base64)
            except MalformedSignature as refusal:
                refusals.append(refusal)
                if cpu_time_ns() > deadline:
                    break
        raise refusals[0]
    finally:
        # The traceback of a refusal refers to this function's variables: all that was read would
        # stay in memory until the garbage collector finds the cycle.
        refusals.clear()


def _check_beginning(base64: str, characters: int, *, inner: bool) -> None:
    """Refuse a bomb of many megabytes before the whole of it is decoded."""
    try:
        beginning = a2b_base64(base64[: len(base64) // 4 * 4], strict_mode=True)
    except ValueError:
        return  # Decoding the whole will report what is wrong.
    if beginning.startswith(_SEQUENCE):
        check_beginning(beginning, characters)
    elif not inner and (text := wrapped.text_of(beginning)):
        start = text_encoding.skip_heads(text)
        text_encoding.check_alphabet(text, start, len(text), edge=2)
        for reading in wrapped.readings(text[start:]):
            _check_beginning(reading, characters, inner=True)
    else:
        refuse_foreign(beginning)
        check_budget(beginning.count(b"<"), beginning.count(b"="), beginning.count(b"&"))


def _decode(base64: str, text: str, start: int, stop: int) -> bytes:
    try:
        return text_encoding.decode(base64)
    except ValueError as error:
        _check_alphabet(text, start, stop)
        raise MalformedSignature("cms: base64 is truncated or wrongly padded") from error


def _check_alphabet(text: str, start: int, stop: int, edge: int = 0) -> None:
    """Refuse characters that base64 does not have; name the format if it is a known one."""
    try:
        text_encoding.check_alphabet(text, start, stop, edge)
    except MalformedSignature:
        refuse_foreign(text[start : start + _HEAD].encode(errors="replace"))
        raise


def _parse_cms(data: bytes, *, zeros: bool) -> SignedData:
    node = read_node(data, trailing_zeros=zeros)
    left_away = len(data) - node.size
    parsed = parse_signed_data(node)
    return replace(parsed, trailing_zeros=left_away) if left_away else parsed


def _parse_bytes(data: bytes, *, zeros: bool, inner: bool) -> SignedData | SignedXml:
    if data.startswith(_SEQUENCE):
        return _parse_cms(data, zeros=zeros)
    text = None if inner else wrapped.text_of(data)
    if text is not None:
        return _parse(text, zeros=zeros, inner=True)
    refuse_foreign(data)
    return parse_xml_file(data)
