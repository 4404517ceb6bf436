"""Tokens of links: found again, and not made up."""

from __future__ import annotations

import string

import pytest

from app.store.packages.links import (
    ALL_DOCUMENTS,
    TOKEN_LENGTH,
    Link,
    LinkTokens,
    read_link_token,
)

KEY, OTHER = "ab" * 32, "cd" * 32
CHARACTERS = set(string.ascii_letters + string.digits + "-_")


def read(token: str, key: str | None = KEY) -> Link | None:
    """Read a token in a store where every package has this key."""
    return read_link_token(token, lambda _package_id: key)


def test_a_token_leads_to_what_it_was_made_for() -> None:
    for package_id in (1, 7, 2**63 - 1):
        tokens = LinkTokens(package_id, KEY, (1, 50, 65_535)).of_document(200)
        found = [read(token) for token in tokens]
        assert found == [Link(package_id, 200, signer) for signer in (1, 50, 65_535)]
    (token,) = LinkTokens(7, KEY, [3]).of_all()
    assert read(token) == Link(7, ALL_DOCUMENTS, 3)


def test_a_token_can_stand_in_an_address() -> None:
    tokens = LinkTokens(7, KEY, range(1, 51)).of_document(1)
    assert len(set(tokens)) == 50
    for token in tokens:
        assert len(token) == TOKEN_LENGTH == 40
        assert CHARACTERS.issuperset(token)


def test_a_token_is_always_the_same() -> None:
    assert LinkTokens(7, KEY, [1]).of_all() == LinkTokens(7, KEY, [1]).of_all()
    assert LinkTokens(7, KEY, [1]).of_all() != LinkTokens(7, OTHER, [1]).of_all()


def test_the_key_of_the_package_is_requested() -> None:
    (token,) = LinkTokens(7, KEY, [1]).of_all()
    assert read_link_token(token, {7: KEY}.get) == Link(7, ALL_DOCUMENTS, 1)
    assert read_link_token(token, {7: OTHER, 8: KEY}.get) is None
    assert read_link_token(token, {8: KEY}.get) is None


def test_no_token_is_good_for_a_package_that_is_not_there() -> None:
    (token,) = LinkTokens(7, "00" * 32, [1]).of_all()
    assert read(token, None) is None


def test_a_token_that_was_changed_anywhere_leads_nowhere() -> None:
    (token,) = LinkTokens(7, KEY, [1]).of_document(1)
    for place, character in enumerate(token):
        other = "A" if character != "A" else "B"
        assert read(token[:place] + other + token[place + 1 :]) is None


@pytest.mark.parametrize(
    "token",
    [
        "",
        "A" * 39,
        "A" * 40,
        "A" * 41,
        "Я" * 40,
        "\0" * 40,
        "=" * 40,
        "!" * 40,
        "A" * 39 + "!",
        "_" * 40,
        "A" * 9999,
    ],
)
def test_what_is_no_token_leads_nowhere(token: str) -> None:
    assert read(token) is None


def test_a_token_in_other_characters_leads_nowhere() -> None:
    tokens = LinkTokens(7, KEY, range(1, 200)).of_document(1)
    token = next(each for each in tokens if "-" in each)
    assert read(token) is not None
    assert read(token.replace("-", "+")) is None
