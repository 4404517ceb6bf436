"""`flask backup`, `restore` and `compare`: a store comes back whole, or nothing happens."""

import os
import random
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, insert, inspect, select, text

from app.cms import SHA_256, HashTree, note_hold, split_tree
from app.cms.x509.certificate import read_certificate
from app.store.backups.archive import Archive, Writer
from app.store.backups.errors import BackupError
from app.store.backups.manifest import Manifest
from app.store.backups.restoring import restore
from app.store.backups.tables import SMALL, Place, find_tables
from app.store.backups.taking import back_up, compare
from app.store.contents.keeping import Offer
from app.store.database.engine import transaction
from app.store.evidence import batches, circuits, drafts
from app.store.evidence.batches import Renewal, Stamp, StampedTree
from app.store.evidence.jobs import enqueue
from app.store.evidence.keeping import Item, mark_pending
from app.store.migrations import HEAD, apply_steps, migrating
from app.store.models import Base, Package, SignerContent
from app.store.packages.decisions import DECLINED, decide
from app.store.packages.links import Link
from app.store.packages.signings import keep_signing
from app.store.public_links import create_link
from app.store.search.criteria import Criteria
from app.store.signatures.large_texts import Key
from app.store.signatures.revocations import note_revocations
from app.trust import replacing
from tests import pki
from tests.api import asking, people
from tests.api.asking import content_of, save
from tests.conftest import AppMaker, EngineMaker, opened, schema_on
from tests.live.server import PROJECT
from tests.store.contents.kept import new_content
from tests.store.evidence import queued as evidence
from tests.store.evidence.test_keeping import IMPOSSIBLE
from tests.store.packages import put_package
from tests.store.threads import find, get, versions
from tests.store.threads import save as put
from tests.test_cli import run
from tests.trust.asking import pem

ROOT = pki.root().certificate
#: Text that is hard to carry: of all lengths in bytes, escapes, what looks like JSON or ends lines.
ODD = '"\\\n\r\t\x01\x7f\u0085\u2028é Ұ 語 🖋 {"a": [null]} \\u0041'
LARGE = b"ab" * SMALL


@pytest.fixture(name="folder")
def trust_folder(tmp_path: Path) -> Path:
    """Provide a TRUST_DIR with an anchor, something below, and things that don't count."""
    folder = tmp_path / "trust"
    (folder / "intermediates").mkdir(parents=True)
    (folder / "корень.pem").write_bytes(pem(ROOT))
    (folder / "intermediates" / "nca.cer").write_bytes(pki.authority().certificate)
    (folder / "notes.txt").write_text("none of our business")
    (folder / "folder.pem").mkdir()
    return folder


@pytest.fixture(name="filled")
def filled_app(make_app: AppMaker, folder: Path, database_url: str, tmp_path: Path) -> Flask:
    """Provide an application whose store has something in each table."""
    app = make_app(TRUST_DIR=str(folder), COSIGN_GUARD="off")
    client = app.test_client()
    for number in range(3):
        tags = [f"tag {number}", "зелёный", ODD.strip()]
        save(client, document=f"d{number}", cms=people.cms(people.ivan()), tags=tags, stage="one")
    save(client, document="d0", version=1, tags=[], version_comment=ODD, version_created_by="А.")
    save(client, document="d1", version=1, cms=people.cms(people.ivan(), content=LARGE))
    gone = asking.filled(document="gone")
    client.post("/signature", json=gone, headers={"Idempotency-Key": "key"})
    client.delete("/signature", json={"document": "gone", "thread": "main"})
    assert run(app, "token", "create", "keeper", "--scope", "admin")[0] == 0
    given = tmp_path / "root.cer"
    given.write_bytes(ROOT)
    sha256 = read_certificate(ROOT).fingerprint
    assert run(app, "trust", "add", str(given), "--fingerprint", sha256)[0] == 0
    with opened(database_url) as engine:
        signers = ({"iin": people.IIN, "first_name": "Иван", "order": 1},)
        put_package(engine, signers=signers, external_data={"any": [1, 2.5, None, ODD]})
        put_evidence(engine)
        put_link(engine)
        put_documents(engine)
        put_decision(engine)
        put_signing(engine)
        put_verdicts(engine)
    return app


def put_link(engine: Engine) -> None:
    """Make a link to a version."""
    key, expires_at = Key(get(engine, "d0").id, 1), datetime(2036, 1, 1, tzinfo=UTC)
    with transaction(engine) as connection:
        create_link(connection, key, created_by=ODD, expires_at=expires_at)


def put_decision(engine: Engine) -> None:
    """Decline to sign a package."""
    with transaction(engine) as connection:
        [package] = connection.execute(select(Package.id)).scalars()
        assert decide(connection, package, 1, DECLINED, ODD)


def put_signing(engine: Engine) -> None:
    """Keep what a signer saved by a link."""
    with transaction(engine) as connection:
        [package] = connection.execute(select(Package.id)).scalars()
        keep_signing(connection, Link(package, 1, 1), 1, Key(get(engine, "d0").id, 1), 1)


def put_verdicts(engine: Engine) -> None:
    """Note a revocation, and what a signer signed."""
    ivan, when = read_certificate(people.ivan().certificate), datetime(2025, 6, 1, tzinfo=UTC)
    content = {"number": 1, "content_sha256": sha256(LARGE).hexdigest()}
    with transaction(engine) as connection:
        note_revocations(connection, [note_hold(ivan, when, when)])
        key = Key(get(engine, "d0").id, 1)
        connection.execute(insert(SignerContent).values(**key._asdict(), **content))


def put_documents(engine: Engine) -> None:
    """Keep a document of a version, and of a package."""
    with engine.connect() as connection:
        [public_id] = connection.execute(select(Package.public_id)).scalars()
    with Offer(engine, None, new_content(LARGE)) as offer, transaction(engine) as connection:
        offer.keep_for_version(connection, get(engine, "d0").id, 1)
        offer.keep_for_package(connection, public_id, 1)


def put_evidence(engine: Engine) -> None:
    """Keep evidence of two versions, one of which still waits for the rest."""
    done, waiting = (Key(get(engine, document).id, 1) for document in ("d1", "d2"))
    with transaction(engine) as connection:
        assert enqueue(connection, [done, waiting], 1) == 2
    evidence.claim(engine)
    evidence.keep(engine, done, "me", IMPOSSIBLE)
    with transaction(engine) as connection:
        items = [evidence.token(waiting)]
        mark_pending(connection, waiting, items, "me", delay_seconds=5.0, reason=ODD)
        circuits.note_failure(connection, "ocsp.example", ODD)
    put_records(engine, done)


def put_records(engine: Engine, key: Key) -> None:
    """Keep a tree with a version, and another one by which it is renewed."""
    members = sha256(b"a signature").digest()
    parts = split_tree(HashTree.of_leaves([members], SHA_256))
    when = datetime(2026, 1, 1, tzinfo=UTC)
    stamp = Stamp(b"token", when, when, (Item(0, "ocsp", b"a response"),))
    tree = StampedTree(SHA_256, parts, stamp)
    with transaction(engine) as connection:
        draft = drafts.open_draft(connection, SHA_256)
        drafts.add_members(connection, draft, [drafts.Member(key, members)])
        batches.keep_stamp(connection, draft, tree, [])
        [due] = batches.list_due(connection, when, SHA_256)
        batches.keep_stamp(connection, None, tree, [Renewal(due, members, due.first_id)])


@pytest.fixture(name="file")
def backup_file(filled: Flask, tmp_path: Path) -> Path:
    """Provide a backup of that store."""
    file = tmp_path / "store.backup"
    status, output = run(filled, "backup", str(file))
    assert status == 0, output
    return file


#: The folder of the steps of the schema.
STEPS = PROJECT / "app" / "store" / "migrations" / "versions"
#: What is no part of the store, with the step that created it.
PASSING = {"leases": 6, "kept_counts": 12, "count_changes": 12}


def rows_of(engine: Engine) -> dict[str, list[Any]]:
    """Return all rows of a store, as the models read them."""
    with engine.connect() as connection:
        return {
            name: list(connection.execute(table.select().order_by(*table.primary_key)))
            for name, table in Base.metadata.tables.items()
            if name not in PASSING
        }


def names_of(folder: Path) -> set[str]:
    return {str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file()}


@pytest.mark.slow
@pytest.mark.usefixtures("filled")
def test_every_table_of_the_store_has_rows_here(engine: Engine) -> None:
    assert [name for name, rows in rows_of(engine).items() if not rows] == []


@pytest.mark.slow
def test_a_backup_says_what_it_has_and_is_its_owner_s(filled: Flask, tmp_path: Path) -> None:
    file = tmp_path / "one.backup"
    status, output = run(filled, "backup", str(file))
    assert status == 0
    assert "versions: 5\n" in output
    assert "files of TRUST_DIR: 2\n" in output
    assert "documents that are kept, in the database and so in FILE: 1\n" in output
    assert output.endswith(f"written and compared: {file}, {file.stat().st_size} bytes\n")
    assert file.stat().st_mode & 0o777 == 0o600
    assert run(filled, "compare", str(file))[0] == 0
    # What any program can take apart.
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        assert "tables/versions.jsonl" in archive.namelist()


@pytest.mark.slow
@pytest.mark.parametrize("is_migrated", [False, True], ids=["no table", "no row"])
def test_it_is_restored_as_it_was_into_either_database(  # noqa: PLR0917  # each is a fixture
    file: Path,
    engine: Engine,
    start_app: AppMaker,
    tmp_path: Path,
    empty_url: str,
    is_migrated: bool,
) -> None:
    place = tmp_path / "new" / "trust"
    app = start_app(DATABASE_URL=empty_url, TRUST_DIR=str(place))
    if is_migrated:
        assert run(app, "db", "upgrade")[0] == 0
    status, output = run(app, "restore", str(file))
    assert status == 0, output
    assert f"trust anchor that came with it: ROOT, {read_certificate(ROOT).fingerprint}" in output
    assert "tokens in force that came with it: 1\n" in output
    assert names_of(place) == {"корень.pem", "intermediates/nca.cer"}
    assert (place / "intermediates" / "nca.cer").stat().st_mode & 0o777 == 0o600
    assert place.parent.stat().st_mode & 0o777 == 0o700
    assert run(app, "compare", str(file)) == (0, output_of_compare(file))
    with opened(empty_url) as restored:
        assert rows_of(restored) == rows_of(engine)
    client = app.test_client()
    content_of(client.get("/health/ready"))
    # An id is never given again, also if its thread was deleted before the backup.
    with Archive(file) as archive:
        last = archive.manifest.counters["signatures"]
    assert last >= 4
    assert save(client, document="later")["id"] == last + 1
    assert save(client, document="d0", version=2)["version"] == 3
    status, output = run(app, "compare", str(file))
    assert status == 1
    assert "signatures: 4 rows, in the backup 3\n" in output


def output_of_compare(file: Path) -> str:
    with Archive(file) as archive:
        return f"the same as on {archive.manifest.made_at}\n"


@pytest.mark.slow
def test_a_store_that_holds_something_is_given_up_only_if_asked(
    filled: Flask, file: Path, engine: Engine
) -> None:
    client = filled.test_client()
    before = rows_of(engine)
    save(client, document="after the backup")
    status, output = run(filled, "restore", str(file))
    assert status == 1
    assert f"Error: {file}: the database is not empty (" in output
    assert ", packages, " in output
    assert "--replace gives up what it holds" in output
    assert rows_of(engine)["signatures"] != before["signatures"]
    status, output = run(filled, "restore", str(file), "--replace")
    assert status == 0, output
    assert rows_of(engine) == before
    assert save(client, document="later")["id"] > 4


@pytest.mark.slow
def test_a_file_is_not_replaced_unasked(filled: Flask, file: Path) -> None:
    was = file.read_bytes()
    status, output = run(filled, "backup", str(file))
    message = f"Error: {file}: it exists already; --replace overwrites it"
    assert (status, output.splitlines()[-1]) == (1, message)
    assert file.read_bytes() == was
    save(filled.test_client(), document="more")
    assert run(filled, "backup", str(file), "--replace")[0] == 0
    assert file.read_bytes() != was
    assert not [one for one in file.parent.iterdir() if one.name.startswith(".new-")]


@pytest.mark.parametrize("command", [("backup", "--replace"), ("restore",), ("compare",)])
def test_what_is_no_file_is_neither_replaced_nor_waited_for(
    start_app: AppMaker, sqlite_url: str, tmp_path: Path, command: tuple[str, ...]
) -> None:
    """A device that is replaced, such as /dev/null, is gone for all programs of the machine."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    status, output = run(start_app(DATABASE_URL=sqlite_url), *command, str(pipe))
    assert (status, output) == (1, f"Error: {pipe}: it is not a regular file\n")
    assert pipe.is_fifo()


def test_a_link_to_a_backup_is_followed(
    start_app: AppMaker, sqlite_url: str, tmp_path: Path
) -> None:
    (tmp_path / "other disk").mkdir()
    target, link = tmp_path / "other disk" / "backup", tmp_path / "newest"
    link.symlink_to(target)
    app = start_app(DATABASE_URL=sqlite_url)
    for option in ((), ("--replace",)):
        assert run(app, "backup", str(link), *option)[0] == 0
        assert (link.readlink(), target.is_symlink()) == (target, False)
    assert run(app, "compare", str(link))[0] == 0


@pytest.mark.slow
def test_an_altered_backup_is_refused_wherever_that_is(
    file: Path, start_app: AppMaker, tmp_path: Path
) -> None:
    data = file.read_bytes()
    places = {*range(40), *range(len(data) - 120, len(data))}
    places |= set(random.Random(1).sample(range(len(data)), 300))
    altered = tmp_path / "altered.backup"
    for place in places:
        changed = bytearray(data)
        changed[place] ^= 1
        altered.write_bytes(changed)
        with pytest.raises(BackupError):
            Archive(altered)
    for size in (0, 10, 70, 71, 72, len(data) // 2, len(data) - 1):
        altered.write_bytes(data[:size])
        with pytest.raises(BackupError):
            Archive(altered)
    altered.write_bytes(data + b"0")
    store = tmp_path / "untouched.sqlite3"
    app = start_app(DATABASE_URL=f"sqlite:///{store}", TRUST_DIR=str(tmp_path / "none"))
    for command in ("restore", "compare"):
        status, output = run(app, command, str(altered))
        assert (status, len(output.splitlines())) == (1, 1)
        assert output.startswith(f"Error: {altered}: it ")
    assert not store.exists()
    assert not (tmp_path / "none").exists()


@pytest.mark.slow
def test_what_is_saved_meanwhile_is_not_half_in_it(
    filled: Flask, engine: Engine, tmp_path: Path, open_engine: EngineMaker, empty_url: str
) -> None:
    client = filled.test_client()
    before = rows_of(engine)

    def save_more(table: str, _rows: int) -> None:
        save(client, document=f"while {table} was read", tags=["more"])
        client.delete("/signature", json={"document": "d2", "thread": "main"})

    file = tmp_path / "moment.backup"
    back_up(Place(engine, None), file, [], replace=False, progress=save_more)
    assert len(rows_of(engine)["signatures"]) > 10
    restored = open_engine(empty_url)
    with Archive(file) as archive:
        restore(Place(restored, None), archive, replace=False, finish=lambda: None, progress=ignore)
    assert rows_of(restored) == before


def ignore(_table: str, _rows: int) -> None:
    """Do nothing when a table is done."""


@pytest.mark.slow
@pytest.mark.parametrize("when", ["signatures", "versions"])
def test_a_backup_that_is_killed_leaves_no_file_of_its_name(
    filled: Flask, database_url: str, tmp_path: Path, when: str
) -> None:
    file = tmp_path / "killed" / "store.backup"
    file.parent.mkdir()
    tell_story("back_up", database_url, file, when)
    assert [one.name[:5] for one in file.parent.iterdir()] == [".new-"]
    with pytest.raises(BackupError):
        Archive(next(file.parent.iterdir()))
    assert run(filled, "backup", str(file))[0] == 0


def tell_story(what: str, url: str, file: Path, when: str) -> None:
    """Run a backup or restore in a separate process that is killed meanwhile."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.store.backup_stories", what, url, str(file), when],
        cwd=PROJECT,
        check=False,
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == -9, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("when", ["versions", "trust_certificates", "finish"])
def test_a_restore_that_is_killed_leaves_the_store_as_it_was(
    filled: Flask, file: Path, engine: Engine, database_url: str, when: str
) -> None:
    save(filled.test_client(), document="after the backup")
    was = rows_of(engine)
    engine.dispose()
    tell_story("restore", database_url, file, when)
    assert rows_of(engine) == was
    assert run(filled, "restore", str(file), "--replace")[0] == 0
    assert run(filled, "compare", str(file))[0] == 0


@pytest.mark.slow
@pytest.mark.parametrize("when", ["versions", "finish"])
def test_a_first_restore_that_is_killed_leaves_no_store(
    file: Path, start_app: AppMaker, empty_url: str, tmp_path: Path, when: str
) -> None:
    tell_story("restore", empty_url, file, when)
    app = start_app(DATABASE_URL=empty_url, TRUST_DIR=str(tmp_path / "new"))
    with opened(empty_url) as engine:
        assert inspect(engine).get_table_names() == []
    assert run(app, "restore", str(file))[0] == 0


@pytest.mark.slow
def test_a_restore_that_fails_at_the_end_changes_nothing(
    filled: Flask, file: Path, engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "new.cer").write_bytes(pki.authority().certificate)
    (folder / "корень.pem").unlink()
    names = names_of(folder)
    rows = rows_of(engine)
    monkeypatch.setattr(replacing, "sync_folder", refuse)
    status, output = run(filled, "restore", str(file), "--replace")
    assert (status, output.splitlines()[-1]) == (1, f"Error: {file}: no room")
    assert names_of(folder) == names
    assert rows_of(engine) == rows


def refuse(_folder: Path) -> None:
    raise OSError(28, "no room")


@pytest.mark.slow
def test_files_of_trust_dir_are_replaced_only_if_asked(
    file: Path, folder: Path, start_app: AppMaker, tmp_path: Path
) -> None:
    (folder / "корень.pem").write_bytes(pem(pki.authority().certificate))
    (folder / "more.crl").write_bytes(b"another")
    (folder / "more.crl.replaced").write_bytes(b"set aside before")
    names = names_of(folder)
    store = tmp_path / "other.sqlite3"
    app = start_app(DATABASE_URL=f"sqlite:///{store}", TRUST_DIR=str(folder))
    status, output = run(app, "restore", str(file))
    assert status == 1
    assert output == (
        f"Error: TRUST_DIR ({folder}) has other files: more.crl, корень.pem; "
        "--replace sets them aside\n"
    )
    assert not store.exists()
    assert names_of(folder) == names
    assert run(app, "restore", str(file), "--replace")[0] == 0
    assert (folder / "корень.pem").read_bytes() == pem(ROOT)
    assert names_of(folder) == names - {"more.crl"} | {
        "more.crl.replaced.replaced",
        "корень.pem.replaced",
    }
    assert (folder / "more.crl.replaced").read_bytes() == b"set aside before"
    assert run(app, "compare", str(file))[0] == 0
    (folder / "корень.pem").unlink()
    (folder / "new.crt").write_bytes(ROOT)
    status, output = run(app, "compare", str(file))
    assert status == 1
    assert output.splitlines() == [
        f"{folder / 'корень.pem'}: it is missing",
        f"{folder / 'new.crt'}: it is another",
    ]


def test_a_restore_of_what_was_begun_goes_on(
    file: Path, folder: Path, start_app: AppMaker, tmp_path: Path
) -> None:
    # Killed between the files and the commit: the files are there already.
    store = tmp_path / "other.sqlite3"
    app = start_app(DATABASE_URL=f"sqlite:///{store}", TRUST_DIR=str(folder))
    status, output = run(app, "restore", str(file))
    assert status == 0, output


def made_beside_tables(engine: Engine) -> list[Any]:
    """Return the functions, types and views of PostgreSQL's schema."""
    listed = text("""
        SELECT 'function', CAST(CAST(oid AS regprocedure) AS text) FROM pg_proc
        WHERE pronamespace = to_regnamespace(current_schema())
        UNION SELECT CAST(relkind AS text), relname FROM pg_class
        WHERE relnamespace = to_regnamespace(current_schema()) ORDER BY 1, 2""")
    with engine.connect() as connection:
        return list(connection.execute(listed))


@pytest.mark.slow
def test_nothing_of_the_store_before_is_left(
    postgresql_url: str, file: Path, open_engine: EngineMaker
) -> None:
    engine = open_engine(postgresql_url)
    before = made_beside_tables(engine)
    assert ("function", "save_version") in [(kind, name.partition("(")[0]) for kind, name in before]
    with Archive(file) as archive:
        restore(Place(engine, None), archive, replace=True, finish=ignore_all, progress=ignore)
    assert made_beside_tables(engine) == before


def ignore_all() -> None:
    """Do nothing when all is done."""


def at_step(engine: Engine, step: str) -> Engine:
    """Bring an empty database to a step."""
    with migrating(engine, None) as connection:
        apply_steps(connection, step)
    return engine


#: What step 0005 had of a thread with two tags; the table of pairs is gone since 0007.
OLD_ROWS = """
INSERT INTO signatures (document, thread, version, created_at, updated_at, public_id)
VALUES ('d', 't', 1, '2026-01-01 00:00:00.5', '2026-01-01 00:00:00.5',
    '00000000-0000-4000-8000-000000000001');
INSERT INTO versions (signature_id, version, cms, tags, created_at)
VALUES (1, 1, 'cms', '["a", "b"]', '2026-01-01 00:00:00.5');
INSERT INTO signature_tags (tag, signature_id) VALUES ('a', 1), ('b', 1);
INSERT INTO signature_tag_pairs (first_tag, second_tag, signature_id) VALUES ('a', 'b', 1)"""


BOTH_TAGS = Criteria(tags=("a", "b"), tags_mode="all")


def test_a_backup_of_an_older_step_is_restored_and_migrated(
    open_engine: EngineMaker, empty_url: str, tmp_path: Path, sqlite_url: str
) -> None:
    engine = at_step(open_engine(empty_url), "0005")
    with engine.connect() as connection:
        for row in OLD_ROWS.split(";"):
            connection.exec_driver_sql(row)
    file = tmp_path / "old.backup"
    assert back_up(Place(engine, None), file, [], replace=False, progress=ignore).step == "0005"
    for target in (open_engine(sqlite_url), engine):
        with Archive(file) as archive:
            restore(Place(target, None), archive, replace=True, finish=ignore_all, progress=ignore)
            assert compare(Place(target, None), archive.manifest) == [
                f"the database is at step {HEAD}, the backup at 0005"
            ]
        assert [one.cms for one in versions(target, "d", "t")] == ["cms"]
        assert [one.document for one in find(target, BOTH_TAGS)] == ["d"]
        assert put(target, "d", "t", seen=1).version == 2


@pytest.mark.slow
def test_every_table_of_every_step_is_backed_up(open_engine: EngineMaker, empty_url: str) -> None:
    engine = open_engine(empty_url)
    numbers = {file.name[:4] for file in STEPS.glob("[0-9]*.py")}
    for step in map(int, sorted(numbers)):
        at_step(engine, f"{step:04}")
        with engine.connect() as connection:
            known = {stored.name for stored in find_tables(connection, None)}
        passing = {name for name, first in PASSING.items() if step >= first}
        assert set(inspect(engine).get_table_names()) == known | {"tanbahana_version"} | passing


def written(tmp_path: Path, **changes: Any) -> Path:
    """Write a backup of nothing."""
    manifest = Manifest("1", "now", HEAD, (), {}, ())
    file = tmp_path / "made.backup"
    with file.open("wb") as target:
        writer = Writer(target)
        writer.finish(Changed(manifest, changes) if changes else manifest)
    return file


class Changed(Manifest):
    """A manifest that says something else."""

    def __init__(self, manifest: Manifest, changes: dict[str, Any]) -> None:
        for name in Manifest.__slots__:
            object.__setattr__(self, name, getattr(manifest, name))
        object.__setattr__(self, "changes", changes)

    def write(self) -> bytes:
        """Return it, changed."""
        import orjson  # noqa: PLC0415

        whole = orjson.loads(Manifest.write(self))
        return orjson.dumps(whole | self.changes)  # type: ignore[attr-defined]


TABLE = {"name": "signatures", "columns": ["id"], "rows": 0, "sha256": "0" * 64}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"form": "other"}, "its form (other, 1) is not known to this program"),
        ({"version": 2}, "its form (tanbahana backup, 2) is not known to this program"),
        ({"step": "9999"}, "it was made at step 9999, which is newer than this program"),
        ({"step": "head"}, "its manifest can't be read"),
        ({"tables": None}, "its manifest can't be read"),
        ({"tables": [{**TABLE, "name": "x; DROP"}]}, "its manifest can't be read"),
        ({"tables": [{**TABLE, "columns": ['"']}]}, "its manifest can't be read"),
        ({"tables": [{**TABLE, "sha256": "x"}]}, "its manifest can't be read"),
        ({"tables": [{**TABLE, "name": "other"}]}, "other has no place in this program"),
        ({"tables": [{**TABLE, "columns": ["other"]}]}, "signatures has no place in this program"),
        ({"trust": [{"name": "../x.pem", "size": 1, "sha256": "0" * 64}]}, "its manifest can't"),
        ({"trust": [{"name": "/x.pem", "size": 1, "sha256": "0" * 64}]}, "its manifest can't"),
        ({"counters": {"signatures": "x"}}, "its manifest can't be read"),
        ({}, "versions: the backup does not have it"),
    ],
    ids=range(14),
)
def test_a_backup_that_was_made_by_others_is_refused_in_one_line(
    start_app: AppMaker, tmp_path: Path, empty_url: str, changes: dict[str, Any], why: str
) -> None:
    file = written(tmp_path, **changes)
    app = start_app(DATABASE_URL=empty_url, TRUST_DIR=str(tmp_path / "trust"))
    status, output = run(app, "restore", str(file))
    assert status == 1
    [line] = output.splitlines()
    assert line.startswith(f"Error: {file}: ")
    assert why in line
    with opened(empty_url) as engine:
        assert inspect(engine).get_table_names() == []
    assert not (tmp_path / "trust").exists()


def test_what_is_no_backup_is_refused_in_one_line(start_app: AppMaker, tmp_path: Path) -> None:
    app = start_app(DATABASE_URL=f"sqlite:///{tmp_path}/s.sqlite3", TRUST_DIR=str(tmp_path / "t"))
    other = tmp_path / "other"
    other.write_bytes(b"x" * 200)
    for file, why in (
        (other, "it is no backup of this program, or not whole"),
        (tmp_path / "nowhere", "No such file or directory"),
    ):
        status, output = run(app, "restore", str(file))
        assert (status, len(output.splitlines())) == (1, 1)
        assert why in output


def test_a_newer_store_is_neither_backed_up_nor_replaced(
    filled: Flask, file: Path, engine: Engine, tmp_path: Path
) -> None:
    step = text("UPDATE tanbahana_version SET version_num = :step")
    with engine.connect() as connection:
        connection.execute(step, {"step": "9999"})
    try:
        for arguments in (
            ["backup", str(tmp_path / "new.backup")],
            ["restore", str(file), "--replace"],
            ["compare", str(file)],
        ):
            status, output = run(filled, *arguments)
            assert status == 1
            assert output.startswith("Error: the database is at step 9999, which is newer")
    finally:
        with engine.connect() as connection:
            connection.execute(step, {"step": HEAD})
    assert not (tmp_path / "new.backup").exists()


def test_tables_of_another_program_are_left_alone(
    file: Path, start_app: AppMaker, empty_url: str, tmp_path: Path
) -> None:
    with opened(empty_url) as engine, engine.connect() as connection:
        connection.execute(text("CREATE TABLE signatures (id integer)"))
    app = start_app(DATABASE_URL=empty_url, TRUST_DIR=str(tmp_path / "new"))
    for more in ([], ["--replace"]):
        status, output = run(app, "restore", str(file), *more)
        assert status == 1
        assert output.endswith("the database has tables of another program: signatures\n")


def test_nothing_is_backed_up_where_nothing_is(
    start_app: AppMaker, empty_url: str, tmp_path: Path
) -> None:
    app = start_app(DATABASE_URL=empty_url, TRUST_DIR=str(tmp_path / "none"))
    file = tmp_path / "none.backup"
    status, output = run(app, "backup", str(file))
    assert (status, output) == (
        1,
        "Error: the database was never migrated: there is nothing in it\n",
    )
    assert not file.exists()


def test_a_folder_that_is_not_there_is_reported_in_one_line(filled: Flask, tmp_path: Path) -> None:
    file = tmp_path / "not" / "there"
    status, output = run(filled, "backup", str(file))
    assert (status, output) == (1, f"Error: {file}: there is no such folder\n")


@pytest.mark.slow
def test_a_schema_of_its_own_is_backed_up_and_restored(
    file: Path, start_app: AppMaker, postgres_url: str, tmp_path: Path
) -> None:
    with schema_on(postgres_url) as url:
        with opened(url) as engine, engine.connect() as connection:
            schema = connection.execute(text("SELECT current_schema()")).scalar_one()
        settings = {"PG_SCHEMA": schema, "TRUST_DIR": str(tmp_path / "schema")}
        app = start_app(DATABASE_URL=postgres_url, **settings)
        assert run(app, "restore", str(file))[0] == 0
        again = tmp_path / "again.backup"
        assert run(app, "backup", str(again))[0] == 0
        assert run(app, "compare", str(file))[0] == 0
        with opened(url) as engine:
            assert get(engine, "d0").version == 2
            engine.dispose()
        app.extensions["examiner"].engine.dispose()


MEMORY = """
import sys
from pathlib import Path
from app.store.backups.archive import Archive
from app.store.backups.restoring import restore
from app.store.backups.tables import Place
from app.store.backups.taking import back_up
from tests.conftest import opened
from tests.memory import peak
url, target, file = sys.argv[1], sys.argv[2], Path(sys.argv[3])
with opened(url) as engine, opened(target) as other:
    back_up(Place(engine, None), file, [], replace=False, progress=print)
    with Archive(file) as archive:
        restore(Place(other, None), archive, replace=True, finish=list, progress=print)
print(peak())
"""


@pytest.mark.attacks
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_memory_holds_one_large_row_and_not_all(
    request: pytest.FixtureRequest, open_engine: EngineMaker, tmp_path: Path, kind: str
) -> None:
    url = request.getfixturevalue(f"{kind}_url")
    engine = open_engine(url)
    for number in range(12):
        put(engine, f"d{number}", cms=random.Random(number).randbytes(15_000_000).hex())
    engine.dispose()
    target = f"sqlite:///{tmp_path}/copy.sqlite3" if kind == "sqlite" else url
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, url, target, str(tmp_path / "large.backup")],
        cwd=PROJECT,
        check=True,
        capture_output=True,
        text=True,
        timeout=300,
    )
    # All rows have 360 MB, and what was imported 100. One is there as text, as JSON, and as what
    # the driver sends.
    assert float(done.stdout.splitlines()[-1]) < 430
