"""From one version to the next: who came, who stayed, who was lost, and whether content changed."""

from typing import Any

import pytest

from app.store.signatures.cosigning import (
    Facts,
    compare_signers,
    content_differs,
    describe_signer,
    identity,
    read_facts,
)


def facts(
    name: str | None = None,
    iin: str | None = None,
    bin: str | None = None,  # noqa: A002 - the key's name
    certificate: str = "c0",
    digest: tuple[str, str] | None = None,
) -> Facts:
    """Return as much of a signer's facts as comparing needs."""
    algorithm, value = digest or ("1.2", None)
    written: dict[str, Any] = {
        "claimed": {"name": name, "iin": iin, "bin": bin},
        "certificate": {"sha256": certificate, "subject": "of " + certificate},
        "digest_algorithm": {"oid": algorithm},
        "message_digest": value,
    }
    return written


def test_signers_are_added_kept_and_lost() -> None:
    a, b, c = (facts(name, iin=name * 12) for name in "123")
    changes = compare_signers([a, b], [b, c])
    assert (changes.added, changes.kept, changes.lost) == ([c], [b], [a])


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (facts("A", "1", certificate="c1"), facts("A", "1", certificate="c2"), True),
        (facts("A", "1"), facts("B", "1"), True),
        (facts("A", "1"), facts("A", "2"), False),
        (facts("A", "1"), facts("A", "1", "9"), False),
        (facts("ИС"), facts("ИС"), True),
        (facts(certificate="c1"), facts(certificate="c1"), True),
        (facts(certificate="c1"), facts(certificate="c2"), False),
    ],
)
def test_a_signer_is_identified_by_the_claims(one: Facts, other: Facts, same: bool) -> None:
    assert (identity(one) == identity(other)) is same


@pytest.mark.parametrize(
    ("before", "after", "sha256", "differs"),
    [
        ([], [], (None, None), False),
        ([], [], ("a", "b"), True),
        ([], [], ("a", "a"), False),
        ([facts(digest=("1", "a"))], [facts(digest=("1", "b"))], (None, "x"), True),
        ([facts(digest=("1", "a"))], [facts(digest=("1", "a"))], (None, None), False),
        ([facts(digest=("1", "a"))], [facts(digest=("2", "b"))], (None, None), False),
        ([facts(digest=("1", "a"))], [facts()], ("x", None), False),
    ],
)
def test_content_differs_only_where_that_is_certain(
    before: list[Facts], after: list[Facts], sha256: tuple[str | None, str | None], differs: bool
) -> None:
    assert content_differs(before, after, sha256) is differs


def test_a_signer_is_reported_by_name_and_numbers() -> None:
    assert describe_signer(facts("A", "1", "2")) == "A (IIN 1, BIN 2)"
    assert describe_signer(facts("ИС")) == "ИС"
    assert describe_signer(facts(certificate="c")) == "of c"


def test_no_facts_are_none() -> None:
    assert read_facts(None) == []
    assert read_facts('[{"number": 1}]') == [{"number": 1}]
