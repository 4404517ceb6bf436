"""Distinguished names in the JDK's form."""

from __future__ import annotations

import pytest

from app.api.ncanode3.names import write_dn, write_name
from app.cms import Name, read_name
from tests import pki


@pytest.mark.parametrize(
    ("attributes", "text"),
    [
        ([("2.5.4.6", "KZ"), ("2.5.4.3", "A")], "CN=A, C=KZ"),
        ([("2.5.4.10", 'ТОО "Б"')], 'O="ТОО \\"Б\\""'),
        ([("2.5.4.10", "a, b")], 'O="a, b"'),
        ([("2.5.4.10", "a\\b")], 'O="a\\\\b"'),
        ([("2.5.4.7", "АЛМАТЫ"), ("2.5.4.8", "АЛМАТЫ")], "ST=АЛМАТЫ, L=АЛМАТЫ"),
        ([("1.2.840.113549.1.9.1", "a@b.kz")], "EMAILADDRESS=a@b.kz"),
        ([("2.5.4.15", "B")], "OID.2.5.4.15=B"),
        ([], ""),
    ],
)
def test_a_name_as_text(attributes: list[tuple[str, str]], text: str) -> None:
    assert write_dn(Name(tuple(attributes), damaged=False)) == text


def test_numbers_are_found_by_what_they_begin_with() -> None:
    name = pki.distinguished_name(
        ("2.5.4.11", "ОТДЕЛ"), ("2.5.4.11", "BIN050140001234"), ("2.5.4.5", "IIN900101300017")
    )
    written = write_name(name)
    assert (written["bin"], written["iin"]) == ("050140001234", "900101300017")
    other = write_name(pki.distinguished_name(("2.5.4.5", "BIN050140001234")))
    assert list(other) == ["bin", "dn"]


def test_a_long_text_is_cut() -> None:
    written = write_name(pki.distinguished_name(("2.5.4.3", "x" * 600)))
    assert {len(text) for text in written.values()} == {500}
    assert read_name(b"").damaged
