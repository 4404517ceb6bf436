"""CRLs of many megabytes: mapped, sorted once for all processes, never believed damaged."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.cms import budget
from app.cms.algorithms import registry as algorithms
from app.cms.errors import TooCostly
from app.cms.revocation import crl, crl_index
from app.cms.revocation.crl import CertificateList, MalformedRevocation
from app.cms.revocation.crl_index import HEADER_SIZE
from app.cms.verdict import Answer
from app.cms.x509.certificate import read_certificate
from app.trust import Trust, crl_files, lists
from app.trust.crl_files import LARGE, open_list, state_of
from app.trust.errors import UnreadableFile
from app.trust.tidying import COPY, INDEX, MAX_FILES
from tests import der, pki
from tests.cpu import allowed
from tests.gost_signer import GOST_2015_512
from tests.pki import Revoked, crl_at
from tests.trust.asking import HOUR, LONG_AGO, ask, now, pem, person
from tests.trust.serving import HERE, Site

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
NCA = pki.authority()
#: Entries that make more than a megabyte.
SIZE = 25_000

pytestmark = [pytest.mark.usefixtures("anchored"), pytest.mark.maps_files]


def large(*revoked: Revoked, by: pki.Holder = NCA) -> bytes:
    since, until = now() - HOUR, now() + HOUR
    encoded = pki.large_crl(by, SIZE, *revoked, this_update=since, next_update=until)
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
    assert set(kept) == {"crl", INDEX[1:]}
    assert {file.stat().st_mode & 0o777 for file in kept.values()} == {0o600}


@pytest.mark.slow
def test_another_process_uses_the_same_index(online: Trust, site: Site, cache: Path) -> None:
    ivan = person(crl_at(site.serve("/nca.crl", large())))
    ask(online, ivan)
    [index] = cache.glob(f"*{INDEX}")
    before = index.stat().st_mtime_ns
    [kept] = cache.glob("*.crl")
    program = "from pathlib import Path; from app.trust.crl_files import open_list; "
    program += f"print(open_list(Path({str(kept)!r}), Path({str(cache)!r})).find({ivan.serial}))"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    assert done.stdout == b"None\n"
    assert index.stat().st_mtime_ns == before


def test_of_many_threads_one_fetches_and_one_sorts(folder: Path, cache: Path, site: Site) -> None:
    ivan = person(crl_at(site.serve("/nca.crl", large())))
    barrier = threading.Barrier(2)

    def verify(trust: Trust) -> Answer:
        barrier.wait(30)
        return ask(trust, ivan).revocation.answer

    trusts = [Trust(folder, online=True, cache=cache, destinations=HERE) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(verify, trusts)) == [YES, YES]
    assert site.asked == ["GET /nca.crl"]
    [index] = cache.glob(f"*{INDEX}")
    before = state_of(index)
    assert (
        ask(Trust(folder, online=True, cache=cache, destinations=HERE), ivan).revocation.answer
        is YES
    )
    assert state_of(index) == before


def cut(index: bytes) -> bytes:
    return index[:-8]


def drop_row(index: bytes) -> bytes:
    return index[:64] + index[72:]


def flip(index: bytes) -> bytes:
    return index[:-1] + bytes((index[-1] ^ 1,))


def other_header(index: bytes) -> bytes:
    return bytes((index[0] ^ 1,)) + index[1:]


def nothing(_: bytes) -> bytes:
    return b""


def few(_: bytes) -> bytes:
    return b"x" * 7


DAMAGES = [cut, drop_row, flip, other_header, nothing, few]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("mapped", [False, True], ids=["before", "while it is mapped"])
def test_a_damaged_index_is_rebuilt(
    tmp_path: Path, damage: Callable[[bytes], bytes], mapped: bool
) -> None:
    file = tmp_path / "nca.crl"
    file.write_bytes(large(*[Revoked(number, LONG_AGO) for number in (4711, 4712)]))
    found = open_list(file, tmp_path)
    assert found.find(4711) is not None
    [index] = tmp_path.glob(f"*{INDEX}")
    whole = index.read_bytes()
    index.write_bytes(damage(whole))
    found = found if mapped else open_list(file, tmp_path)
    assert found.find(4712) is not None
    assert index.read_bytes() == whole


def test_an_index_of_another_user_is_not_used(tmp_path: Path) -> None:
    """What others could have written may hide an entry."""
    file = tmp_path / "nca.crl"
    file.write_bytes(large(Revoked(4711, LONG_AGO)))
    assert open_list(file, tmp_path).find(4711) is not None
    [index] = tmp_path.glob(f"*{INDEX}")
    lie = forge(index.read_bytes())
    for mode, hides in ((0o620, False), (0o602, False), (0o600, True)):
        index.write_bytes(lie)
        index.chmod(mode)
        assert (open_list(file, tmp_path).find(4711) is None) == hides
    index.unlink()
    (tmp_path / "elsewhere").write_bytes(lie)
    index.symlink_to(tmp_path / "elsewhere")
    assert open_list(file, tmp_path).find(4711) is not None


def forge(index: bytes) -> bytes:
    """Write an index of the same list in which there is nothing."""
    start = HEADER_SIZE - 32
    return index[:start] + hashlib.sha256(bytes(8)).digest() + bytes(8)


def test_an_index_that_was_replaced_or_removed_stays_with_who_has_it(tmp_path: Path) -> None:
    file = tmp_path / "nca.crl"
    file.write_bytes(large(*[Revoked(number, LONG_AGO) for number in (1, 2, 3)]))
    found = open_list(file, tmp_path)
    assert found.find(1) is not None
    [index] = tmp_path.glob(f"*{INDEX}")
    (tmp_path / "new").write_bytes(b"anything")
    (tmp_path / "new").replace(index)
    assert found.find(2) is not None
    index.unlink()
    assert found.find(3) is not None
    assert not index.exists()


def test_an_index_of_another_list_is_rebuilt(tmp_path: Path) -> None:
    file = tmp_path / "nca.crl"
    file.write_bytes(large())
    assert open_list(file, tmp_path).find(4711) is None
    (tmp_path / "new").write_bytes(large(Revoked(4711, LONG_AGO)))
    (tmp_path / "new").replace(file)
    assert open_list(file, tmp_path).find(4711) is not None


@pytest.mark.parametrize("place", ["nowhere", "a file"])
def test_without_an_index_a_list_is_searched(
    tmp_path: Path, place: str, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "nca.crl"
    file.write_bytes(large(Revoked(4711, LONG_AGO)))
    (tmp_path / "a file").touch()
    found = open_list(file, tmp_path / "a file" / place)
    assert found.find(4711) is not None
    assert found.find(4712) is None
    reported = [record.getMessage() for record in caplog.records]
    assert len(reported) == 1  # And is tried again after a while.
    assert reported[0].startswith("REVOCATION_CACHE: a CRL can't be indexed: ")


def test_while_another_process_sorts_a_list_is_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crl_files, "PATIENCE", 0.1)
    file = tmp_path / "nca.crl"
    file.write_bytes(large(Revoked(4711, LONG_AGO)))
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    found = open_list(file, tmp_path)
    with crl_files.locked(tmp_path / f"{digest}{INDEX}", 1):
        assert found.find(4711) is not None
        assert found.find(4712) is None
        assert not list(tmp_path.glob(f"*{INDEX}"))
    time.sleep(0.2)
    assert found.find(4713) is None
    assert list(tmp_path.glob(f"*{INDEX}"))


def test_a_list_whose_entries_are_damaged_is_refused(tmp_path: Path) -> None:
    encoded = large()
    middle = encoded.index(b"\x02\x14", len(encoded) // 2)
    file = tmp_path / "nca.crl"
    file.write_bytes(encoded[:middle] + b"\x04" + encoded[middle + 1 :])
    found = open_list(file, tmp_path)
    for serial in (4711, 4711, 4712):
        with pytest.raises(MalformedRevocation):
            found.find(serial)
    assert not list(tmp_path.glob(f"*{INDEX}"))


def test_the_program_that_sorts_does_what_the_library_does(tmp_path: Path) -> None:
    file, target = tmp_path / "nca.crl", tmp_path / "index"
    data = b"".join(der.sequence(der.integer(n), der.time(LONG_AGO)) for n in (5, -7, 2**200, 5))
    file.write_bytes(data)
    with file.open("rb") as source, target.open("wb") as out:
        numbers = [str(number) for number in (source.fileno(), out.fileno(), 0, len(data))]
        assert crl_index.main(numbers) == 0
        assert crl_index.main([*numbers[:3], str(len(data) + 1)]) == crl_index.DAMAGED
        assert crl_index.main([*numbers[:2], "1", numbers[3]]) == crl_index.DAMAGED
        assert crl_index.main(numbers) == 0
    rows = memoryview(target.read_bytes())[HEADER_SIZE:].cast("Q")
    assert list(rows) == sorted(rows)
    for serial, count in ((5, 2), (-7, 1), (2**200, 1), (6, 0)):
        places = list(crl_index.find_offsets(rows, serial))
        assert (places, False) == crl_index.search(data, 0, len(data), serial)
        assert len(places) == count


@pytest.mark.attacks
def test_serial_numbers_that_end_alike_are_distinguished_at_once(tmp_path: Path) -> None:
    file = tmp_path / "nca.crl"
    listed = [Revoked((number + 1) << 100, LONG_AGO) for number in range(2000)]
    file.write_bytes(large(*listed))
    found = open_list(file, tmp_path)
    assert found.find(0) is None
    begun = time.process_time()
    assert all(found.find(one.serial) for one in listed[:200])
    assert found.find(3000 << 100) is None
    assert time.process_time() - begun < allowed(0.2)


def trusting(folder: Path, cache: Path) -> Trust:
    return Trust(folder, online=False, cache=cache)


@pytest.mark.parametrize("form", ["DER", "PEM"])
def test_a_large_list_of_the_operator_is_copied_and_mapped(
    folder: Path, cache: Path, form: str
) -> None:
    ivan, anna = person(), person(name="АННА")
    encoded = large(Revoked(anna.serial, LONG_AGO))
    file = folder / "nca.crl"
    file.write_bytes(encoded if form == "DER" else pem(encoded, "X509 CRL", "\r\n"))
    trust = trusting(folder, cache)
    moment = now() - HOUR / 2
    [filed] = trust.contents().crls
    assert filed.sha256 == hashlib.sha256(encoded).hexdigest()
    before = anonymous_memory()
    assert ask(trust, ivan, fetch=False, at=moment).revocation.answer is YES
    assert ask(trust, anna, fetch=False, at=moment).revocation.answer is NO
    assert anonymous_memory() - before < 5_000_000
    assert {one.suffix for one in cache.iterdir() if one.stat().st_size} == {COPY, INDEX}
    [kept] = cache.glob("*.copy")
    assert kept.read_bytes() == encoded
    (folder / "other.pem").touch()  # The folder is read again, the list is not checked again.
    assert trust.contents().crls[0].value is filed.value
    file.write_bytes(b"")  # In place: what is mapped stays whole.
    assert filed.value.find(anna.serial + 1) is None
    assert trust.contents().unreadable["nca.crl"] == "no CRL is in it"


def test_a_copy_of_the_operator_s_list_that_is_damaged_is_made_again(
    folder: Path, cache: Path
) -> None:
    encoded = large()
    (folder / "nca.crl").write_bytes(encoded)
    ivan, moment = person(), now() - HOUR / 2
    assert ask(trusting(folder, cache), ivan, at=moment).revocation.answer is YES
    [kept] = cache.glob("*.copy")
    kept.unlink()
    kept.write_bytes(encoded[:-1] + b"x")
    assert ask(trusting(folder, cache), ivan, at=moment).revocation.answer is YES
    assert kept.read_bytes() == encoded


def test_old_copies_are_removed(folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MAX_FILES, COPY, 1)
    trust = trusting(folder, cache)
    for serial in (1, 2, 3):
        (folder / "nca.crl").write_bytes(large(Revoked(serial, LONG_AGO)))
        [filed] = trust.contents().crls
        [kept] = cache.glob("*.copy")
        assert kept.name == f"{filed.sha256}{COPY}"
        assert filed.value.find(serial) is not None


def test_without_a_folder_for_copies_a_large_list_is_read(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "nca.crl").write_bytes(large())
    (tmp_path / "file").touch()
    trust = trusting(folder, tmp_path / "file")
    assert ask(trust, person(), at=now() - HOUR / 2).revocation.answer is YES
    assert "REVOCATION_CACHE: nca.crl can't be copied to it: File exists" in caplog.text


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda text: text + text, "2 CRLs are in it, not one"),
        (lambda text: text.replace(b"X509 CRL", b"NOTHING"), "no CRL is in it"),
        (lambda text: text.replace(b"-----END X509 CRL-----\n", b""), "no CRL is in it"),
        (lambda text: text[:900_000] + b"\xff" + text[900_000:], "its PEM is damaged"),
        (lambda text: text[:-30] + b"A" + text[-30:], "its PEM is damaged"),
    ],
)
def test_a_large_file_in_pem_has_one_list(
    folder: Path, cache: Path, change: Callable[[bytes], bytes], why: str
) -> None:
    (folder / "nca.crl").write_bytes(change(pem(large(), "X509 CRL")))
    assert trusting(folder, cache).contents().unreadable == {"nca.crl": why}
    assert not list(cache.iterdir())


def test_a_list_of_the_operator_has_a_limit(
    folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "MAX_CRL_SIZE", LARGE)
    (folder / "nca.crl").write_bytes(large())
    unreadable = trusting(folder, cache).contents().unreadable
    assert unreadable == {"nca.crl": f"larger than {LARGE} bytes"}


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
    trust = Trust(folder, online=True, cache=tmp_path / "file", destinations=HERE)
    ivan = person(crl_at(site.serve("/nca.crl", large())))
    assert ask(trust, ivan).revocation.answer is YES


def test_memory_of_a_mapped_list_is_not_the_process_s_own(tmp_path: Path) -> None:
    file = tmp_path / "nca.crl"
    file.write_bytes(large(Revoked(4711, LONG_AGO)))
    before = anonymous_memory()
    found = [open_list(file, tmp_path) for _ in range(20)]
    assert all(one.find(4711) for one in found)
    assert isinstance(found[0], CertificateList)
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
        open_list(file, tmp_path)
    file.write_bytes(large())
    monkeypatch.setattr(crl_files, "MAX_CRL_SIZE", 1000)
    with pytest.raises(UnreadableFile, match="larger than 1000 bytes"):
        open_list(file, tmp_path)


def test_a_lock_that_someone_holds_is_not_waited_for_without_end(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with crl_files.locked(path, 1) as first, crl_files.locked(path, 0.1) as second:
        assert (first, second) == (True, False)
        assert (tmp_path / "x.lock").exists()


@pytest.mark.parametrize(
    "key", [pki.rsa_key("large"), pki.gost_key("large", GOST_2015_512)], ids=["RSA", "GOST"]
)
def test_the_signature_of_a_mapped_list_is_checked(tmp_path: Path, key: pki.Key) -> None:
    issuer, other = pki.root("LARGE", key), pki.root("OTHER")
    file = tmp_path / "nca.crl"
    file.write_bytes(large(by=issuer))
    found = open_list(file, tmp_path)
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
    monkeypatch.setattr(crl, "MAX_SLOW_SIZE", 1_000_000)
    with pytest.raises(TooCostly, match="install libgcrypt20"):
        open_list(file, tmp_path).is_signed_by(read_certificate(issuer.certificate).public_key)
