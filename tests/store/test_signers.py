"""Who signed: the rows of signers, and lists of threads by signer."""

import hashlib
import json
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from sqlalchemy import Engine, select

from app.store.models import Signature, Signer, Version
from app.store.search.criteria import Criteria
from app.store.signatures.rows import Carried
from tests.store.signings import (
    IVANOV,
    PETROVA,
    SAVED_AT,
    SIGNED_AT,
    SYDYKOV,
    Person,
    signed_by,
    signing_of,
)
from tests.store.threads import (
    delete,
    find,
    index_of_tags,
    number_of,
    save,
    tags_of_current_versions,
    versions,
)


def save_signed(
    engine: Engine,
    document: str,
    *people: Person,
    seen: int | None = None,
    at: datetime = SAVED_AT,
    content: bytes = b"content",
    attached: bool = True,
    tags: tuple[str, ...] = (),
) -> None:
    """Save a signature of these people."""
    cms = signed_by(*people, content=content, attached=attached)
    save(engine, document, seen=seen, cms=cms, tags=tags, signing=signing_of(cms, at))


def names(engine: Engine, criteria: Criteria) -> list[str]:
    """Search in all three ways, which must agree, and return the documents."""
    page = [row.document for row in find(engine, criteria, limit=50)]
    everything = [row.document for row in find(engine, criteria)]
    number = number_of(engine, criteria)
    assert page == everything
    assert number == len(page)
    return page


def test_each_signer_of_a_version_has_a_row(engine: Engine) -> None:
    save_signed(engine, "doc", IVANOV, PETROVA)
    with engine.connect() as connection:
        rows = connection.execute(select(Signer).order_by(Signer.number)).all()
    assert [(row.signature_id, row.version, row.number) for row in rows] == [(1, 1, 1), (1, 1, 2)]
    assert {(row.claimed_iin, row.claimed_bin, row.claimed_name) for row in rows} == {
        ("900101300017", None, "иванов иван"),
        ("910202400025", "050140001234", "петрова анна"),
    }
    assert all(row.message_digest == hashlib.sha256(b"content").hexdigest() for row in rows)


def test_digests_of_signature_and_content_are_kept(engine: Engine) -> None:
    save_signed(engine, "attached", IVANOV)
    save_signed(engine, "detached", IVANOV, attached=False)
    with engine.connect() as connection:
        rows = connection.execute(select(Version).order_by(Version.signature_id)).all()
    assert [row.content_sha256 for row in rows] == [hashlib.sha256(b"content").hexdigest(), None]
    assert rows[0].signature_sha256 != rows[1].signature_sha256


def test_signers_come_with_a_record_where_they_are_wanted(engine: Engine) -> None:
    save_signed(engine, "doc", IVANOV, PETROVA)
    save(engine, "none")
    for carried in (Carried(signers=True), Carried(cms=False, signers=True)):
        none, two = find(engine, carried=carried, limit=10)
        assert json.loads(str(none.signers)) == []
        facts = json.loads(str(two.signers))
        assert [one["number"] for one in facts] == [1, 2]
        assert {one["claimed"]["name"] for one in facts} == {"ИВАНОВ ИВАН", "ПЕТРОВА АННА"}
        assert (two.cms is None) == (not carried.cms)
        assert versions(engine, carried=carried)[0].signers == two.signers
    assert find(engine, limit=10)[0].signers is None


@pytest.fixture(name="signed")
def fill(engine: Engine) -> Engine:
    """Save threads of three people."""
    save_signed(engine, "of ivanov", IVANOV)
    save_signed(engine, "of both", IVANOV, PETROVA)
    save_signed(engine, "once of ivanov", IVANOV)
    save_signed(engine, "once of ivanov", SYDYKOV, seen=1)
    save_signed(engine, "deleted", IVANOV)
    delete(engine, "deleted")
    save(engine, "of nobody")
    return engine


@pytest.mark.parametrize(
    ("criteria", "documents"),
    [
        (Criteria(iin="900101300017"), ["of both", "of ivanov"]),
        (Criteria(iin="000000000000"), []),
        (Criteria(bin="050140001234"), ["of both"]),
        (Criteria(iin="900101300017", bin="050140001234"), ["of both"]),
        (Criteria(iin="920303300033", bin="050140001234"), []),
        (Criteria(name="иВАн"), ["of both", "of ivanov"]),
        (Criteria(name="Иванов Иван"), ["of both", "of ivanov"]),
        (Criteria(name="иван иванов"), []),
        (Criteria(name="ИВАНОВ ИВАН И ЕЩЁ МНОГО СЛОВ"), []),
        (Criteria(name="С"), ["once of ivanov"]),
        (Criteria(name="%"), []),
        (Criteria(iin="900101300017", document="of both"), ["of both"]),
        (Criteria(iin="900101300017", thread="main", stage="none"), []),
        (Criteria(iin="900101300017", name="петр", tags=()), ["of both"]),
        (Criteria(iin="900101300017", tags=("a",)), []),
        (Criteria(iin="900101300017", tags=("a", "b"), tags_mode="all"), []),
    ],
)
def test_threads_are_found_by_who_signed_the_current_version(
    signed: Engine, criteria: Criteria, documents: list[str]
) -> None:
    assert names(signed, criteria) == documents
    assert index_of_tags(signed) == tags_of_current_versions(signed)


def test_a_file_is_found_by_its_digest(engine: Engine) -> None:
    save_signed(engine, "attached", IVANOV, content=b"file")
    save_signed(engine, "detached", PETROVA, content=b"file", attached=False)
    save_signed(engine, "other", IVANOV, content=b"other file")
    digest = hashlib.sha256(b"file").hexdigest()
    assert names(engine, Criteria(sha256=digest)) == ["detached", "attached"]
    assert names(engine, Criteria(sha256=digest.upper(), iin=PETROVA[1])) == ["detached"]
    own = signing_of(signed_by(IVANOV, content=b"file")).signature_sha256
    assert names(engine, Criteria(sha256=own)) == ["attached"]


YOLKIN = ("ЁЛКИН АНДРЕЙ", "930404300041", None, None)
YOLKIN_TAKEN_APART = (unicodedata.normalize("NFD", YOLKIN[0]), *YOLKIN[1:])


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("name", ["ё", "ёлкин андрей", "Ёлкин Андрей Йованович"])
def test_a_name_is_found_however_its_marks_are_encoded(
    engine: Engine, name: str, form: Literal["NFC", "NFD"]
) -> None:
    save_signed(engine, "composed", YOLKIN)
    save_signed(engine, "taken apart", YOLKIN_TAKEN_APART)
    found = ["taken apart", "composed"] if len(name) < 15 else []
    assert names(engine, Criteria(name=unicodedata.normalize(form, name))) == found


NURSULTAN = ("АБДРАХМАНОВ-СЕЙДАХМЕТОВ НУРСУЛТАН", "930404300041", None, None)
NURLAN = ("АБДРАХМАНОВ-СЕЙДАХМЕТОВ НУРЛАН", "920303300033", None, None)
LONG = "абдрахманов-сейдахметов"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("criteria", "documents"),
    [
        (Criteria(name="абдрахманов-сейд"), ["both", "of nurlan", "of nursultan"]),
        (Criteria(name=f"{LONG} нур"), ["both", "of nurlan", "of nursultan"]),
        (Criteria(name=f"{LONG} нурс"), ["both", "of nursultan"]),
        (Criteria(name=f"{LONG.upper()}  Нурсултан "), ["both", "of nursultan"]),
        (Criteria(name=f"{LONG} нурсултану"), []),
        (Criteria(name=f"{LONG} нур", iin=NURLAN[1]), ["both", "of nurlan"]),
        (Criteria(name=f"{LONG} нурс", iin=NURLAN[1]), ["both"]),
        (Criteria(name=f"{LONG} нур", document="of nurlan"), ["of nurlan"]),
        (Criteria(name=f"{LONG} нурс", document="of nurlan"), []),
        (Criteria(name=f"{LONG} нур", thread="main", tags=("a",)), ["of nurlan"]),
        (Criteria(name=f"{LONG} нур", tags=("a",)), ["of nurlan"]),
        (Criteria(name=f"{LONG} нур", tags=("a", "b"), tags_mode="all"), []),
        (Criteria(name=f"{LONG} нур", stage="none"), []),
        (Criteria(name=f"{LONG} нур", signed_to=SIGNED_AT), ["both", "of nurlan", "of nursultan"]),
        (Criteria(name=f"{LONG} нур", signed_to=SIGNED_AT - timedelta(seconds=1)), []),
    ],
)
def test_a_name_longer_than_any_beginning_is_found_among_whole_names(
    engine: Engine, criteria: Criteria, documents: list[str]
) -> None:
    save_signed(engine, "of nursultan", NURSULTAN)
    save_signed(engine, "of ivanov", IVANOV)
    save_signed(engine, "of nurlan", NURLAN, tags=("a",))
    save_signed(engine, "both", NURLAN, NURSULTAN)
    assert names(engine, criteria) == documents
    for size in (1, 2):
        pages = [find(engine, criteria, limit=size, offset=offset) for offset in range(0, 4, size)]
        assert [row.document for page in pages for row in page] == documents


def test_threads_are_found_by_when_their_signers_say_that_they_signed(engine: Engine) -> None:
    save_signed(engine, "doc", IVANOV)
    with engine.connect() as connection:
        assert connection.scalars(select(Signature.claimed_signed_at)).all() == [SIGNED_AT]
    second = timedelta(seconds=1)
    assert names(engine, Criteria(signed_from=SIGNED_AT, signed_to=SIGNED_AT)) == ["doc"]
    assert names(engine, Criteria(signed_from=SIGNED_AT + second)) == []
    assert names(engine, Criteria(signed_to=SIGNED_AT - second)) == []


@pytest.mark.parametrize(
    ("start", "end", "documents"),
    [
        (None, None, "3210"),
        ("2026-05-17T10:00", "2026-05-17T10:00", "0"),
        ("2026-05-17T10:00:01", None, "321"),
        (None, "2026-05-17T09:59:59", ""),
        ("2026-05-17", "2026-05-18T10:00", "30"),
        ("2026-06-01", "2026-06-30T23:59:59", "2"),
        ("2027-01-01", None, "1"),
        (None, "2026-12-31T23:59:59", "320"),
        ("2026-07-01", "2026-06-01", ""),
    ],
)
def test_who_states_no_time_signed_when_it_was_saved(
    engine: Engine, start: str | None, end: str | None, documents: str
) -> None:
    for number, day in enumerate((0, 400, 35, 1)):
        moment = SAVED_AT + timedelta(days=day)
        cms = signed_by(IVANOV, timed=False)
        save(engine, str(number), cms=cms, signing=signing_of(cms, moment))
    criteria = Criteria(signed_from=at(start), signed_to=at(end))
    assert names(engine, criteria) == list(documents)
    for more in (Criteria(iin=IVANOV[1]), Criteria(thread="main")):
        both = Criteria(signed_from=at(start), signed_to=at(end), iin=more.iin, thread=more.thread)
        assert names(engine, both) == list(documents)


def at(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
