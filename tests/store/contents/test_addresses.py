"""Addresses of places where documents are kept."""

from __future__ import annotations

import pytest

from app.store.contents.addresses import Address, read_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("file:/var/kept", Address("/var/kept", None, "")),
        ("file:///var/kept", Address("/var/kept", None, "")),
        ("s3://kept", Address(None, "kept", "")),
        ("s3://kept/", Address(None, "kept", "")),
        ("s3://kept.kz/a/b/", Address(None, "kept.kz", "a/b")),
    ],
)
def test_an_address_names_a_folder_or_a_bucket(text: str, address: Address) -> None:
    assert read_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "kept",
        "database",
        "file:",
        "file:kept",
        "file:/a\0b",
        "s3://",
        "s3://ab",
        "s3://A-B",
        "s3:/kept",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"neither file:/folder nor s3://bucket/prefix"):
        read_address(text)
