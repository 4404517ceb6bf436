"""The address of a place where documents are kept: one grammar for the settings and for commands.

It imports nothing: the settings are read before anything else.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

#: How the database is named where a place is asked for.
DATABASE: Final = "database"
#: A folder by its whole path; or a bucket, with what the names of its objects begin with.
_ADDRESS = re.compile(
    r"file:(?://)?(?P<folder>/[^\0]*)"
    r"|s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(?P<prefix>[^\0]*))?"
)


class Address(NamedTuple):
    """A folder, or a bucket: one of the two is None."""

    folder: str | None
    bucket: str | None
    #: What the names of objects begin with, without slashes at its ends; may be empty.
    prefix: str


def read_address(text: str) -> Address:
    """Return what `file:/folder` or `s3://bucket/prefix` names. Raises ValueError."""
    found = _ADDRESS.fullmatch(text)
    if found is None:
        raise ValueError("it is neither file:/folder nor s3://bucket/prefix")
    folder, bucket, prefix = found["folder"], found["bucket"], found["prefix"] or ""
    return Address(folder and f"/{folder.lstrip('/')}", bucket, prefix.strip("/"))
