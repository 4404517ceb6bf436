"""Texts that the original encrypted: version 2 of the format of defuse/php-encryption, as hex.

    version (4 bytes) || salt (32) || IV (16) || AES-256-CTR || HMAC-SHA-256 of all before it (32)

The keys of the cipher and of the HMAC are derived from one by HKDF with SHA-256 (RFC 5869) and the
salt. A key is written as hex of a version (4 bytes), the 32 bytes, and the SHA-256 of both.
"""

from __future__ import annotations

import hashlib
import hmac

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.moving.errors import MoveError, Undecryptable

_VERSION = bytes.fromhex("def50200")
_KEY_VERSION = bytes.fromhex("def00000")
_VERSION_SIZE, _KEY_SIZE, _SALT_SIZE, _IV_SIZE, _MAC_SIZE = 4, 32, 32, 16, 32
_SMALLEST = _VERSION_SIZE + _SALT_SIZE + _IV_SIZE + _MAC_SIZE


def read_key(text: str) -> bytes:
    """Return the bytes of a key.

    Raises:
        MoveError: it is no key, or was altered.
    """
    try:
        whole = bytes.fromhex(text.strip())
    except ValueError:
        whole = b""
    key, checksum = whole[: _VERSION_SIZE + _KEY_SIZE], whole[_VERSION_SIZE + _KEY_SIZE :]
    is_whole = hmac.compare_digest(hashlib.sha256(key).digest(), checksum)
    if not (is_whole and key.startswith(_KEY_VERSION)):
        # The value is not repeated: it is a secret.
        raise MoveError("NCANODE_ENCRYPTION_KEY is not a key, or not a whole one")
    return key[_VERSION_SIZE:]


def is_encrypted(text: str) -> bool:
    """Return whether a text begins as encrypted ones do, which no signature does."""
    return text[: 2 * _VERSION_SIZE].lower() == _VERSION.hex()


def decrypt(text: str, key: bytes) -> str:
    """Return the decrypted text.

    Raises:
        Undecryptable: the HMAC differs, it is no encrypted text, or what was encrypted is no text.
    """
    try:
        sealed = bytes.fromhex(text)
    except ValueError as error:
        raise Undecryptable from error
    if len(sealed) < _SMALLEST or not sealed.startswith(_VERSION):
        raise Undecryptable
    salt = sealed[_VERSION_SIZE : _VERSION_SIZE + _SALT_SIZE]
    mac = hmac.digest(_derive(key, salt, b"Authentication"), sealed[:-_MAC_SIZE], "sha256")
    if not hmac.compare_digest(mac, sealed[-_MAC_SIZE:]):
        raise Undecryptable
    start = _VERSION_SIZE + _SALT_SIZE
    iv = sealed[start : start + _IV_SIZE]
    cipher = Cipher(AES(_derive(key, salt, b"Encryption")), CTR(iv)).decryptor()
    content = cipher.update(sealed[start + _IV_SIZE : -_MAC_SIZE]) + cipher.finalize()
    if b"\0" in content:  # PostgreSQL can't store it as text, and no signature has it.
        raise Undecryptable
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise Undecryptable from error


def _derive(key: bytes, salt: bytes, purpose: bytes) -> bytes:
    info = b"DefusePHP|V2|KeyFor" + purpose
    return HKDF(algorithm=SHA256(), length=_KEY_SIZE, salt=salt, info=info).derive(key)
