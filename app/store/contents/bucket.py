"""Documents in a bucket of S3, or of a server with the same API."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from app.store.contents.errors import ContentAway
from app.store.contents.values import PIECE, Pieces

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

#: Seconds to connect, and between two bytes; attempts of a request.
_CONNECT, _READ, _ATTEMPTS = 3, 10, 2


class Bucket:
    """Objects of one document each. Thread-safe, as boto3's clients are.

    The endpoint, the region and the credentials are boto3's own variables of the environment.
    """

    scheme = "s3:"

    def __init__(self, bucket: str, prefix: str) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""

    @property
    def address(self) -> str:
        """Where it is."""
        return f"s3://{self._bucket}/{self._prefix}".rstrip("/")

    @cached_property
    def _client(self) -> S3Client:
        config = Config(
            connect_timeout=_CONNECT,
            read_timeout=_READ,
            retries={"total_max_attempts": _ATTEMPTS, "mode": "standard"},
            # Servers with the same API need not know newer checksums.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        return boto3.session.Session().client("s3", config=config)

    def write(self, sha256: bytes, pieces: Iterable[bytes], size: int) -> str:
        """Write an object in one request, which is there once that is answered.

        Raises:
            ContentAway: it can't be written, or it isn't known whether it was.
        """
        digest = sha256.hex()
        name = f"{digest[:2]}/{digest}-{secrets.token_hex(8)}"
        with _away(), TemporaryFile() as file:
            file.writelines(pieces)
            file.seek(0)
            self._client.put_object(
                Bucket=self._bucket, Key=self._prefix + name, Body=file, ContentLength=size
            )
        return self.scheme + name

    def read(self, location: str) -> Iterator[bytes]:
        """Return an object in pieces. Raises ContentAway."""
        with _away():
            found = self._client.get_object(Bucket=self._bucket, Key=self._key(location))
        body = found["Body"]
        return Pieces(_pieces(body.iter_chunks(PIECE)), body.close)

    def has(self, location: str) -> bool:
        """Return whether an object is there. Raises ContentAway."""
        key = self._key(location)
        with _away():
            found = self._client.list_objects_v2(Bucket=self._bucket, Prefix=key, MaxKeys=1)
        return any(one["Key"] == key for one in found.get("Contents", ()))

    def remove(self, location: str) -> None:
        """Remove an object. Raises ContentAway."""
        with _away():
            self._client.delete_object(Bucket=self._bucket, Key=self._key(location))

    def list_older(self, moment: datetime) -> Iterator[str]:
        """Return the locations of objects by the server's time. Raises ContentAway."""
        with _away():
            pages = self._client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix):
                for one in page.get("Contents", ()):
                    if one["LastModified"] < moment:
                        yield self.scheme + one["Key"].removeprefix(self._prefix)

    def _key(self, location: str) -> str:
        return self._prefix + location.removeprefix(self.scheme)


def _pieces(chunks: Iterator[bytes]) -> Iterator[bytes]:
    with _away():
        yield from chunks


@contextmanager
def _away() -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError, OSError) as error:
        # botocore's sentences have the address and the kind of error, and no credentials.
        raise ContentAway(f"{type(error).__name__}: {error}") from error
