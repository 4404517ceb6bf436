"""GOST by libraries of the system: the same as in plain Python, and without them it is that."""

import mmap
import random
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from app.cms.algorithms import registry as algorithms
from app.cms.algorithms.gost import implementations, libcrypto, libgcrypt
from app.cms.algorithms.gost.curves import Curve, Point
from app.cms.algorithms.gost.implementations import (
    PLAIN_CURVES,
    PLAIN_DIGESTS,
    Curves,
    Digests,
    choose_curves,
    choose_digests,
    describe,
)
from app.cms.algorithms.gost.libcrypto import Libcrypto, LibcryptoCurve, LibcryptoError
from app.cms.algorithms.gost.libgcrypt import Libgcrypt
from app.cms.algorithms.gost.octets import HashFunction
from tests.gost_signer import GOST_2004 as GOST_2004_KIND
from tests.gost_signer import GOST_2015_256, GOST_2015_512, GostKey
from tests.memory import forget_peak, peak

TITLES = ["Streebog-256", "Streebog-512", "34.311-95", "34.11-94 CryptoPro"]
CURVE_TITLES = ["CryptoPro-A", "256-A", "512-A"]
KINDS = {"2004": GOST_2004_KIND, "2015-256": GOST_2015_256, "2015-512": GOST_2015_512}

needs_libgcrypt = pytest.mark.skipif(
    libgcrypt.load() is None, reason="needs libgcrypt (apt-get install libgcrypt20)"
)
needs_libcrypto = pytest.mark.skipif(
    libcrypto.load() is None, reason="needs the libcrypto of OpenSSL as a library of its own"
)
every_digest = pytest.mark.parametrize("place", range(4), ids=TITLES)
every_curve = pytest.mark.parametrize("place", range(3), ids=CURVE_TITLES)


def digests() -> Digests:
    """Return libgcrypt's."""
    found = choose_digests(libgcrypt.load())
    assert found is not PLAIN_DIGESTS
    return found


def curves() -> Curves:
    """Return OpenSSL's."""
    found = choose_curves(libcrypto.load())
    assert found is not PLAIN_CURVES
    return found


def both(place: int) -> tuple[HashFunction, HashFunction]:
    """Return one hash function of both implementations."""
    return digests().functions()[place], PLAIN_DIGESTS.functions()[place]


@needs_libgcrypt
@every_digest
def test_digests_are_equal(place: int) -> None:
    fast, plain = both(place)
    randomness = random.Random(place)
    sizes = [*range(0, 200, 7), 31, 32, 33, 63, 64, 65, 127, 128, 129, 2047, 2048, 2049]
    for size in sizes:
        data = randomness.randbytes(size)
        assert fast(data) == plain(data)


@needs_libgcrypt
@every_digest
def test_digests_of_blocks_whose_sum_carries_are_equal(place: int) -> None:
    """Where a library of 2013 went wrong: a carry into a word of ones."""
    fast, plain = both(place)
    ones, one = b"\xff" * 8, b"\x01" + bytes(7)
    randomness = random.Random(place)
    words = [ones, ones, ones, one, bytes(8), ones[:7] + b"\xfe"]
    for _ in range(20):
        data = b"".join(randomness.choices(words, k=8 * 5)) + ones[: randomness.randrange(8)]
        assert fast(data) == plain(data)


@every_digest
@pytest.mark.parametrize("library", [True, False], ids=["libgcrypt", "plain"])
def test_all_that_holds_octets_is_hashed(place: int, library: bool, tmp_path: Path) -> None:
    if library and libgcrypt.load() is None:
        pytest.skip("needs libgcrypt")
    fast = (digests() if library else PLAIN_DIGESTS).functions()[place]
    for data in (b"x", bytes(range(256)) * 9 + b"end"):
        path = tmp_path / "data"
        path.write_bytes(data)
        expected = PLAIN_DIGESTS.functions()[place](data)
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as map_:
            assert fast(map_) == expected
            with memoryview(map_) as view:
                assert fast(view) == expected
        assert fast(bytearray(data)) == expected
        assert fast(memoryview(data + b"more")[: len(data)]) == expected
    assert fast(bytearray()) == fast(b"")


@needs_libgcrypt
@every_digest
def test_what_is_hashed_in_chunks_has_the_same_digest(place: int) -> None:
    fast = digests().functions()[place]
    data = random.Random(1).randbytes(2 * libgcrypt._CHUNK + 77)
    assert fast(memoryview(data)) == fast(data)


def test_an_mmap_is_hashed_by_its_identifier(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(b"abc" * 1000)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as map_:
        for oid in algorithms.DIGESTS:
            assert algorithms.digest(oid, map_) == algorithms.digest(oid, b"abc" * 1000)


def progress_during(action: Callable[[], object]) -> float:
    """Return the share of an action's time in which another thread could have run."""
    ticks: list[float] = []
    stop = threading.Event()

    def tick() -> None:
        while not stop.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    began = time.perf_counter()
    action()
    ended = time.perf_counter()
    stop.set()
    thread.join()
    inside = [began, *[moment for moment in ticks if began < moment < ended], ended]
    longest = max(second - first for first, second in pairwise(inside))
    return 1 - longest / (ended - began)


@pytest.mark.attacks
@needs_libgcrypt
@every_digest
@pytest.mark.parametrize("kind", [bytes, memoryview], ids=["at once", "in chunks"])
def test_other_threads_run_while_something_large_is_hashed(
    place: int, kind: Callable[[bytes], bytes | memoryview]
) -> None:
    fast = digests().functions()[place]
    data = kind(bytes(20_000_000))
    assert max(progress_during(lambda: fast(data)) for _ in range(3)) > 0.5


@needs_libcrypto
def test_other_threads_run_while_points_are_added_up() -> None:
    """It takes too short a time to be watched: that Python is let go of is seen by the flag."""
    library = libcrypto.load()
    assert library
    released = library._functions["EC_POINT_mul"]
    held = library._functions["EC_POINT_new"]
    flags = type(released)._flags_, type(held)._flags_
    python_api = 4  # FUNCFLAG_PYTHONAPI: Python is held.
    assert [flag & python_api for flag in flags] == [0, python_api]


@pytest.mark.slow
@needs_libgcrypt
@needs_libcrypto
def test_no_memory_is_lost() -> None:
    functions, all_curves = digests().functions(), curves().curves()
    data = memoryview(bytes(1000))

    def work(times: int) -> None:
        for _ in range(times):
            for function in functions:
                function(data)
            for curve in all_curves:
                curve.sum_x(3, curve.base, 5)
                curve.sum_x(3, curve.base, curve.q - 3)
                curve.sum_x(3, (1, 1), 5)

    work(100)
    forget_peak()
    before = peak()
    work(700)
    # One BIGNUM lost each time would be 0.1 at least, one EC_POINT 1.
    assert peak() - before < 0.1


@pytest.mark.slow
@needs_libcrypto
@every_curve
def test_sums_of_points_are_equal(place: int) -> None:
    fast, plain = curves().curves()[place], PLAIN_CURVES.curves()[place]
    assert isinstance(fast, LibcryptoCurve)
    randomness = random.Random(place)
    q = plain.q
    edges = [0, 1, 2, q - 1, q // 2]
    pairs = [(first, second) for first in edges for second in edges]
    pairs += [(randomness.randrange(q), randomness.randrange(q)) for _ in range(10)]
    key = plain.to_affine(plain.combine(randomness.randrange(q), plain.base, 0))
    for of_base, of_key in pairs:
        for point in (key, plain.base, (plain.base[0], plain.p - plain.base[1])):
            expected = plain.sum_x(of_base, point, of_key)
            assert fast.sum_x_by_library(of_base, point, of_key) == expected


@pytest.mark.slow
@needs_libcrypto
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_signatures_are_judged_alike(kind: object) -> None:
    for name, fast, plain in zip(KINDS, curves().curves(), PLAIN_CURVES.curves(), strict=True):
        if KINDS[name] is not kind:
            continue
        key, size = GostKey.generate(KINDS[name], "anna"), plain.size
        randomness = random.Random(1)
        for _ in range(4):
            digest = randomness.randbytes(size)
            signature = key.sign(digest)
            number = int.from_bytes(digest, "little")
            r, s = (int.from_bytes(half, "little") for half in (signature[:size], signature[size:]))
            assert judge(fast, plain, key.point, number, r, s)
            for bit in range(0, 8 * size, 37):
                assert not judge(fast, plain, key.point, number ^ 1 << bit, r, s)
                assert not judge(fast, plain, key.point, number, r ^ 1 << bit, s)
                assert not judge(fast, plain, key.point, number, r, s ^ 1 << bit)
        assert not judge(fast, plain, plain.base, 1, 7, 7)  # The sum is at infinity.


def judge(fast: Curve, plain: Curve, key: Point, digest: int, *value: int) -> bool:
    """Verify r and s on both."""
    r, s = value
    answer = plain.verify(key, digest, r, s)
    assert fast.verify(key, digest, r, s) is answer
    return answer


@needs_libcrypto
@every_curve
def test_bad_numbers_and_points_are_refused_alike(place: int) -> None:
    fast, plain = curves().curves()[place], PLAIN_CURVES.curves()[place]
    x, y = plain.base
    q, p = plain.q, plain.p
    for r, s in ((0, 1), (1, 0), (0, 0), (q, 1), (1, q), (q + 1, 1), (-1, 1), (1, -1)):
        assert not judge(fast, plain, plain.base, 1, r, s)
    for point in ((0, 0), (x, y + 1), (x + p, y), (x, y - p), (-x, y), (p, y), (x, 2 * p - y)):
        assert not judge(fast, plain, point, 1, 1, 1)


@needs_libcrypto
@every_curve
def test_what_the_library_refuses_is_computed_in_plain_python(place: int) -> None:
    """It refuses points that are not on the curve, of which it is never asked."""
    fast, plain = curves().curves()[place], PLAIN_CURVES.curves()[place]
    assert isinstance(fast, LibcryptoCurve)
    off = plain.base[0], plain.base[1] + 1
    with pytest.raises(LibcryptoError):
        fast.sum_x_by_library(1, off, 1)
    assert fast.sum_x(1, off, 1) == plain.sum_x(1, off, 1)
    # Nor does OpenSSL keep an error, which the next user of `ssl` would take for its own.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    assert context.cert_store_stats()["x509"] == 0


@needs_libcrypto
def test_a_curve_that_the_library_does_not_want_is_refused() -> None:
    library = libcrypto.load()
    assert library
    with pytest.raises(LibcryptoError):
        LibcryptoCurve(Curve(p=16, a=1, b=1, q=3, base=(1, 1)), library)


class WrongLibgcrypt(Libgcrypt):
    """Takes 34.11-94 with one set of parameters for the other."""

    def hash_function(self, algorithm: int) -> HashFunction:
        return super().hash_function(
            algorithm ^ 308 ^ 311 if algorithm in {308, 311} else algorithm
        )


class ForbiddenLibgcrypt(Libgcrypt):
    """Has no such algorithms, as in FIPS mode."""

    def hash_function(self, algorithm: int) -> HashFunction:
        libgcrypt._SIZES[9999] = libgcrypt._SIZES[algorithm]
        return super().hash_function(9999)


@needs_libgcrypt
@pytest.mark.parametrize("kind", [WrongLibgcrypt, ForbiddenLibgcrypt])
def test_a_libgcrypt_that_is_wrong_is_not_used(kind: type[Libgcrypt]) -> None:
    assert choose_digests(kind()) is PLAIN_DIGESTS


class WrongLibcrypto(Libcrypto):
    """Adds up nothing."""

    def call(self, name: str, *arguments: object) -> object:
        return 1 if name == "EC_POINT_mul" else super().call(name, *arguments)


class ForbiddenLibcrypto(Libcrypto):
    """Knows no curves."""

    def call(self, name: str, *arguments: object) -> object:
        if name == "EC_GROUP_new_curve_GFp":
            raise LibcryptoError(name)
        return super().call(name, *arguments)


@needs_libcrypto
@pytest.mark.parametrize("kind", [WrongLibcrypto, ForbiddenLibcrypto])
def test_a_libcrypto_that_is_wrong_is_not_used(kind: type[Libcrypto]) -> None:
    assert choose_curves(kind(libcrypto_name())) is PLAIN_CURVES


def libcrypto_name() -> str:
    """Return the name of the library that is loaded."""
    return f"libcrypto.so.{ssl.OPENSSL_VERSION_INFO[0]}"


@pytest.mark.parametrize("name", ["libnone-such.so.1", "libc.so.6"], ids=["missing", "another"])
def test_without_libraries_it_is_plain_python(name: str) -> None:
    """The C library stands for one that lacks what is called."""
    assert choose_digests(libgcrypt.load(name)) is PLAIN_DIGESTS
    assert choose_curves(libcrypto.load(name)) is PLAIN_CURVES


@needs_libgcrypt
def test_an_old_libgcrypt_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libgcrypt, "_OLDEST", b"99.0.0")
    assert libgcrypt.load() is None


@needs_libgcrypt
@needs_libcrypto
def test_it_is_reported_whose_code_is_in_use() -> None:
    line = describe(digests(), curves())
    assert line.startswith("GOST digests: libgcrypt 1.")
    assert "; curves: OpenSSL " in line
    assert describe() == line


def test_it_is_reported_what_to_install() -> None:
    assert describe(PLAIN_DIGESTS, PLAIN_CURVES) == (
        "GOST digests: plain Python; curves: plain Python"
        " (contents above 1 MB are not hashed in requests: install libgcrypt20)"
    )


@needs_libgcrypt
@needs_libcrypto
def test_a_process_that_was_forked_computes_as_before() -> None:
    program = """
import os
from app.cms.algorithms.gost.implementations import CURVES, DIGESTS
def work():
    return [f(b"x" * 5000) for f in DIGESTS.functions()], [
        c.sum_x(5, c.base, 7) for c in CURVES.curves()]
before = work()
if os.fork() == 0:
    os._exit(0 if work() == before else 3)
raise SystemExit(os.waitstatus_to_exitcode(os.wait()[1]))
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@needs_libgcrypt
@needs_libcrypto
def test_many_threads_compute_at_once() -> None:
    functions, all_curves = digests().functions(), curves().curves()
    data = random.Random(3).randbytes(100_000)

    def work() -> tuple[object, ...]:
        sums = [curve.sum_x(curve.q // 3, curve.base, 12345) for curve in all_curves]
        return *(function(data) for function in functions), *sums

    expected = work()
    found: list[tuple[object, ...]] = []
    threads = [
        threading.Thread(target=lambda: found.extend(work() for _ in range(10))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 40


def test_those_in_use_are_the_fastest_that_are_right() -> None:
    assert implementations.DIGESTS.provider == choose_digests(libgcrypt.load()).provider
    assert implementations.CURVES.provider == choose_curves(libcrypto.load()).provider
