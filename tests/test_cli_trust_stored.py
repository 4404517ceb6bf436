"""`flask trust add`, `list` and `remove` on the database, where anchors are kept by default."""

import re
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine, text

from app.cms.x509.certificate import read_certificate
from app.store import trust_certificates
from app.trust import Trust
from tests import pki
from tests.conftest import AppMaker
from tests.test_cli import run, run_apart
from tests.trust.asking import pem

ROOT, NCA, IVAN = pki.root(), pki.authority(), pki.person()
ROOT_SHA256, NCA_SHA256 = (read_certificate(one.certificate).fingerprint for one in (ROOT, NCA))


@pytest.fixture(name="folder")
def trust_folder(tmp_path: Path) -> Path:
    """Provide a TRUST_DIR that isn't there yet."""
    return tmp_path / "trust"


@pytest.fixture(name="program")
def app_on_a_database(make_app: AppMaker, folder: Path) -> Flask:
    """Provide an application with that TRUST_DIR."""
    return make_app(TRUST_DIR=str(folder))


@pytest.fixture(name="file")
def certificate_of_the_root(tmp_path: Path) -> str:
    """Provide a file with one certificate."""
    file = tmp_path / "given.cer"
    file.write_bytes(ROOT.certificate)
    return str(file)


def add(program: Flask, file: str, *more: str, sha256: str = ROOT_SHA256) -> str:
    status, output = run(program, "trust", "add", file, "--fingerprint", sha256, *more)
    assert status == 0, output
    return output


def listed(program: Flask) -> list[str]:
    """Return the blocks of the list."""
    status, output = run(program, "trust", "list")
    assert status == 0
    return re.split(r"\n(?=\S)", output.rstrip("\n"))


def trust_of(program: Flask) -> Trust:
    trust: Trust = program.extensions["trust"]
    return trust


def test_an_anchor_is_kept_in_the_database(program: Flask, file: str, folder: Path) -> None:
    output = add(program, file, "--by", "А. Тестова", "--note", "from the office")
    assert output.endswith("  stored       in the database, as anchor\n")
    assert not folder.exists()
    [block] = listed(program)
    assert block.startswith("anchor:\n  subject      ROOT\n")
    added, note = block.splitlines()[-2:]
    assert re.fullmatch(r"  database     added \d{4}-\d\d-\d\d \d\d:\d\d UTC by А. Тестова", added)
    assert note == "  note         from the office"
    assert trust_of(program).has_anchors


def test_who_is_logged_in_adds_it(program: Flask, file: str) -> None:
    add(program, file)
    assert re.search(r"UTC by \S+@\S+$", listed(program)[0])


def test_what_is_there_is_not_stored_again(program: Flask, file: str) -> None:
    add(program, file, "--note", "first")
    output = add(program, file, "--note", "second")
    assert output.endswith("  is there     in the database, as anchor\n")
    [block] = listed(program)
    assert block.endswith("first")


def test_an_intermediate_is_no_anchor(program: Flask, file: str) -> None:
    add(program, file, "--intermediate")
    block, nothing = listed(program)
    assert block.startswith("intermediate:\n")
    assert nothing.startswith("There is no trust anchor in the database or in ")
    assert not trust_of(program).has_anchors
    add(program, file)
    assert [block.partition("\n")[0] for block in listed(program)] == ["anchor:", "intermediate:"]


def test_what_is_refused_leaves_no_trace(program: Flask, file: str, engine: Engine) -> None:
    assert run(program, "trust", "add", file)[0] == 1
    assert run(program, "trust", "add", file, "--fingerprint", NCA_SHA256)[0] == 1
    with engine.connect() as connection:
        assert trust_certificates.read_marks(connection) == ()


@pytest.mark.parametrize("option", ["--by", "--note"])
@pytest.mark.parametrize("value", ["", "x" * 256, "two\nlines"])
def test_a_note_is_a_line(program: Flask, file: str, option: str, value: str) -> None:
    more = ("--fingerprint", ROOT_SHA256, option, value)
    assert run(program, "trust", "add", file, *more)[0] == 2


def test_there_is_a_most_of_them(
    program: Flask, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trust_certificates, "MAX_CERTIFICATES", 0)
    status, output = run(program, "trust", "add", file, "--fingerprint", ROOT_SHA256)
    assert status == 1
    assert output.endswith("Error: there are 0 certificates in the database already\n")


def test_both_places_are_listed_and_count(program: Flask, file: str, folder: Path) -> None:
    add(program, file)
    add(program, file, "--in-folder")
    other = folder / "nca.cer"
    other.write_bytes(NCA.certificate)
    places = [re.findall(r"^  (database|file) ", block, re.MULTILINE) for block in listed(program)]
    assert places == [["database"], ["file"], ["file"]]
    # The same certificate in both is one.
    assert len(trust_of(program).trusted().anchors) == 2
    other.unlink()
    one = trust_of(program).trusted()
    assert run(program, "trust", "remove", ROOT_SHA256[:8], "--in-folder")[0] == 0
    assert list(folder.iterdir()) == []
    assert trust_of(program).trusted() == one


@pytest.mark.parametrize(
    "named",
    [ROOT_SHA256, ROOT_SHA256[:8], ":".join(re.findall("..", ROOT_SHA256.upper()))],
    ids=["plain", "short", "colons"],  # Keys are new in each process.
)
def test_one_that_is_removed_is_in_neither_place(
    program: Flask, file: str, folder: Path, named: str
) -> None:
    add(program, file)
    add(program, file, "--intermediate")
    add(program, file, "--in-folder")
    status, output = run(program, "trust", "remove", named)
    name = f"root-{ROOT_SHA256[:16]}.pem"
    assert status == 0
    assert output.splitlines() == [
        f"removed from the database: {ROOT_SHA256}",
        f"removed: {folder / name}",
    ]
    assert listed(program) == [
        f"There is no trust anchor in the database or in {folder}: no signature is trusted."
    ]


def test_one_that_is_not_there_can_not_be_removed(program: Flask) -> None:
    status, output = run(program, "trust", "remove", "0" * 8)
    assert (status, output) == (
        1,
        "Error: no certificate has a SHA-256 that begins with 00000000\n",
    )
    assert run(program, "trust", "remove", "0" * 7)[0] == 2


def test_one_among_others_in_a_file_is_left_where_it_is_and_said_to_be_so(
    program: Flask, file: str, folder: Path
) -> None:
    add(program, file)
    folder.mkdir()
    (folder / "both.pem").write_bytes(pem(ROOT.certificate) + pem(NCA.certificate))
    status, output = run(program, "trust", "remove", ROOT_SHA256)
    assert status == 1
    assert "both.pem has other certificates, too: take it out by hand" in output
    assert len(trust_of(program).trusted().anchors) == 2


def test_a_beginning_that_two_have_is_refused(program: Flask, file: str, engine: Engine) -> None:
    add(program, file)
    alike = text("""
        INSERT INTO trust_certificates (sha256, role, pem, added_at, added_by)
        SELECT substr(sha256, 1, 60) || '0000', role, pem, added_at, added_by
        FROM trust_certificates""")
    with engine.connect() as connection:
        connection.execute(alike)
    status, output = run(program, "trust", "remove", ROOT_SHA256[:20])
    assert status == 1
    assert "2 certificates begin with" in output


ANOTHER = "it is not the certificate whose SHA-256 it has"
UPDATE = "UPDATE trust_certificates SET {} = :value"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("pem", "nothing"), "no certificate is in it"),
        (("pem", pem(NCA.certificate).decode()), ANOTHER),
        (("sha256", NCA_SHA256), ANOTHER),
    ],
    ids=range(3),
)
def test_a_row_that_was_altered_is_no_anchor(
    program: Flask, file: str, engine: Engine, change: tuple[str, str], why: str
) -> None:
    column, value = change
    add(program, file)
    with engine.connect() as connection:
        connection.execute(text(UPDATE.format(column)), {"value": value})
    assert not trust_of(program).has_anchors
    *_, left_out, nothing = listed(program)
    assert left_out.startswith("left out: anchor ")
    assert left_out.endswith(why)
    assert nothing.startswith("There is no trust anchor")


def test_one_who_is_no_authority_is_no_anchor_though_the_database_says_so(
    program: Flask, file: str, engine: Engine
) -> None:
    add(program, file)
    sha256 = read_certificate(IVAN.certificate).fingerprint
    with engine.connect() as connection:
        connection.execute(text(UPDATE.format("sha256")), {"value": sha256})
        value = pem(IVAN.certificate).decode()
        connection.execute(text(UPDATE.format("pem")), {"value": value})
    assert not trust_of(program).has_anchors


def test_the_commands_name_the_database_unless_they_do_without(program: Flask, file: str) -> None:
    for arguments in (["list"], ["remove", "0" * 8], ["add", file]):
        assert run_apart(program, "trust", *arguments)[2].startswith("database: ")
        assert "database: " not in run_apart(program, "trust", *arguments, "--in-folder")[1]


def test_a_database_that_can_not_be_used_is_reported_in_one_line(
    start_app: AppMaker, tmp_path: Path, file: str
) -> None:
    program = start_app(DATABASE_URL=f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    for arguments in (["list"], ["remove", "0" * 8], ["add", file]):
        status, output = run(program, "trust", *arguments)
        assert status == 1
        assert output.startswith("Error: the database was never migrated")


def test_verify_knows_the_anchors_of_the_database(
    program: Flask, file: str, tmp_path: Path
) -> None:
    signature = tmp_path / "signature"
    signature.write_bytes(IVAN.certificate)
    add(program, file)
    assert "There is no trust anchor" not in run(program, "verify", str(signature))[1]


def test_verify_says_what_it_does_not_know(start_app: AppMaker, tmp_path: Path, file: str) -> None:
    missing = tmp_path / "missing.sqlite3"
    program = start_app(DATABASE_URL=f"sqlite:///{missing}", TRUST_DIR=str(tmp_path / "trust"))
    said = run_apart(program, "verify", file)[2]
    assert "what is trusted by the database is not known: there is no such file" in said
    assert not missing.exists()
