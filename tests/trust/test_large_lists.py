"""CRLs of many megabytes: mapped, sorted once for all processes, never believed damaged."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.cms import algorithms, budget, crls
from app.cms.crls import CertificateList, MalformedRevocation
from app.cms.errors import TooCostly
from app.cms.status import Answer
from app.cms.x509 import read_certificate
from app.trust import Trust, crl_files
from app.trust.crl_files import INDEX, LARGE, open_list
from app.trust.errors import UnreadableFile
from tests import pki, revoking
from tests.gost_signer import GOST_2015_512
from tests.revoking import Revoked
from tests.trust.asking import HOUR, LONG_AGO, ask, crl_at, now, pem, person
from tests.trust.serving import Site

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
NCA = pki.authority()
#: Entries that make more than a megabyte.
SIZE = 25_000

pytestmark = pytest.mark.usefixtures("anchored")


def large(*revoked: Revoked, by: pki.Holder = NCA) -> bytes:
    since, until = now() - HOUR, now() + HOUR
    encoded = revoking.large_crl(by, SIZE, *revoked, this_update=since, next_update=until)
    assert len(encoded) > LARGE
    return encoded


def test_a_large_list_is_kept_with_its_index(online: Trust, site: Site, cache: Path) -> None:
    url = site.url("/nca.crl")
    ivan, anna = person(crl_at(url)), person(crl_at(url), name="АННА")
    site.serve("/nca.crl", large(Revoked(anna.serial, LONG_AGO)))
    for _ in range(2):
        assert ask(online, ivan).revocation.answer is YES
        assert ask(online, anna).revocation.answer is NO
    assert site.asked == ["GET /nca.crl"]
    kept = {file.name.partition(".")[2]: file for file in cache.iterdir() if file.stat().st_size}
    assert set(kept) == {"crl", f"crl{INDEX}"}
    assert {file.stat().st_mode & 0o777 for file in kept.values()} == {0o600}


def test_another_process_uses_the_same_index(online: Trust, site: Site, cache: Path) -> None:
    ivan = person(crl_at(site.serve("/nca.crl", large())))
    ask(online, ivan)
    [index] = cache.glob(f"*{INDEX}")
    before = index.stat().st_mtime_ns
    program = "from pathlib import Path; from app.trust.crl_files import open_list; "
    program += f"print(open_list(Path({str(index)[: -len(INDEX)]!r})).find({ivan.serial}))"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    assert done.stdout == b"None\n"
    assert index.stat().st_mtime_ns == before


def test_of_many_threads_one_fetches_and_one_sorts(
    folder: Path, cache: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    ivan = person(crl_at(site.serve("/nca.crl", large())))
    built: list[Path] = []
    real = crl_files._build_elsewhere

    def count(path: Path) -> None:
        built.append(path)
        real(path)

    monkeypatch.setattr(crl_files, "_build_elsewhere", count)
    barrier = threading.Barrier(2)

    def verify(trust: Trust) -> Answer:
        barrier.wait(30)
        return ask(trust, ivan).revocation.answer

    trusts = [Trust(folder, online=True, cache=cache) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(verify, trusts)) == [YES, YES]
    assert site.asked == ["GET /nca.crl"]
    assert len(built) == 1


def cut(index: bytes) -> bytes:
    return index[:-8]


def drop_row(index: bytes) -> bytes:
    return index[:64] + index[72:]


def flip(index: bytes) -> bytes:
    return index[:-1] + bytes((index[-1] ^ 1,))


@pytest.mark.parametrize("damage", [cut, drop_row, flip, lambda _: b"", lambda _: b"x" * 7])
def test_a_damaged_index_is_made_anew(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    file, index = tmp_path / "nca.crl", tmp_path / f"nca.crl{INDEX}"
    file.write_bytes(large(Revoked(4711, LONG_AGO)))
    assert open_list(file).find(4711) is not None
    whole = index.read_bytes()
    index.write_bytes(damage(whole))
    assert open_list(file).find(4711) is not None
    assert index.read_bytes() == whole


def test_an_index_of_another_list_is_made_anew(tmp_path: Path) -> None:
    file = tmp_path / "nca.crl"
    file.write_bytes(large())
    assert open_list(file).find(4711) is None
    (tmp_path / "new").write_bytes(large(Revoked(4711, LONG_AGO)))
    (tmp_path / "new").replace(file)
    assert open_list(file).find(4711) is not None


def test_a_list_whose_entries_are_damaged_is_refused(tmp_path: Path) -> None:
    encoded = large()
    middle = encoded.index(b"\x02\x14", len(encoded) // 2)
    file = tmp_path / "nca.crl"
    file.write_bytes(encoded[:middle] + b"\x04" + encoded[middle + 1 :])
    with pytest.raises(MalformedRevocation):
        open_list(file)


def test_a_list_in_pem_is_kept_in_der(online: Trust, site: Site, cache: Path) -> None:
    encoded = large()
    ivan = person(crl_at(site.serve("/nca.crl", pem(encoded, "X509 CRL"))))
    assert ask(online, ivan).revocation.answer is YES
    [file] = [file for file in cache.glob("*.crl") if file.stat().st_size]
    assert file.read_bytes() == encoded


def test_without_a_folder_for_it_a_large_list_still_counts(
    folder: Path, site: Site, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    trust = Trust(folder, online=True, cache=tmp_path / "file")
    ivan = person(crl_at(site.serve("/nca.crl", large())))
    assert ask(trust, ivan).revocation.answer is YES


def test_memory_of_a_mapped_list_is_not_the_process_s_own(tmp_path: Path) -> None:
    file = tmp_path / "nca.crl"
    file.write_bytes(large(Revoked(4711, LONG_AGO)))
    before = anonymous_memory()
    lists = [open_list(file) for _ in range(20)]
    assert all(one.find(4711) for one in lists)
    assert isinstance(lists[0], CertificateList)
    assert anonymous_memory() - before < 5_000_000


def anonymous_memory() -> int:
    """Return the bytes of this process that no file has."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    [line] = [line for line in status.splitlines() if line.startswith("RssAnon")]
    return int(line.split()[1]) * 1024


def test_a_list_that_is_too_large_or_empty_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "nca.crl"
    file.write_bytes(b"")
    with pytest.raises(UnreadableFile):
        open_list(file)
    file.write_bytes(large())
    monkeypatch.setattr(crl_files, "MAX_SIZE", 1000)
    with pytest.raises(UnreadableFile, match="larger than 1000 bytes"):
        open_list(file)


def test_a_lock_that_somebody_holds_is_not_waited_for_without_end(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with crl_files.locked(path, 1), crl_files.locked(path, 0.1):
        assert (tmp_path / "x.lock").exists()


@pytest.mark.parametrize(
    "key", [pki.rsa_key("large"), pki.gost_key("large", GOST_2015_512)], ids=["RSA", "GOST"]
)
def test_the_signature_of_a_mapped_list_is_checked(tmp_path: Path, key: pki.Key) -> None:
    issuer, other = pki.root("LARGE", key), pki.root("OTHER")
    file = tmp_path / "nca.crl"
    file.write_bytes(large(by=issuer))
    found = open_list(file)
    keys = [read_certificate(who.certificate).public_key for who in (issuer, other)]
    assert [found.is_signed_by(one) for one in keys] == [True, False]


def test_what_plain_python_would_hash_for_a_minute_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    issuer = pki.root("LARGE", pki.gost_key("large", GOST_2015_512))
    file = tmp_path / "nca.crl"
    file.write_bytes(large(by=issuer))
    slow = algorithms.DIGESTS[algorithms.STREEBOG_512]
    monkeypatch.setitem(budget.SLOW_DIGESTS, slow, (250, 1300))
    monkeypatch.setattr(crls, "MAX_SLOW_SIZE", 1_000_000)
    with pytest.raises(TooCostly, match="install libgcrypt20"):
        open_list(file).is_signed_by(read_certificate(issuer.certificate).public_key)
