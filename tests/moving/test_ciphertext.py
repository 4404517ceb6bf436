"""Texts that the original encrypted, and keys."""

from __future__ import annotations

import pytest

from app.moving.ciphertext import decrypt, is_encrypted, read_key
from app.moving.errors import MoveError, Undecryptable
from tests.moving.sealing import KEY, seal, write_key

#: Made once with the PHP library that the original uses: a key, and a text.
VECTOR_KEY = (
    "def0000063a51a545e497493f386092fa31e837e5dae0a9a31508d596d9f9b9c5459be31fbe9d013"
    "ed31947411671af1e967151505f27b0a6b37397022aefcb1185baa70"
)
VECTOR = (
    "def50200a4a4f4a135c78f901818490a10a1e27329255574fe7d1d2064939dcd91e5291f9b9f0635"
    "5c2c1647aa99842494c6744ec8b3e73970b86a39e9f2d552e848a846bdadf69b9ecd18a94bffe4d9"
    "1969650e6b5d1afe9160147e2c2c91e56d"
)


def test_what_the_original_s_library_encrypted_is_read() -> None:
    assert is_encrypted(VECTOR)
    assert decrypt(VECTOR, read_key(VECTOR_KEY)) == "MIIqol қол"


@pytest.mark.parametrize("text", ["", "M", "MIIқол\r\n", "x" * 100_000])
def test_any_text_comes_back(text: str) -> None:
    assert decrypt(seal(text), read_key(f" {write_key()}\n")) == text
    assert decrypt(seal(text).upper(), KEY) == text


@pytest.mark.parametrize("place", [0, 3, 4, 35, 36, 51, 52, 60, -33, -32, -1])
def test_a_byte_that_was_altered_is_noticed(place: int) -> None:
    sealed = bytearray.fromhex(seal("MIIqol and more"))
    sealed[place] ^= 1
    with pytest.raises(Undecryptable):
        decrypt(sealed.hex(), KEY)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "def50200",
        seal("")[:-2],
        seal("MII")[:-1],
        seal("MII") + "00",
        "def50200" + "zz" * 100,
        seal("MII", bytes(32)),
        seal(b"\xff"),
        seal(b"MII\0"),
    ],
    ids=["empty", "header", "short", "odd", "long", "no hex", "other key", "no text", "NUL"],
)
def test_what_is_no_such_text_is_refused(text: str) -> None:
    with pytest.raises(Undecryptable):
        decrypt(text, KEY)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "secret",
        write_key()[:-1],
        write_key()[:-2],
        write_key() + "00",
        write_key()[:-1] + "0",
        write_key().replace("def00000", "def10000"),
        write_key(bytes(31)),
    ],
)
def test_what_is_no_key_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(MoveError) as refused:
        read_key(text)
    assert "NCANODE_ENCRYPTION_KEY" in str(refused.value)
    assert not text or text not in str(refused.value)


@pytest.mark.parametrize("text", ["", "MIIqol", "<xml/>", "def50", "xdef50200"])
def test_other_texts_are_not_taken_for_encrypted(text: str) -> None:
    assert not is_encrypted(text)
