"""How the tests of the store fill it and look into it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from sqlalchemy import Engine, select

from app.store.database.engine import saving, snapshot, transaction
from app.store.models import Signature, SignaturePair, SignatureTag, SignatureTerm, Version
from app.store.search import counts
from app.store.search.criteria import Criteria
from app.store.search.tag_pairs import pairs_of
from app.store.signatures.extraction import Signing, read_text
from app.store.signatures.listing import Cursor, Page, find_page, search
from app.store.signatures.reading import get_signature, list_versions
from app.store.signatures.records import SignatureRecord
from app.store.signatures.rows import PLAIN, Carried
from app.store.signatures.writing import NewVersion, delete_chain, save_version

T = TypeVar("T")


def save(
    engine: Engine,
    document: str = "doc",
    thread: str = "main",
    seen: int | None = None,
    *,
    cms: str = "CMS",
    stage: str | None = None,
    created_by: str | None = None,
    comment: str | None = None,
    tags: Sequence[str] = (),
    signing: Signing | None = None,
) -> SignatureRecord:
    """Save one version, as a request does."""
    new = NewVersion(
        document=document,
        thread=thread,
        cms=cms,
        stage=stage,
        created_by=created_by,
        comment=comment,
        tags=tuple(tags),
    )
    with saving(engine) as connection:
        return save_version(connection, new, signing or read_text(cms), seen).record


def save_first_versions(
    engine: Engine, documents: Iterable[str], *, cms: str = "CMS", tags: Sequence[str] = ()
) -> None:
    """Begin a thread for each document, in one transaction."""
    with transaction(engine) as connection:
        for document in documents:
            new = NewVersion(document=document, thread="main", cms=cms, tags=tuple(tags))
            save_version(connection, new, read_text(cms), None)


def save_versions(engine: Engine, number: int) -> None:
    """Begin a thread and add versions to it, in one transaction."""
    with transaction(engine) as connection:
        for seen in range(number):
            new = NewVersion(document="doc", thread="main", cms=f"cms {seen + 1}")
            save_version(connection, new, read_text(new.cms), seen)


def delete(engine: Engine, document: str = "doc", thread: str = "main") -> None:
    """Delete one thread, as a request does."""
    with transaction(engine) as connection:
        delete_chain(connection, document, thread)


def get(
    engine: Engine, document: str = "doc", thread: str = "main", version: int | None = None
) -> SignatureRecord:
    """Read one version."""
    with engine.connect() as connection:
        return get_signature(connection, document, thread, version)


def versions(
    engine: Engine, document: str = "doc", thread: str = "main", carried: Carried = PLAIN
) -> list[SignatureRecord]:
    """Read all versions of a thread."""
    with snapshot(engine) as connection:
        return list(list_versions(connection, document, thread, carried))


def find(
    engine: Engine,
    criteria: Criteria | None = None,
    *,
    limit: int = 0,
    offset: int = 0,
    carried: Carried = PLAIN,
    cursor: Cursor | None = None,
) -> list[SignatureRecord]:
    """Search, and return the rows, those of a page as they are fetched at once and one by one."""
    page = Page(criteria or Criteria(), limit, offset, carried, cursor)
    with snapshot(engine) as connection:
        rows = list(search(connection, page))
    with engine.connect() as connection:
        at_once = find_page(connection, page)
    assert at_once is None or at_once == rows
    return rows


def walk(engine: Engine, criteria: Criteria, limit: int) -> Iterator[list[SignatureRecord]]:
    """Yield the pages of a list, each from the place behind the one before."""
    before: int | None = 2**63 - 1
    while before is not None:
        cursor = Cursor(before)
        yield find(engine, criteria, limit=limit, cursor=cursor)
        before = cursor.following


def number_of(engine: Engine, criteria: Criteria) -> int:
    """Return the number of all matching threads."""
    with engine.connect() as connection:
        return counts.count(connection, criteria).number


def index_of_tags(engine: Engine) -> set[tuple[int, str]]:
    """Return what the index of tags holds; those of pairs and of terms must be right too."""
    pair = SignaturePair
    with engine.connect() as connection:
        rows = connection.execute(select(SignatureTag.signature_id, SignatureTag.tag)).all()
        pairs = connection.execute(select(pair.signature_id, pair.pair)).all()
    assert len(rows) == len({tuple(row) for row in rows})
    found = {(row.signature_id, row.tag) for row in rows}
    tags_of: dict[int, list[str]] = {}
    for one, tag in found:
        tags_of.setdefault(one, []).append(tag)
    assert sorted(map(tuple, pairs)) == sorted(
        (one, number) for one, tags in tags_of.items() for number in pairs_of(tags)
    )
    assert _index_of_terms(engine) == _terms_of_current_versions(engine)
    return found


def _index_of_terms(engine: Engine) -> list[tuple[int, str]]:
    statement = select(SignatureTerm.signature_id, SignatureTerm.term)
    with engine.connect() as connection:
        return sorted((row.signature_id, row.term) for row in connection.execute(statement))


def _terms_of_current_versions(engine: Engine) -> list[tuple[int, str]]:
    statement = select(Signature.id, Version.terms).join(
        Version,
        (Version.signature_id == Signature.id) & (Version.version == Signature.version),
    )
    with engine.connect() as connection:
        rows = connection.execute(statement).all()
    return sorted((row.id, term) for row in rows for term in row.terms or ())


def tags_of_current_versions(engine: Engine) -> set[tuple[int, str]]:
    """Return what the index of tags has to hold."""
    statement = select(Signature.id, Version.tags).join(
        Version,
        (Version.signature_id == Signature.id) & (Version.version == Signature.version),
    )
    with engine.connect() as connection:
        return {(row.id, tag) for row in connection.execute(statement) for tag in row.tags}


def stored_versions(engine: Engine) -> list[tuple[int, int]]:
    """Return the keys of all rows of versions, whether they belong to a thread or not."""
    statement = select(Version.signature_id, Version.version).order_by(
        Version.signature_id, Version.version
    )
    with engine.connect() as connection:
        return [(row.signature_id, row.version) for row in connection.execute(statement)]


def all_at_once(calls: Sequence[Callable[[], T]]) -> list[T | Exception]:
    """Run each call in a thread of its own, all let go at one moment; return what each came to."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], T]) -> T | Exception:
        barrier.wait(timeout=30)
        try:
            return call()
        except Exception as error:  # noqa: BLE001 - what a thread came to is the test's matter
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))
