"""Whether what a ByteRange leaves out is the value of the signature, and nothing else's.

The bytes of the gap are not signed, not even the case of its digits. So the gap must be the
Contents of this very signature dictionary as it stands in the file, no other object may reach into
it, and the dictionary may be nothing else, such as an annotation whose Contents are shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from app.pdf.child.fields import SignatureField
from app.pdf.child.objects import Body, read_object
from app.pdf.child.opening import Refused
from app.pdf.child.structure import Structure
from app.pdf.child.tokens import Irregular, Reader, Value, integer

_CONTENTS = b"/Contents"
_TYPES = {b"/Sig", b"/DocTimeStamp"}
#: Keys of annotations, fields and pages.
_OTHERS = {b"/Subtype", b"/Rect", b"/AP", b"/FT", b"/T", b"/Kids", b"/Parent", b"/MediaBox"}
#: Bytes of a gap, of which several copies are held.
_MOST = 16 * 1024 * 1024
#: Enough for one dictionary.
_TOKENS = 100_000


def list_shared(signed: Iterable[SignatureField]) -> set[tuple[int, int]]:
    """Return which signature dictionaries are the value of several fields."""
    values = [one.value for one in signed if one.value is not None]
    found = Counter(one.objgen for one in values if one.is_indirect)
    return {number for number, count in found.items() if count > 1}


def name_gap(data: bytes, one: SignatureField, structure: Structure) -> str | None:
    """Return what is not known about the gap of a signature; None if all is.

    `gap`: that it is the value of this signature. `overlap`: that it is nothing else.
    """
    try:
        dictionary = _read_own(data, one, structure)
    except (Irregular, Refused):
        return "gap"
    kind = dictionary.get(b"/Type", b"/Sig")
    is_other = not isinstance(kind, bytes) or kind not in _TYPES
    if is_other or not _OTHERS.isdisjoint(dictionary):
        return "overlap"
    try:
        return None if structure.is_apart_until(_gap(one)[1]) else "overlap"
    except Refused:
        return "overlap"


def _gap(one: SignatureField) -> tuple[int, int]:
    """Return where the gap of a signature begins and ends. Raises Irregular."""
    if one.byte_range is None or len(one.byte_range) != 4:
        raise Irregular
    return one.byte_range[1], one.byte_range[2]


def _read_own(data: bytes, one: SignatureField, structure: Structure) -> dict[bytes, Value]:
    """Return the dictionary around the gap, if it is that of a signature.

    It is read twice, with other digits in the gap: then so is its Contents, if that is there.

    Raises Irregular, Refused.
    """
    holder, is_within = _holder(one)
    begin, end = _gap(one)
    place, body = structure.read_listed(*holder)
    if not place <= begin < end - 2 or end > body.end or end - begin > _MOST:
        raise Irregular
    digit = b"b" if data[begin + 1 : begin + 2] in b"aA" else b"a"
    other = b"<" + digit * (end - begin - 2) + b">"
    written = data[place:begin] + other + data[end : body.end]
    found = _signature(body, is_within=is_within)
    changed = _signature(
        read_object(written, 0, Reader(_TOKENS, 0), is_named=True), is_within=is_within
    )
    if (found.get(_CONTENTS), changed.get(_CONTENTS)) != (data[begin:end], other):
        raise Irregular
    numbers = found.get(b"/ByteRange")
    if not isinstance(numbers, list) or list(map(integer, numbers)) != one.byte_range:
        raise Irregular
    return found


def _holder(one: SignatureField) -> tuple[tuple[int, int], bool]:
    """Return which object a signature dictionary is, and whether it is a field's, within that.

    Raises Irregular.
    """
    for held, is_within in ((one.value, False), (one.field, True)):
        if held is not None and held.is_indirect:
            return held.objgen, is_within
    raise Irregular


def _signature(body: Body, *, is_within: bool) -> dict[bytes, Value]:
    """Return the signature dictionary that an object is, or has. Raises Irregular."""
    value = body.value
    if is_within and isinstance(value, dict):
        value = value.get(b"/V", b"")
    if not isinstance(value, dict) or body.packed is not None:
        raise Irregular
    return value
