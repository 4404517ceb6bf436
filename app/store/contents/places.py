"""The place outside the database where documents are kept, as the settings name it."""

from __future__ import annotations

from pathlib import Path

from app.store.contents.addresses import read_address
from app.store.contents.folder import Folder
from app.store.contents.values import Place


def open_place(text: str | None) -> Place | None:
    """Return the place of an address; it is only contacted when it is used.

    Args:
        text: as `addresses.read_address` reads it; None: the database.

    Raises:
        ValueError: it is no address.
    """
    if text is None:
        return None
    address = read_address(text)
    if address.folder is not None:
        return Folder(Path(address.folder))
    # boto3 takes half a second to be imported, and 40 MB.
    from app.store.contents.bucket import Bucket  # noqa: PLC0415

    return Bucket(address.bucket or "", address.prefix)
