"""The folder in which the workers count together."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.server.metrics_folder import make_folder
from tests.config.test_gunicorn import FILE, PROJECT, run


def test_the_folder_of_the_operator_is_made_and_emptied(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    assert make_folder(folder) == folder
    for name in ("counter_w0.db", "histogram_master.db", "gauge_livesum_12.db"):
        (folder / name).write_bytes(b"old")
    (folder / "notes.txt").write_text("kept")
    make_folder(folder)
    assert [file.name for file in folder.iterdir()] == ["notes.txt"]


def test_a_folder_with_another_database_in_it_is_refused_and_left_alone(tmp_path: Path) -> None:
    for name in ("counter_of_sheep.sqlite.db", "store.db"):
        (tmp_path / name).write_text("somebody's")
    with pytest.raises(SystemExit, match="PROMETHEUS_MULTIPROC_DIR must be a folder of its own"):
        make_folder(tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_that_can_t_be_written_to_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(SystemExit, match="PROMETHEUS_MULTIPROC_DIR must be"):
        make_folder(tmp_path / "new")


def test_a_folder_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit, match="PROMETHEUS_MULTIPROC_DIR must be"):
        make_folder(tmp_path / "file" / "new")


def test_a_private_folder_goes_with_the_process_that_made_it(tmp_path: Path) -> None:
    code = (
        "import os; from app.server.metrics_folder import make_folder; folder = make_folder(None)\n"
        "if os.fork(): os.wait(); print(oct(folder.stat().st_mode)[-3:], len(os.listdir(folder)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=PROJECT,
        env={"TMPDIR": str(tmp_path), "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "700 0\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_checking_the_configuration_leaves_nothing_behind(tmp_path: Path) -> None:
    arguments = ["-m", "gunicorn", "--check-config", "--config", str(FILE), "wsgi:app"]
    url = f"sqlite:///{tmp_path / 'store.sqlite3'}"
    assert run(arguments, DATABASE_URL=url, TMPDIR=str(tmp_path)).returncode == 0
    assert list(tmp_path.glob("tanbahana*")) == []


@pytest.mark.slow
def test_commands_count_for_themselves_wherever_the_servers_folder_is(tmp_path: Path) -> None:
    env = {
        "PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "not there"),
        "DATABASE_URL": f"sqlite:///{tmp_path / 'store.sqlite3'}",
    }
    done = run(["-m", "flask", "--app", "wsgi", "db", "upgrade"], **env)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "not there").exists()
