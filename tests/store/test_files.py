"""Who may read the file of the embedded database."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from app.store.migrations import upgrade
from tests.conftest import EngineMaker

pytestmark = pytest.mark.attacks


@pytest.fixture(name="usual_mask")
def let_others_read() -> Iterator[None]:
    """Set a umask by which new files are readable by others."""
    mask = os.umask(0)
    yield
    os.umask(mask)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("usual_mask")
def test_a_new_file_is_for_its_owner_alone(open_engine: EngineMaker, tmp_path: Path) -> None:
    folder = tmp_path / "var"
    engine = open_engine(f"sqlite:///{folder}/store.sqlite3")
    upgrade(engine)
    with engine.connect() as connection:
        connection.execute(text("DELETE FROM tokens"))
        modes = {path.name: mode(path) for path in folder.iterdir()}
    assert set(modes) == {f"store.sqlite3{end}" for end in ("", "-wal", "-shm")}
    assert set(modes.values()) == {0o600}
    assert mode(folder) == 0o700


@pytest.mark.usefixtures("usual_mask")
def test_a_file_that_is_there_stays_as_its_operator_wants_it(
    open_engine: EngineMaker, sqlite_url: str
) -> None:
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    path.chmod(0o640)
    with open_engine(sqlite_url).connect() as connection:
        connection.execute(text("DELETE FROM tokens"))
        assert mode(path) == 0o640
