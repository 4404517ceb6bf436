"""Whether the required signers have signed: the one rule, for rows in Python.

A signature is a person's if it counts (`app.store.signatures.standings`), is over what was to be
signed, if that is known, and the certificate has the IIN, BIN and role of the package's signer, as
far as given. `states.executed_column` says the same in SQL, for lists that are filtered by it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Label, Text, and_, case, cast, func, literal, or_, select

from app.cms import SHA_256
from app.store.models import PackageSigner, Signature, Signer, Version
from app.store.signatures.carried_contents import carried_content
from app.store.signatures.same_document import signed_the_same
from app.store.signatures.standings import Trusted

#: IIN, BIN and role of a required signer, None for any. IIN and BIN are not both None.
Requirement = tuple[str | None, str | None, str | None]
#: IIN and BIN that a signer's certificate claims, and a piece of JSON text with its roles, None if
#: no package requires a role.
Claim = Sequence[Any]


_ROLE = re.compile(r'"([A-Z_]+)"')


class Requirements:
    """The required signers, in order."""

    def __init__(self, requirements: Sequence[Requirement]) -> None:
        self._keys = [tuple(requirement) for requirement in requirements]
        #: The parts of a claim that are compared, each combination once.
        self._shapes = {tuple(part is not None for part in key) for key in self._keys}

    def __len__(self) -> int:
        return len(self._keys)

    def met(self, claims: Collection[Claim]) -> list[bool]:
        """Return for each required signer whether a signer of a version is that person."""
        if not claims:
            return [False] * len(self._keys)
        found: set[tuple[str | None, ...]] = set()
        for by_iin, by_bin, by_role in self._shapes:
            if by_role:
                found.update(
                    (claim[0] if by_iin else None, claim[1] if by_bin else None, role)
                    for claim in claims
                    for role in _read_roles(claim[2])
                )
            else:
                found.update(
                    (claim[0] if by_iin else None, claim[1] if by_bin else None, None)
                    for claim in claims
                )
        return [key in found for key in self._keys]


def requirements_of(dialect: str, package_id: Any) -> Label[str]:
    """Return the column with the required signers of a package, as text of a JSON list."""
    listed, row = _functions(dialect)
    requirement = row(PackageSigner.iin, PackageSigner.bin, PackageSigner.role)
    return _as_text(dialect, listed(requirement), PackageSigner.package_id == package_id, "demands")


def asks_for_roles(package_id: Any) -> ColumnElement[bool]:
    """Return the condition that a package requires a role of a signer."""
    return (
        select(PackageSigner.number)
        .where(PackageSigner.package_id == package_id, PackageSigner.role.is_not(None))
        .exists()
    )


def claims_of(
    dialect: str, with_roles: ColumnElement[bool], trusted: Trusted, sha256: Any
) -> Label[str]:
    """Return the column with the signers of the version of a head, a JSON list of `Claim` as text.

    Args:
        dialect: the database's.
        with_roles: whether roles, which are inside a signer's facts, are read too.
        trusted: decides who counts.
        sha256: the column with the digest of what was to be signed.
    """
    listed, row = _functions(dialect)
    claim = row(Signer.claimed_iin, Signer.claimed_bin, _roles(dialect, with_roles))
    mine = (Signer.signature_id == Signature.id) & (Signer.version == Signature.version)
    counting = and_(mine, *has_signed(trusted, sha256))
    return _as_text(dialect, listed(claim), counting, "claims")


def has_signed(trusted: Trusted, sha256: Any) -> list[ColumnElement[bool]]:
    """Return the conditions that a signer counts, and signed what has this SHA-256 if one is given.

    The signed content is identified by the content, attached or sent along, else by the message
    digest, which is signed (RFC 5652 section 11.2). A digest by another algorithm can't be
    compared; but a former version may have been (`carried_contents`). Without a SHA-256, those
    count who signed the same (`same_document`).
    """
    content = select(Version.content_sha256).where(
        Version.signature_id == Signer.signature_id, Version.version == Signer.version
    )
    by_digest = and_(Signer.digest_algorithm == SHA_256, Signer.message_digest == sha256)
    unsaid = and_(sha256.is_(None), signed_the_same(trusted))
    of_version = content.scalar_subquery() == sha256
    same = or_(unsaid, by_digest, of_version, carried_content() == sha256)
    return [trusted.condition(Signer), same]


def is_over(
    sha256: str | None, digest_algorithm: str, message_digest: str | None, content: str | None
) -> bool:
    """Return whether a signer signed what has this SHA-256, as `has_signed`; yes without one."""
    by_digest = digest_algorithm == SHA_256 and message_digest == sha256
    return sha256 is None or by_digest or content == sha256


def read_list(text: str) -> list[Any]:
    """Parse such a column."""
    found: list[Any] = orjson.loads(text)
    return found


def _roles(dialect: str, with_roles: ColumnElement[bool]) -> ColumnElement[Any]:
    """Return the roles of a signer as a piece of JSON text."""
    if dialect == "sqlite":
        # SQLite would insert a value that it knows to be JSON as JSON.
        roles = func.json_extract(Signer.facts, "$.claimed.roles")
        return case((with_roles, literal("").concat(roles)))
    # PostgreSQL would parse all facts to their end, which takes three times as long. A quote within
    # a text is escaped, so these characters are the key and nothing else; a role has no bracket.
    after = func.split_part(cast(Signer.facts, Text), '"roles":', 2)
    return case((with_roles, func.split_part(after, "]", 1)))


@lru_cache(maxsize=1024)
def _read_roles(text: str | None) -> tuple[str, ...]:
    """Parse the roles in that piece, which may lack its bracket."""
    return tuple(_ROLE.findall(text or ""))


def _functions(dialect: str) -> tuple[Any, Any]:
    """Return the functions that make a JSON list of rows, and of columns."""
    if dialect == "sqlite":
        return func.json_group_array, func.json_array
    return func.json_agg, func.json_build_array


def _as_text(dialect: str, listed: Any, mine: ColumnElement[bool], name: str) -> Label[str]:
    if dialect != "sqlite":
        listed = func.coalesce(cast(listed, Text), "[]")
    return select(listed).where(mine).scalar_subquery().label(name)
