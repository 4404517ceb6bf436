"""The file of a thread: its type and name, and conditional requests for it."""

from __future__ import annotations

from flask import Request, Response

from app.api import signature_files
from app.cms import SignatureFile, open_file
from app.store.packages.public_ids import PublicThread


def file_of(thread: PublicThread, text: str) -> SignatureFile:
    """Return the file of a thread; what is known to be no signature stays text."""
    if thread.format is None and thread.signature_size is not None:
        return SignatureFile(None, text.encode())
    return open_file(text, thread.signature_sha256)


def type_of(file_format: str | None, thread: PublicThread) -> str:
    """Return the narrowest type of a file of this format."""
    # Unknown if not read yet; the type of attached content covers both.
    is_detached = thread.format is not None and thread.content_size is None
    return signature_files.type_of(file_format, is_detached=is_detached)


def answer_file(
    request: Request, file: SignatureFile, thread: PublicThread, content_type: str
) -> Response:
    """Answer with a file, as `signature_files.answer_file` does."""
    narrowest = type_of(file.format, thread)
    name = signature_files.file_name(thread.document, thread.thread, narrowest)
    return signature_files.answer_file(request, file.data, name, content_type)
