"""The state of a package: derived from its times and its signers, in Python and in SQL alike.

`state_of` computes it for one package, `state_column` in SQL, for lists.
Whether all have signed is computed by `requirements.Requirements` and `executed_column`.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Literal, TypeAlias

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select

from app.store.database.types import utc_now
from app.store.models import Package, PackageDocument, PackageSigner, Signature, Signer
from app.store.packages.requirements import has_signed
from app.store.signatures.standings import Trusted

State: TypeAlias = Literal["rescinded", "executed", "expired", "draft", "open"]


def state_of(
    *,
    rescinded_at: datetime | None,
    executed: bool,
    sign_by: datetime | None,
    opened_at: datetime | None,
    now: datetime,
) -> State:
    """Return the state of a package; earlier rules have precedence."""
    if rescinded_at is not None:
        return "rescinded"
    if executed:
        return "executed"
    if sign_by is not None and sign_by <= now:
        return "expired"
    return "draft" if opened_at is None else "open"


@lru_cache(maxsize=8)
def state_column(dialect: str, trusted: Trusted) -> ColumnElement[str]:
    """Return the state of a row of `packages`, as `state_of` does."""
    return case(
        (Package.rescinded_at.is_not(None), "rescinded"),
        (executed_column(dialect, trusted), "executed"),
        (Package.sign_by <= utc_now(), "expired"),
        (Package.opened_at.is_(None), "draft"),
        else_="open",
    )


@lru_cache(maxsize=8)
def executed_column(dialect: str, trusted: Trusted) -> ColumnElement[bool]:
    """Return the column whether all signers have signed each document of a row of `packages`.

    It searches for a signer who has not, so it is fast for packages in progress.
    """
    missing = (
        select(PackageDocument.number)
        .join(PackageSigner, PackageSigner.package_id == PackageDocument.package_id)
        .where(PackageDocument.package_id == Package.id, _none(_signed(dialect, trusted)))
        .correlate(Package)
    )
    return _none(missing)


@lru_cache(maxsize=8)
def signed_documents_column(dialect: str, trusted: Trusted) -> ColumnElement[int]:
    """Return the column with the number of documents that a row of `package_signers` signed."""
    return (
        select(func.count())
        .select_from(PackageDocument)
        .where(
            PackageDocument.package_id == PackageSigner.package_id,
            ~_none(_signed(dialect, trusted)),
        )
        .correlate(PackageSigner)
        .scalar_subquery()
    )


@lru_cache(maxsize=8)
def signed_by_column(dialect: str, trusted: Trusted) -> ColumnElement[int]:
    """Return the column with the number of signers who signed a row of `package_documents`."""
    return (
        select(func.count())
        .select_from(PackageSigner)
        .where(
            PackageSigner.package_id == PackageDocument.package_id,
            ~_none(_signed(dialect, trusted)),
        )
        .correlate(PackageDocument)
        .scalar_subquery()
    )


def _signed(dialect: str, trusted: Trusted) -> Select[int]:
    """Return the signatures of a package's document, in its current version, by a signer of it."""
    return (
        select(Signer.number)
        .join(
            Signature,
            (Signature.id == Signer.signature_id) & (Signature.version == Signer.version),
        )
        .where(
            Signature.document == PackageDocument.document,
            Signature.thread == PackageDocument.thread,
            *_is_required_signer(dialect),
            *has_signed(trusted, PackageDocument.sha256),
        )
        .correlate(PackageDocument, PackageSigner)
    )


def _none(rows: Select[int]) -> ColumnElement[bool]:
    """Return the condition that a subquery has no row.

    PostgreSQL turns NOT EXISTS into joins of whole tables if it knows little of their sizes; this
    it evaluates row by row, by an index, and stops at the first that is missing.
    """
    return rows.limit(1).scalar_subquery().is_(None)


def _is_required_signer(dialect: str) -> list[ColumnElement[bool]]:
    """Return the conditions that a signer of a version is a required signer."""
    wanted = PackageSigner
    if dialect == "sqlite":
        role = func.json_each(Signer.facts, "$.claimed.roles").table_valued("value")
        of_signer = role.c.value
    else:
        roles = func.json_extract_path(Signer.facts, "claimed", "roles")
        each = func.json_array_elements_text(roles).table_valued("value", name="role")
        of_signer = each.c.value
    has_role = select(of_signer).where(of_signer == wanted.role).correlate(Signer, wanted).exists()
    return [
        or_(wanted.iin.is_(None), Signer.claimed_iin == wanted.iin),
        or_(wanted.bin.is_(None), Signer.claimed_bin == wanted.bin),
        or_(wanted.role.is_(None), and_(wanted.role.is_not(None), has_role)),
    ]
