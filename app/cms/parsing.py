"""The door of the library: text as a client sent it in, a signature or a refusal out."""

from binascii import a2b_base64
from urllib.parse import unquote

from app.cms import armour, ber
from app.cms.errors import MalformedSignature
from app.cms.signed_data import SignedCms, parse_signed_data
from app.cms.signed_xml import SignedXml, check_budget, decode_xml, parse_signed_xml

# Characters. Above this, the beginning is looked at before the whole is decoded.
LARGE = 1_000_000
# Characters (a multiple of 4): 393 KB of bytes, in which 196,000 empty elements have room.
BEGINNING = 524_288


def parse(text: str) -> SignedCms | SignedXml:
    """Read a signature, CMS or XML, in any of the forms in which clients send it.

    Says whether it is well-formed and within budget; it doesn't verify anything. Raises
    MalformedSignature, and nothing else, whatever `text` is.
    """
    try:
        return _parse(text)
    except MalformedSignature:
        raise
    except Exception as error:
        # One of two borders that catch everything: asn1crypto and lxml raise many types for
        # damage, and a signature that can't be read is the sender's matter, not ours.
        raise MalformedSignature(
            "cms: signature is malformed ({kind})", kind=type(error).__name__
        ) from error


def _parse(text: str) -> SignedCms | SignedXml:
    if text.startswith("MI") and len(text) <= LARGE:
        # The usual case, at a third of the cost: plain base64 with nothing around it.
        try:
            data = a2b_base64(text, strict_mode=True)
        except ValueError:
            pass
        else:
            return _parse_bytes(data)
    start, stop = armour.open_armour(text)
    body = text[start:stop]
    if text[start - 1 : start] == "," and body[:1] in ("<", "%"):
        return parse_signed_xml(unquote(body, errors="strict"))  # A data URI without base64.
    if body.startswith("<"):
        return parse_signed_xml(body)
    return _parse_base64(text, start, stop)


def _parse_base64(text: str, start: int, stop: int) -> SignedCms | SignedXml:
    """Try the readings of base64 in turn. What the likeliest one lacks is what gets reported."""
    refusal = MalformedSignature("cms: base64 is truncated or wrongly padded")
    for number, base64 in enumerate(armour.readings(text[start:stop])):
        try:
            _check_beginning(base64)
            return _parse_bytes(armour.decode(base64))
        except MalformedSignature as error:
            if number == 0:
                refusal = error
        except ValueError:
            armour.check_alphabet(text, start, stop)
    raise refusal


def _check_beginning(base64: str) -> None:
    """Refuse a bomb of many megabytes before the whole of it is decoded."""
    if len(base64) <= LARGE:
        return
    try:
        beginning = a2b_base64(base64[:BEGINNING], strict_mode=True)
    except ValueError:
        return  # Whoever decodes the whole will say what is wrong.
    if beginning.startswith(b"0"):
        ber.scan(beginning, len(base64) // 4 * 3 + 3)
    else:
        check_budget(beginning.count(b"<"), beginning.count(b"="))


def _parse_bytes(data: bytes) -> SignedCms | SignedXml:
    if data.startswith(b"0"):  # The octet of an ASN.1 SEQUENCE.
        ber.scan(data)
        return parse_signed_data(data)
    return parse_signed_xml(decode_xml(data))
