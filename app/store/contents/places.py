"""The place outside the database where documents are kept, as the settings name it."""

from __future__ import annotations

import re
from pathlib import Path

from app.store.contents.folder import Folder
from app.store.contents.values import Place

#: How the database is named where a place is asked for.
DATABASE = "database"
_ADDRESS = re.compile(r"file:/.+|s3://[^/]+.*")


def is_address(text: str) -> bool:
    """Return whether a text names a place as CONTENT_STORE does, or the database."""
    return text == DATABASE or _ADDRESS.fullmatch(text) is not None


def open_place(address: str | None) -> Place | None:
    """Return the place of an address; it is only contacted when it is used.

    Args:
        address: `file:/folder` or `s3://bucket/prefix`; None: the database.
    """
    if address is None:
        return None
    scheme, _, rest = address.partition(":")
    if scheme == "file":
        return Folder(Path(f"/{rest.lstrip('/')}"))
    # boto3 takes half a second to be imported, and 40 MB.
    from app.store.contents.bucket import Bucket  # noqa: PLC0415

    bucket, _, prefix = rest.removeprefix("//").partition("/")
    return Bucket(bucket, prefix.strip("/"))
