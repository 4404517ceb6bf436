"""Links that pass soon, made from a signer's: what a QR code on a screen leads to.

A text is the signer's token, when it ends (seconds since 1970, hex), and 18 bytes of a keyed
BLAKE2b (RFC 7693) of both, by the package's own key. Nothing is stored.
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from functools import cache, partial
from hashlib import blake2b

from sqlalchemy import Connection

from app.store.packages.links import TOKEN_LENGTH, read_link_token
from app.store.packages.signing import find_link_key

_TEXT = re.compile(rf"([A-Za-z0-9_-]{{{TOKEN_LENGTH}}})\.([0-9a-f]{{1,10}})\.([A-Za-z0-9_-]{{24}})")
_MAC_SIZE = 18


def make_passing(connection: Connection, token: str, ends_at: int) -> str | None:
    """Return a text that leads where a signer's token does, up to a moment; None if to nothing."""
    key = _key_of(connection, token)
    return None if key is None else f"{token}.{ends_at:x}.{_mac(key, token, ends_at)}"


def read_passing(connection: Connection, text: str, now: int) -> str | None:
    """Return the signer's token in such a text; None if it is not authentic, or has ended."""
    parts = _TEXT.fullmatch(text)
    if parts is None:
        return None
    token, ends_at = parts[1], int(parts[2], 16)
    key = _key_of(connection, token)
    if key is None or ends_at <= now:
        return None
    return token if hmac.compare_digest(_mac(key, token, ends_at), parts[3]) else None


def _key_of(connection: Connection, token: str) -> str | None:
    """Return the key of the package of an authentic token: one statement."""
    find = cache(partial(find_link_key, connection))
    link = read_link_token(token, find)
    return None if link is None else find(link.package_id)


def _mac(key: str, token: str, ends_at: int) -> str:
    mac = blake2b(key=bytes.fromhex(key), digest_size=_MAC_SIZE, person=b"passing link")
    mac.update(f"{token}.{ends_at:x}".encode())
    return urlsafe_b64encode(mac.digest()).decode()
