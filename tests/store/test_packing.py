"""Signatures stored as the bytes that they stand for: given back to the character."""

from __future__ import annotations

from base64 import b64encode

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, func, select, text

from app.store.database.base64_text import is_base64, stored_as
from app.store.database.engine import saving
from app.store.migrations import HEAD, migrating, upgrade
from app.store.migrations.steps import read_step
from app.store.models import Version
from app.store.signatures import packing
from app.store.signatures.extraction import read_text
from app.store.signatures.large_texts import IN_MEMORY, PIECE, LargeText
from app.store.signatures.packing import Progress, pack
from app.store.signatures.reading import get_signature
from app.store.signatures.writing import NewVersion, save_version
from tests.conftest import EngineMaker
from tests.store.threads import get, save

#: Bytes of all lengths of the last group, and around the bounds of pieces.
SIZES = [1, 2, 3, 3029, 3030, 3031, IN_MEMORY // 4 * 3, IN_MEMORY // 4 * 3 + 1, PIECE * 2 + 7]
#: Texts that no bytes stand for, or that they would be written otherwise.
TEXTS = [
    "",
    "CMS",
    "CMS?",
    "TUlJ\n",
    " TUlJ",
    "TU=J",
    "TUk=TUk=",
    "TUl=",  # Bits of the last character that stand for nothing.
    "T===",
    "TUlJ" * 65536 + "TQ==" + "TUlJ",
    "-_-_",
    "<xml/>!!",
    "ＴＵｌＪ",
]


def bytes_of(size: int) -> bytes:
    return bytes((number * number) % 251 for number in range(size))


def stored(engine: Engine) -> tuple[int, int]:
    """Return how many versions are stored as text, and as bytes."""
    with engine.connect() as connection:
        found = select(func.count(Version.cms), func.count(Version.cms_bytes))
        texts, packed = connection.execute(found).one()
    return texts, packed


@pytest.mark.parametrize("size", SIZES)
def test_base64_is_stored_as_bytes_and_given_back(engine: Engine, size: int) -> None:
    sent = b64encode(bytes_of(size)).decode()
    save(engine, cms=sent)
    assert stored(engine) == (0, 1)
    record = get(engine)
    assert record.text == sent
    assert isinstance(record.cms, LargeText) == (len(sent) > IN_MEMORY)
    if isinstance(record.cms, LargeText):
        assert record.cms.size == len(sent)


@pytest.mark.parametrize("size", SIZES)
def test_bytes_are_stored_as_their_base64_is(engine: Engine, size: int) -> None:
    data = bytes_of(size)
    text = b64encode(data).decode()
    new = NewVersion(document="doc", thread="main", cms_bytes=data)
    with saving(engine) as connection:
        saved = save_version(connection, new, read_text(text), None)
    assert (saved.record.version, saved.record.cms) == (1, None)
    assert stored(engine) == (0, 1)
    assert get(engine).text == text


@pytest.mark.parametrize("sent", TEXTS)
def test_any_other_text_is_stored_as_it_is(engine: Engine, sent: str) -> None:
    assert not is_base64(sent)
    assert stored_as(sent) == (sent, None)
    save(engine, cms=sent)
    assert stored(engine) == (1, 0)
    assert get(engine).text == sent


def test_padding_at_the_end_of_a_piece_that_is_not_the_last() -> None:
    """Decoded piece by piece, each would be the base64 of something."""
    piece = "TUlJ" * (65536 - 1) + "TQ=="
    assert is_base64(piece)
    assert not is_base64(piece + "TUlJ")


def as_text(engine: Engine, texts: list[str]) -> None:
    """Save as an earlier release did."""
    for number, sent in enumerate(texts):
        save(engine, f"{number}", cms="-")
        with engine.connect() as connection:
            connection.execute(
                text("UPDATE versions SET cms = :sent WHERE signature_id = :id"),
                {"sent": sent, "id": get(engine, f"{number}").id},
            )


def test_what_was_saved_before_is_packed(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "BATCH_SIZE", 10_000)
    sent = [b64encode(bytes_of(size)).decode() for size in SIZES]
    texts = [*sent, *TEXTS]
    as_text(engine, texts)
    assert next(iter(pack(engine))) == Progress(5, 5)  # Stopped, and started again.
    *_, last = pack(engine)
    assert last == Progress(len(texts) - 5, len(sent) - 5)
    assert stored(engine) == (len(TEXTS), len(sent))
    assert [get(engine, f"{number}").text for number in range(len(texts))] == texts
    *_, again = pack(engine)
    assert again == Progress(len(TEXTS), 0)


def test_nothing_to_pack(engine: Engine) -> None:
    assert list(pack(engine)) == []


def test_the_step_can_be_taken_back(open_engine: EngineMaker, empty_url: str) -> None:
    engine = open_engine(empty_url)
    upgrade(engine)
    sent = b64encode(bytes_of(1000)).decode()
    save(engine, cms=sent)
    settings = Config()
    settings.set_main_option("script_location", "app/store/migrations")
    with migrating(engine, None) as connection:
        settings.attributes["connection"] = connection
        command.downgrade(settings, "0010")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT cms FROM versions")).scalar_one() == sent
    upgrade(engine)
    with engine.connect() as connection:
        assert read_step(connection) == HEAD
        record = get_signature(connection, "doc", "main")
    assert record.text == sent
    assert stored(engine) == (1, 0)
