"""What the holders of links have saved by them."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, literal, select
from sqlalchemy.dialects import postgresql, sqlite

from app.store.database.types import ROW_ID
from app.store.models import PackageDocument, PackageSigning
from app.store.packages.links import Link
from app.store.signatures.large_texts import Key

_OF_LINK = (
    PackageSigning.package_id == bindparam("package_id", type_=ROW_ID),
    PackageSigning.signer == bindparam("signer"),
)
_LIST = select(
    PackageSigning.number,
    PackageSigning.signature_id,
    PackageSigning.version,
    PackageSigning.place,
).where(*_OF_LINK)


def keep_signing(connection: Connection, link: Link, number: int, saved: Key, place: int) -> None:
    """Keep which signer of a version the holder of a link is, in place of what was before.

    Nothing is kept if the package was deleted. Inside `database.transaction`.

    Args:
        connection: to the store.
        link: by which it was signed.
        number: of the document in the package.
        saved: the version.
        place: of the signer in it, from 1.
    """
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    found = {"signature_id": saved.signature_id, "version": saved.version, "place": place}
    values = {
        "package_id": PackageDocument.package_id,
        "number": PackageDocument.number,
        "signer": literal(link.signer),
        **{name: literal(value) for name, value in found.items()},
    }
    # A deletion waits, or is waited for.
    rows = (
        select(*values.values())
        .where(PackageDocument.package_id == link.package_id, PackageDocument.number == number)
        .with_for_update(read=True, key_share=True)
    )
    statement = make(PackageSigning).from_select(list(values), rows)
    key = [PackageSigning.package_id, PackageSigning.number, PackageSigning.signer]
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_=found))


def list_own_signings(connection: Connection, link: Link) -> dict[int, tuple[Key, int]]:
    """Return what the holder of a link saved by it: version and place, by the document's number."""
    values = {"package_id": link.package_id, "signer": link.signer}
    rows = connection.execute(_LIST, values)
    return {row.number: (Key(row.signature_id, row.version), row.place) for row in rows}
