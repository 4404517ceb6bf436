"""Sums of points on the GOST curves by libcrypto, the OpenSSL library that Python's `ssl` uses.

OpenSSL knows nothing of GOST: the curve parameters are passed to it through ctypes. During the
multiplication other threads run; short calls keep the GIL, since getting it back takes up to 5 ms
when another thread computes.
"""

from __future__ import annotations

import ctypes
import ssl
from contextlib import ExitStack
from typing import Any

from app.cms.algorithms.gost.curves import Curve, Point

_POINTER, _INT = ctypes.c_void_p, ctypes.c_int

# The functions that are called, with result and argument types. OpenSSL has all of them since
# 1.1.1.
_FUNCTIONS: dict[str, tuple[Any, ...]] = {
    "BN_CTX_new": (_POINTER,),
    "BN_CTX_free": (None, _POINTER),
    "BN_bin2bn": (_POINTER, ctypes.c_char_p, _INT, _POINTER),
    "BN_bn2binpad": (_INT, _POINTER, ctypes.c_char_p, _INT),
    "BN_new": (_POINTER,),
    "BN_free": (None, _POINTER),
    "EC_GROUP_new_curve_GFp": (_POINTER, _POINTER, _POINTER, _POINTER, _POINTER),
    "EC_GROUP_free": (None, _POINTER),
    "EC_GROUP_set_generator": (_INT, _POINTER, _POINTER, _POINTER, _POINTER),
    "EC_POINT_new": (_POINTER, _POINTER),
    "EC_POINT_free": (None, _POINTER),
    "EC_POINT_set_affine_coordinates": (_INT, *[_POINTER] * 5),
    "EC_POINT_get_affine_coordinates": (_INT, *[_POINTER] * 5),
    "EC_POINT_is_at_infinity": (_INT, _POINTER, _POINTER),
    "EC_POINT_mul": (_INT, *[_POINTER] * 6),
    "ERR_clear_error": (None,),
    "OpenSSL_version": (ctypes.c_char_p, _INT),
}


# The only call that takes long.
_LONG = "EC_POINT_mul"


class LibcryptoError(Exception):
    """OpenSSL refused the arguments, or ran out of memory."""


class Libcrypto:
    """The library. Safe to share between threads, and with forked processes."""

    def __init__(self, name: str) -> None:
        """Load the library and declare its functions.

        Raises OSError if it is not installed, and AttributeError if it lacks a function.
        """
        short, long = ctypes.PyDLL(name), ctypes.CDLL(name)
        self._functions: dict[str, Any] = {}
        for title, (result, *arguments) in _FUNCTIONS.items():
            function = getattr(long if title == _LONG else short, title)
            function.restype, function.argtypes = result, arguments
            self._functions[title] = function
        text = self.run("OpenSSL_version", 0).decode("ascii", "replace")
        self.version = " ".join(text.split()[:2])

    def call(self, name: str, *arguments: Any) -> Any:
        """Call a function. Raises LibcryptoError for 0 and NULL, which usually mean failure."""
        result = self._functions[name](*arguments)
        if not result:
            self.run("ERR_clear_error")  # Otherwise `ssl` would report the error as its own.
            raise LibcryptoError(name)
        return result

    def run(self, name: str, *arguments: Any) -> Any:
        """Call a function that can't fail, or whose 0 is a valid result."""
        return self._functions[name](*arguments)


class _Frame:
    """The objects of one computation, freed after it."""

    def __init__(self, library: Libcrypto, stack: ExitStack) -> None:
        self._library, self._stack = library, stack
        self.call = library.call
        self.context = self.keep("BN_CTX_free", library.call("BN_CTX_new"))

    def keep(self, free: str, pointer: Any) -> Any:
        self._stack.callback(self._library.run, free, pointer)
        return pointer

    def number(self, value: int | None = None) -> Any:
        """Return a BIGNUM; without a value, one to hold a result."""
        if value is None:
            return self.keep("BN_free", self.call("BN_new"))
        octets = value.to_bytes((value.bit_length() + 7) // 8, "big")
        return self.keep("BN_free", self.call("BN_bin2bn", octets, len(octets), None))

    def point(self, group: Any, affine: Point | None = None) -> Any:
        """Return an EC_POINT; without coordinates, one to hold a result."""
        point = self.keep("EC_POINT_free", self.call("EC_POINT_new", group))
        if affine:
            x, y = (self.number(coordinate) for coordinate in affine)
            self.call("EC_POINT_set_affine_coordinates", group, point, x, y, self.context)
        return point


class LibcryptoCurve(Curve):
    """A curve whose points OpenSSL adds."""

    def __init__(self, curve: Curve, library: Libcrypto) -> None:
        """Pass the curve to the library. Raises LibcryptoError if the library refuses it."""
        super().__init__(curve.p, curve.a, curve.b, curve.q, curve.base)
        self._library = library
        with ExitStack() as stack:
            frame = _Frame(library, stack)
            field = (frame.number(value) for value in (curve.p, curve.a % curve.p, curve.b))
            # Never freed: there are three curves, needed as long as the process runs.
            self._group = library.call("EC_GROUP_new_curve_GFp", *field, frame.context)
            base = frame.point(self._group, curve.base)
            order = frame.number(curve.q)
            library.call("EC_GROUP_set_generator", self._group, base, order, None)

    def sum_x(self, factor: int, key: Point, key_factor: int) -> int | None:
        """Compute the same with OpenSSL; if it refuses, with plain Python."""
        try:
            return self.sum_x_by_library(factor, key, key_factor)
        except LibcryptoError:
            return super().sum_x(factor, key, key_factor)

    def sum_x_by_library(self, factor: int, key: Point, key_factor: int) -> int | None:
        """Compute the same with OpenSSL. Raises LibcryptoError."""
        library, group = self._library, self._group
        with ExitStack() as stack:
            frame = _Frame(library, stack)
            total = frame.point(group)
            factors = frame.number(factor), frame.number(key_factor)
            of_key = frame.point(group, key)
            library.call(_LONG, group, total, factors[0], of_key, factors[1], frame.context)
            if library.run("EC_POINT_is_at_infinity", group, total):
                return None
            x = frame.number()
            library.call("EC_POINT_get_affine_coordinates", group, total, x, None, frame.context)
            octets = ctypes.create_string_buffer(self.size)
            if library.run("BN_bn2binpad", x, octets, self.size) != self.size:
                raise LibcryptoError("BN_bn2binpad")
            return int.from_bytes(octets.raw, "big")


def load(name: str | None = None) -> Libcrypto | None:
    """Load the library that `ssl` is linked with, or one of the same version, if installed."""
    major, minor = ssl.OPENSSL_VERSION_INFO[:2]
    # Before version 3 the second number was part of the name.
    version = f"{major}" if major >= 3 else f"{major}.{minor}"
    try:
        return Libcrypto(name or f"libcrypto.so.{version}")
    except (OSError, AttributeError):
        return None
