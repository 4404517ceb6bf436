"""GOST digests from libgcrypt, the library of GnuPG, which nearly every Linux has.

It is called through ctypes. Other threads run while it hashes long data; short calls keep the GIL,
since getting it back takes up to 5 ms when another thread computes. Algorithms are named as in
gcrypt.h; those of GOST exist since version 1.6.
"""

from __future__ import annotations

import ctypes

from app.cms.algorithms.gost.octets import HashFunction, Octets

NAME = "libgcrypt.so.20"
_OLDEST = b"1.6.0"

# GCRY_MD_GOSTR3411_94 has the test parameters, GCRY_MD_GOSTR3411_CP those of CryptoPro.
GOST_94_TEST, GOST_94_CRYPTO_PRO = 308, 311
STREEBOG_256, STREEBOG_512 = 309, 310
_SIZES = {GOST_94_TEST: 32, GOST_94_CRYPTO_PRO: 32, STREEBOG_256: 32, STREEBOG_512: 64}

_DISABLE_SECURE_MEMORY, _INITIALIZATION_FINISHED, _IS_INITIALIZATION_FINISHED = 37, 38, 40

# From this number of bytes on, other threads run meanwhile, as with hashlib.
_LONG = 2048
# Data that are not `bytes` are copied in pieces of this size: ctypes can't take the address of a
# read-only mmap or memoryview. Copying takes a hundredth of the time of hashing.
_CHUNK = 1 << 18


class Libgcrypt:
    """The library, ready for use. Safe to share between threads, and with forked processes."""

    def __init__(self, name: str = NAME) -> None:
        """Load the library, declare its functions, and initialise it.

        Raises OSError if it is not installed, AttributeError if it lacks a function, and ValueError
        if it is too old.
        """
        library = ctypes.PyDLL(name)
        self._open = library.gcry_md_open
        self._open.argtypes = [ctypes.POINTER(ctypes.c_void_p), ctypes.c_int, ctypes.c_uint]
        self._open.restype = ctypes.c_uint
        self._write_short = library.gcry_md_write
        self._write_long = ctypes.CDLL(name).gcry_md_write
        for write in (self._write_short, self._write_long):
            write.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]
            write.restype = None
        self._read = library.gcry_md_read
        self._read.argtypes = [ctypes.c_void_p, ctypes.c_int]
        self._read.restype = ctypes.c_void_p
        self._close = library.gcry_md_close
        self._close.argtypes = [ctypes.c_void_p]
        self._close.restype = None
        self.version = _initialise(library)

    def hash_function(self, algorithm: int) -> HashFunction:
        """Return the function of one of the algorithms above.

        The function raises OSError if libgcrypt refuses it (FIPS mode) or has no memory.
        """
        size = _SIZES[algorithm]

        def hash_octets(*data: Octets) -> bytes:
            handle = ctypes.c_void_p()
            if self._open(handle, algorithm, 0):
                raise OSError("libgcrypt does not provide this digest")
            try:
                for piece in data:
                    self._feed(handle, piece)
                return ctypes.string_at(self._read(handle, algorithm), size)
            finally:
                self._close(handle)

        return hash_octets

    def _feed(self, handle: ctypes.c_void_p, data: Octets) -> None:
        if isinstance(data, bytes):
            write = self._write_long if len(data) >= _LONG else self._write_short
            write(handle, data, len(data))
            return
        with memoryview(data) as whole, whole.cast("B") as view:
            for start in range(0, len(view), _CHUNK):
                chunk = bytes(view[start : start + _CHUNK])
                self._write_long(handle, chunk, len(chunk))


def _initialise(library: ctypes.PyDLL) -> str:
    """Initialise the library, unless that was done before; return its version."""
    check = library.gcry_check_version
    check.argtypes, check.restype = [ctypes.c_char_p], ctypes.c_char_p
    version = check(_OLDEST)
    if version is None:
        raise ValueError("libgcrypt is too old")
    control = library.gcry_control
    control.argtypes, control.restype = [ctypes.c_int], ctypes.c_uint
    if not control(_IS_INITIALIZATION_FINISHED):
        # Nothing here is secret: no memory needs to be locked.
        control(_DISABLE_SECURE_MEMORY, ctypes.c_int(0))
        control(_INITIALIZATION_FINISHED, ctypes.c_int(0))
    return str(version.decode("ascii", "replace"))


def load(name: str = NAME) -> Libgcrypt | None:
    """Load the library if it is installed and new enough."""
    try:
        return Libgcrypt(name)
    except (OSError, AttributeError, ValueError):
        return None
