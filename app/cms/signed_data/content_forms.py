"""Content in the form of what other signatures are over.

The value of such a signature, taken from its place, verifies with the signer's key.
"""

import re

from app.cms.asn1.node import DAMAGE, read_node
from app.cms.asn1.tags import SEQUENCE, SET
from app.cms.verdict import Verdict, no

_ENCODED_MESSAGE_DIGEST = bytes.fromhex("06092a864886f70d010904")
_SET_TAG, _SEQUENCE_TAG = bytes((SET,)), bytes((SEQUENCE,))
# The beginning of a canonical ds:SignedInfo, and how many bytes of content are searched for it.
_SIGNED_INFO = re.compile(rb"<(?:[^\s<>/:]+:)?SignedInfo[\s>]")
_MAX_START_TAG = 1024


def refuse_form(content: bytes) -> Verdict | None:
    """Return no for content that has such a form. All of it may be read for that."""
    if _are_attributes(content):
        return no("the content has the form of signed attributes")
    if _SIGNED_INFO.match(content, 0, _MAX_START_TAG):
        return no("the content has the form of the SignedInfo of a signature in XML")
    return None


def _are_attributes(content: bytes) -> bool:
    """Return whether content has the form of signed attributes: a SET, in any encoding of BER."""
    if content[:1] != _SET_TAG or _ENCODED_MESSAGE_DIGEST not in content:
        return False
    try:
        read_node(_SEQUENCE_TAG + content[1:])
    except DAMAGE:
        return False
    return True
