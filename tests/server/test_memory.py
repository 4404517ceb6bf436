"""A worker returns memory that is free."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.server import memory
from app.server.memory import Watch

PAGES = 10_000


@pytest.fixture(name="statm")
def file_of_pages(tmp_path: Path) -> Path:
    """Provide a file that says how many pages there are, as the kernel's does."""
    file = tmp_path / "statm"
    file.write_text(f"99 {PAGES} 9")
    return file


def grow(statm: Path, pages: int) -> None:
    statm.write_text(f"99 {PAGES + pages} 9")


def test_it_looks_once_a_second_and_only_where_much_may_be_free(
    statm: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(memory, "monotonic", lambda: now)
    found = Watch(statm)
    if found._trim is None:
        pytest.skip("another library than glibc returns what is free by itself")
    grow(statm, PAGES)
    assert not found.trim_if_grown()
    now += 1
    assert found.trim_if_grown()
    now += 1
    assert not found.trim_if_grown()  # What is still there is in use.
    grow(statm, PAGES + PAGES // 10)
    now += 1
    assert not found.trim_if_grown()
    grow(statm, 2 * PAGES)
    now += 1
    assert found.trim_if_grown()


def test_without_glibc_or_the_kernel_s_file_nothing_is_done(statm: Path, tmp_path: Path) -> None:
    assert not Watch(tmp_path / "nothing").trim_if_grown()
    found = Watch(statm)
    found._trim = None
    found._checked_at = 0.0
    grow(statm, PAGES)
    assert not found.trim_if_grown()
