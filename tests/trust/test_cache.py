"""What authorities have answered is kept on disk, and not trusted for that."""

import os
import time
from pathlib import Path

import pytest

from app.cms.verdict import Answer
from app.trust import Trust
from app.trust.cache import Cache
from app.trust.files import UNFINISHED
from app.trust.tidying import MAX_FILES
from tests import pki
from tests.pki import Revoked, ocsp_at
from tests.trust.asking import HOUR, LONG_AGO, Responder, ask, now, person, reasons
from tests.trust.serving import HERE, Site

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
ROOT, NCA = pki.root(), pki.authority()

pytestmark = pytest.mark.usefixtures("anchored")


def test_a_save_never_asks_but_uses_what_was_answered(online: Trust, site: Site) -> None:
    ivan = person(ocsp_at(Responder(site).url))
    status = ask(online, ivan, fetch=False)
    assert status.revocation.answer is UNKNOWN
    assert reasons(status) == ["no CRL or OCSP response about ИВАНОВ ИВАН is at hand"]
    assert site.asked == []
    ask(online, ivan)
    assert ask(online, ivan, fetch=False).revocation.answer is YES
    assert len(site.asked) == 1


def test_offline_no_one_is_asked_nor_the_cache(online: Trust, offline: Trust, site: Site) -> None:
    ivan = person(ocsp_at(Responder(site).url))
    assert ask(offline, ivan).revocation.answer is UNKNOWN
    assert site.asked == []
    ask(online, ivan)
    assert ask(offline, ivan).revocation.answer is UNKNOWN


def test_an_answer_is_kept_as_long_as_it_holds(online: Trust, site: Site, cache: Path) -> None:
    responder = Responder(site)
    ivan = person(ocsp_at(responder.url))
    assert ask(online, ivan).revocation.answer is YES
    assert (
        ask(
            Trust(online.folder, online=True, cache=cache, destinations=HERE), ivan
        ).revocation.answer
        is YES
    )
    assert len(site.asked) == 1
    [file] = cache.iterdir()
    yesterday = now() - 24 * HOUR
    file.write_bytes(
        pki.ocsp(NCA, ivan.serial, this_update=yesterday, next_update=yesterday + HOUR)
    )
    responder.status = Revoked(0, LONG_AGO)
    assert ask(online, ivan, fetch=False).revocation.answer is UNKNOWN
    assert ask(online, ivan).revocation.answer is NO
    assert len(site.asked) == 2
    assert list(cache.iterdir()) == [file]


def test_a_cache_that_can_not_be_written_is_reported(
    folder: Path, site: Site, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    trust = Trust(folder, online=True, cache=tmp_path / "file", destinations=HERE)
    ivan = person(ocsp_at(Responder(site).url))
    assert ask(trust, ivan).revocation.answer is YES
    assert [record.getMessage() for record in caplog.records][-1].startswith(
        "REVOCATION_CACHE: nothing can be kept: "
    )


def test_what_is_damaged_in_the_cache_is_fetched_again(
    online: Trust, site: Site, cache: Path
) -> None:
    ivan = person(ocsp_at(Responder(site).url))
    ask(online, ivan)
    [file] = cache.iterdir()
    file.write_bytes(b"damage")
    assert ask(online, ivan, fetch=False).revocation.answer is UNKNOWN
    assert ask(online, ivan).revocation.answer is YES
    assert len(site.asked) == 2


def test_no_one_can_lie_by_way_of_the_cache(online: Trust, site: Site, cache: Path) -> None:
    ivan = person(ocsp_at(Responder(site).url))
    ask(online, ivan)
    [file] = cache.iterdir()
    lie = Revoked(0, LONG_AGO)
    file.write_bytes(pki.ocsp(NCA, ivan.serial, lie, forged=True, this_update=now()))
    assert ask(online, ivan, fetch=False).revocation.answer is UNKNOWN


def test_the_cache_holds_so_many_files(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MAX_FILES, ".crl", 20)
    kept = Cache(cache)
    kept.keep("x.ocsp", b"")
    for number in range(30):
        kept.keep(f"{number}.crl", b"")
        assert len(list(cache.glob("*.crl"))) <= 20
    names = {file.name for file in cache.iterdir()}
    assert "29.crl" in names
    assert "0.crl" not in names
    assert "x.ocsp" in names


def test_what_was_never_written_to_its_end_goes_after_a_while(cache: Path) -> None:
    cache.mkdir()
    for name, age in (("old", 2 * HOUR), ("new", 0 * HOUR)):
        file = cache / f"{UNFINISHED}{name}"
        file.touch()
        written = time.time() - age.total_seconds()
        os.utime(file, (written, written))
    Cache(cache).keep("x.crl", b"")
    assert {file.name for file in cache.iterdir()} == {f"{UNFINISHED}new", "x.crl"}
