"""TRUST_DIR: what counts as what, and that changes in it are noticed."""

import shutil
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.cms.verdict import Answer
from app.cms.x509.certificate import Certificate, read_certificate
from app.trust import Trust
from app.trust.folder import count_anchors
from tests import pki
from tests.cms.judging import BEFORE, IVAN, NCA, ROOT, crl, ocsp, revoked
from tests.pki import SIGNING_TIME
from tests.trust.asking import pem

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
PERSON: Certificate = read_certificate(IVAN.certificate)


def judge(trust: Trust) -> tuple[Answer, Answer]:
    """Ask about the path of Ivan's certificate, and about revocation."""
    path, revocation = trust.verify_certificate(PERSON, at=SIGNING_TIME)
    return path.answer, revocation.answer


@pytest.mark.parametrize("place", ["nowhere", "a file"])
def test_a_folder_that_is_not_there_has_no_anchors(tmp_path: Path, place: str) -> None:
    (tmp_path / "a file").touch()
    trust = Trust(tmp_path / place, online=False, cache=tmp_path / "cache")
    assert not trust.has_anchors
    assert judge(trust) == (UNKNOWN, UNKNOWN)


def test_a_folder_that_can_not_be_read_is_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    circle = tmp_path / "circle"
    circle.symlink_to(circle)
    trust = Trust(circle, online=False, cache=tmp_path / "cache")
    assert not trust.has_anchors
    assert list(trust.contents().unreadable) == [".", "intermediates/"]
    assert "TRUST_DIR: . is left out: Too many levels of symbolic links" in caplog.text


@pytest.mark.parametrize("name", ["a.pem", "a.crt", "a.cer", "a.der", "A.PEM", "intermediates.pem"])
@pytest.mark.parametrize("form", ["PEM", "DER"])
def test_a_certificate_in_the_folder_is_an_anchor(
    offline: Trust, folder: Path, name: str, form: str
) -> None:
    data = NCA.certificate if form == "DER" else pem(NCA.certificate)
    (folder / name).write_bytes(data)
    assert judge(offline) == (YES, UNKNOWN)
    assert [(one.file, one.value.fingerprint) for one in offline.contents().anchors] == [
        (name, read_certificate(NCA.certificate).fingerprint)
    ]


def test_a_certificate_in_the_subfolder_is_none(offline: Trust, folder: Path) -> None:
    (folder / "intermediates" / "nca.pem").write_bytes(pem(NCA.certificate))
    assert judge(offline) == (UNKNOWN, UNKNOWN)
    assert not offline.has_anchors
    (folder / "root.pem").write_bytes(pem(ROOT.certificate))
    assert judge(offline) == (YES, UNKNOWN)
    [filed] = offline.contents().intermediates
    assert filed.file == "intermediates/nca.pem"


def test_whether_there_are_anchors_is_reported_without_reading_the_rest(tmp_path: Path) -> None:
    assert not count_anchors(tmp_path / "nowhere")
    (tmp_path / "intermediates").mkdir()
    (tmp_path / "intermediates" / "ca.cer").write_bytes(NCA.certificate)
    (tmp_path / "broken.cer").write_bytes(b"no certificate")
    (tmp_path / "root.txt").write_bytes(ROOT.certificate)
    (tmp_path / "endless.crl").symlink_to("/dev/zero")
    assert not count_anchors(tmp_path)
    (tmp_path / "root.CRT").write_bytes(ROOT.certificate)
    assert count_anchors(tmp_path) == 1


def test_files_of_other_kinds_are_left_alone(offline: Trust, folder: Path) -> None:
    for name in ("nca.txt", "nca", ".pem", "nca.pem~", ".new-abc"):
        (folder / name).write_bytes(pem(NCA.certificate))
    (folder / "more").mkdir()
    (folder / "more" / "nca.pem").write_bytes(pem(NCA.certificate))
    assert not offline.has_anchors
    assert offline.contents().unreadable == {}


def test_crls_and_responses_in_the_folder_count(offline: Trust, folder: Path) -> None:
    (folder / "nca.pem").write_bytes(pem(NCA.certificate))
    (folder / "nca.crl").write_bytes(crl())
    assert judge(offline) == (YES, YES)
    (folder / "nca.crl").write_bytes(pem(crl(revoked(BEFORE)), "X509 CRL"))
    assert judge(offline) == (YES, NO)
    (folder / "nca.crl").unlink()
    (folder / "intermediates" / "ivan.ocsp").write_bytes(ocsp(revoked(BEFORE)))
    assert judge(offline) == (YES, NO)
    contents = offline.contents()
    assert [one.file for one in contents.responses] == ["intermediates/ivan.ocsp"]


def test_what_can_not_be_read_is_reported_by_its_name_and_left_out(
    offline: Trust, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "nca.pem").write_bytes(pem(NCA.certificate))
    (folder / "bad.pem").write_bytes(b"nothing")
    (folder / "bad.crl").write_bytes(b"nothing")
    (folder / "bad.ocsp").write_bytes(b"0\x80")
    (folder / "folder.pem").mkdir()
    (folder / "away.pem").symlink_to(folder / "nowhere")
    assert judge(offline) == (YES, UNKNOWN)
    names = ["away.pem", "bad.crl", "bad.ocsp", "bad.pem", "folder.pem"]
    assert list(offline.contents().unreadable) == names
    reported = [record.getMessage() for record in caplog.records]
    assert [line.partition(" is left out: ")[0] for line in reported] == [
        f"TRUST_DIR: {name}" for name in names
    ]
    judge(offline)
    assert len(caplog.records) == len(reported)  # Logged once, not at every request.


def test_changes_are_noticed(offline: Trust, folder: Path, tmp_path: Path) -> None:
    assert judge(offline) == (UNKNOWN, UNKNOWN)
    file = folder / "anchor.pem"
    file.write_bytes(pem(NCA.certificate))
    assert judge(offline) == (YES, UNKNOWN)
    other = pki.certify(pki.name("NCA"), pki.rsa_key("other"), None, pki.AUTHORITY).certificate
    file.write_bytes(pem(other))  # In place: the folder itself stays as it was.
    assert judge(offline) == (UNKNOWN, UNKNOWN)
    spare = tmp_path / "spare"
    spare.write_bytes(pem(NCA.certificate))
    spare.replace(file)
    assert judge(offline) == (YES, UNKNOWN)
    shutil.rmtree(folder)
    assert judge(offline) == (UNKNOWN, UNKNOWN)


def test_an_unchanged_folder_is_read_once(offline: Trust, folder: Path) -> None:
    (folder / "nca.pem").write_bytes(pem(NCA.certificate))
    first = offline.contents()
    judge(offline)
    assert offline.contents() is first
    (folder / "nca.pem").chmod(0o600)
    assert offline.contents() is not first


def test_threads_may_verify_while_the_folder_changes(offline: Trust, folder: Path) -> None:
    (folder / "nca.pem").write_bytes(pem(NCA.certificate))
    signature = pki.sign(IVAN)
    answers = set()

    def verify() -> None:
        for _ in range(20):
            [status] = offline.verify(signature, at=SIGNING_TIME)
            answers.add(status.path.answer)

    threads = [threading.Thread(target=verify) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(20):
        (folder / f"{number}.crl").write_bytes(crl())
        (folder / f"{number}.crl").replace(folder / "nca.crl")
    for thread in threads:
        thread.join()
    assert answers == {YES}


def test_signatures_are_verified_as_by_the_library(offline: Trust, folder: Path) -> None:
    (folder / "root.pem").write_bytes(pem(ROOT.certificate))
    (folder / "nca.crl").write_bytes(crl())
    (folder / "root.crl").write_bytes(crl(by=ROOT))
    detached = pki.sign(IVAN, attached=False)
    [status] = offline.verify(detached, b"other", at=SIGNING_TIME)
    assert (status.intact.answer, status.trusted.answer) == (NO, YES)
    [status] = offline.verify(detached, at=datetime(2040, 1, 1, tzinfo=UTC))
    assert (status.intact.answer, status.trusted.answer) == (UNKNOWN, UNKNOWN)
    [status] = offline.verify(detached, at=datetime(2020, 1, 1, tzinfo=UTC))
    assert (status.intact.answer, status.trusted.answer) == (UNKNOWN, NO)
