"""Comparison of the moved data with the original: every thread and every version."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import Engine

from app.moving.errors import Undecryptable
from app.moving.findings import Findings, Kind
from app.moving.mover import Reveal
from app.moving.original import Meta, Original, Thread
from app.store.signatures import imported
from app.store.signatures.current_tags import are_bounded
from app.store.signatures.imported import Head, Kept


def compare(
    original: Original, engine: Engine, reveal: Reveal, findings: Findings
) -> Iterator[int]:
    """Fill in the findings; after each batch, yield the number of its versions in the original."""
    with engine.connect() as connection:
        findings.others = imported.count_threads(connection)
    for batch in original.batches():
        _compare(original, engine, reveal, findings, batch)
        yield sum(len(thread.versions) for thread in batch)


def _compare(
    original: Original,
    engine: Engine,
    reveal: Reveal,
    findings: Findings,
    batch: Sequence[Thread],
) -> None:
    ids = [thread.id for thread in batch]
    kept: dict[int, dict[int, Kept]] = {}
    with engine.connect() as connection:
        heads = imported.find_heads(connection, ids)
        absent = [one for one in batch if one.id not in heads]
        names = imported.find_names(connection, [(one.document, one.thread) for one in absent])
        for one in imported.find_versions(connection, ids):
            kept.setdefault(one.signature_id, {})[one.version] = one
    unlike: set[int] = set()
    here: list[Thread] = []
    for thread in batch:
        head = heads.get(thread.id)
        if head is None or (head.document, head.thread) != (thread.document, thread.thread):
            taken = head is not None or (thread.document, thread.thread) in names
            _note_absent(original, reveal, findings, thread, is_taken=taken)
            continue
        here.append(thread)
        if not _is_alike(thread, head, kept.get(thread.id, {})):
            unlike.add(thread.id)
    findings.others -= len(here)
    unlike |= set(_unlike_texts(original, engine, reveal, here))
    for thread in here:
        _note(findings, thread, heads[thread.id], kept, is_alike=thread.id not in unlike)
    _note_heads(original, reveal, findings, here)


def _note_absent(
    original: Original, reveal: Reveal, findings: Findings, thread: Thread, *, is_taken: bool
) -> None:
    if is_taken:
        findings.listed[Kind.TAKEN].add(thread.id)
        return
    if thread.is_contradictory:
        findings.listed[Kind.CONTRADICTORY].add(thread.id)
        return
    is_readable = True
    for texts in original.texts([thread]):
        for meta, text in texts:
            if _revealed(reveal, text) is None:
                is_readable = False
                findings.listed[Kind.UNDECRYPTABLE].add(*meta[:2])
    if is_readable:
        findings.listed[Kind.MISSING].add(thread.id)


def _is_alike(thread: Thread, head: Head, kept: dict[int, Kept]) -> bool:
    """Return whether a thread is here unchanged, apart from texts and later versions."""
    older = thread.older
    numbers = {one.version for one in thread.versions}
    is_same_head = head.version == thread.current.version
    if any(number not in numbers and number <= thread.current.version for number in kept):
        return False
    return (
        head.version >= thread.current.version
        and _is_same(thread.created_at, head.created_at)
        and (not is_same_head or _is_same(thread.updated_at, head.updated_at))
        and all(_is_kept(one, kept.get(one.version), []) for one in older)
        and _is_kept(thread.current, kept.get(thread.current.version), thread.tags)
    )


def _is_kept(meta: Meta, kept: Kept | None, tags: list[str]) -> bool:
    return (
        kept is not None
        and _is_same(meta.created_at, kept.created_at)
        and (meta.created_by, meta.comment) == (kept.created_by, kept.comment)
        and kept.stage is None
        and kept.tags == tags
    )


def _is_same(original: datetime | None, here: datetime) -> bool:
    """Return whether a time is equal; an unknown one counts as equal."""
    return original is None or original == here


def _unlike_texts(
    original: Original, engine: Engine, reveal: Reveal, threads: Sequence[Thread]
) -> Iterator[int]:
    """Return the ids of threads with a version whose text here differs, or is missing."""
    for texts in original.texts(threads):
        with engine.connect() as connection:
            found = imported.find_texts(connection, [meta[:2] for meta, _ in texts])
        for meta, text in texts:
            here = found.get(meta[:2])
            if here is None or here != _revealed(reveal, text):
                yield meta.signature_id


def _revealed(reveal: Reveal, text: str) -> str | None:
    try:
        return reveal(text)
    except Undecryptable:
        return None


def _note(
    findings: Findings,
    thread: Thread,
    head: Head,
    kept: dict[int, dict[int, Kept]],
    *,
    is_alike: bool,
) -> None:
    """Count a thread that is here, and list its peculiarities."""
    listed = findings.listed
    if not is_alike:
        listed[Kind.DIFFERENT].add(thread.id)
        return
    findings.compared_threads += 1
    findings.compared_versions += len(thread.versions)
    if head.version > thread.current.version:
        listed[Kind.CONTINUED].add(thread.id)
    if not are_bounded(thread.tags):
        listed[Kind.MANY_TAGS].add(thread.id)
    for meta in thread.versions:
        if not kept[thread.id][meta.version].is_signature:
            listed[Kind.NO_SIGNATURE].add(*meta[:2])


def _note_heads(
    original: Original, reveal: Reveal, findings: Findings, threads: Sequence[Thread]
) -> None:
    """List threads whose current version the original keeps twice, with different texts."""
    for thread, first, second in original.second_texts(threads):
        if _revealed(reveal, first) != _revealed(reveal, second):
            findings.listed[Kind.HEAD_DIFFERS].add(*thread.current[:2])
