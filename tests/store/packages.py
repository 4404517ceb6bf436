"""How the tests of packages fill the store."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine, insert

from app.store.database.engine import transaction
from app.store.models import Package, PackageDocument, PackageSigner
from app.store.signatures.standings import Trusted

#: Where claims are enough.
CLAIMS = Trusted(claims=True)
OPENED = datetime(2026, 5, 1, tzinfo=UTC)


def put_package(
    engine: Engine,
    documents: tuple[str, ...] = ("doc",),
    signers: tuple[dict[str, Any], ...] = (),
    thread: str = "main",
    **columns: Any,
) -> str:
    """Put a package into the tables, open unless `columns` say otherwise; return its UUID."""
    public_id = str(uuid4())
    values = {
        "public_id": public_id,
        "type": "concurrent",
        "thread": thread,
        "generate_links": False,
        "link_key": "00" * 16,
        "created_at": OPENED,
        "opened_at": OPENED,
        **columns,
    }
    with transaction(engine) as connection:
        key = connection.execute(insert(Package).values(values).returning(Package.id)).scalar_one()
        for number, document in enumerate(documents, 1):
            row = {"package_id": key, "number": number, "document": document, "thread": thread}
            row |= {"order": number, "name": f"name of {document}"}
            connection.execute(insert(PackageDocument).values(row))
        for number, signer in enumerate(signers, 1):
            row = {"package_id": key, "number": number, "order": number, **signer}
            connection.execute(insert(PackageSigner).values(row))
    return public_id
