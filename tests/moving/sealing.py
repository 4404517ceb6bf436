"""Encrypting as the original does, for its tests: RFC 5869 and RFC 2104 by hand."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

KEY = bytes(range(32))


def write_key(key: bytes = KEY) -> str:
    """Return a key as the environment has it."""
    versioned = bytes.fromhex("def00000") + key
    return (versioned + hashlib.sha256(versioned).digest()).hex()


def derive(key: bytes, salt: bytes, info: bytes) -> bytes:
    """Return the first block of HKDF."""
    extracted = hmac.digest(salt, key, "sha256")
    return hmac.digest(extracted, info + b"\x01", "sha256")


def seal(text: str | bytes, key: bytes = KEY) -> str:
    """Encrypt a text."""
    content = text.encode() if isinstance(text, str) else text
    salt, iv = secrets.token_bytes(32), secrets.token_bytes(16)
    cipher = Cipher(AES(derive(key, salt, b"DefusePHP|V2|KeyForEncryption")), CTR(iv)).encryptor()
    sealed = bytes.fromhex("def50200") + salt + iv + cipher.update(content) + cipher.finalize()
    mac_key = derive(key, salt, b"DefusePHP|V2|KeyForAuthentication")
    return (sealed + hmac.digest(mac_key, sealed, "sha256")).hex()
