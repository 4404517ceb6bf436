"""A signature and its evidence as an archive, which this program and others verify."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile
from zlib import crc32

import pytest
from flask import Flask
from flask.testing import FlaskClient
from lxml import etree

from app.cms import (
    CertificateList,
    MalformedSignature,
    Occasion,
    SignerStatus,
    Verifier,
    parse,
    read_embedded_certificate,
)
from app.cms.augmentation import additions
from app.evidence.packages import names
from app.evidence.packages.comparing import list_others
from app.evidence.packages.reading import read_package
from tests import pki
from tests.api.asking import save
from tests.api.evident import CONTENT, NAMED, evidence_of, sign, text, work
from tests.api.test_signature_file import fetch, file_of, is_proven, refusal
from tests.cms.lasting_xml import make, with_unsigned, xades_b
from tests.conftest import AppMaker
from tests.evidence.services import Services, now
from tests.pki import xml_signer
from tests.pki.xml_signer import DS, ENVELOPED, Reference, Transform

#: Commands of the text that are for each file of a kind.
FILES = {
    "openssl ts": "timestamps/*.tst",
    "openssl ocsp": "ocsp/*.ors",
    "openssl crl": "crl/*.crl",
}
LATER = datetime(2055, 1, 1, tzinfo=UTC)


@pytest.fixture(name="app")
def app_with_evidence(make_app: AppMaker, services: Services, tmp_path: Path) -> Flask:
    settings = services.settings(tmp_path)
    services.know_authority(tmp_path / "trust")
    return make_app(**settings)


@pytest.fixture(name="client")
def client_with_evidence(app: Flask) -> FlaskClient:
    return app.test_client()


def judge(services: Services, package: bytes, content: bytes | None = None) -> list[SignerStatus]:
    """Verify in 2055, with the anchor and what is in a package, and nothing else."""
    found = read_package(package)
    anchor = read_embedded_certificate(services.root.certificate)
    assert anchor
    kept, data = found.kept, found.file.data
    verifier = Verifier(
        [anchor],
        intermediates=kept.certificates,
        crls=[one for one in kept.found if isinstance(one, CertificateList)],
        ocsp_responses=[one for one in kept.found if not isinstance(one, CertificateList)],
    )
    signature = parse(data.decode() if found.file.format == "xml" else text(data))
    when = Occasion(LATER, LATER, now=LATER)
    return [*verifier.verify(signature, content, at=when, tokens=kept.tokens)]


def unpack(package: bytes, folder: Path, services: Services) -> list[str]:
    """Write the files of a package, and the root beside them; return their names."""
    with ZipFile(BytesIO(package)) as archive:
        archive.extractall(folder)
        listed = archive.namelist()
    (folder / "root.pem").write_text(pki.pem(services.root.certificate, "CERTIFICATE"))
    return listed


def run(folder: Path, *command: str) -> str:
    """Run a program on the files of a package; return what it says of a success."""
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout + done.stderr


def save_three(app: Flask, client: FlaskClient, services: Services) -> str:
    """Save a document that three people signed, each over the signatures before; with evidence."""
    people = [services.person, services.colleague(1), services.colleague(2)]
    xml = services.sign_xml(*people)
    save(client, cms=xml)
    work(app)
    assert evidence_of(client)["state"] == "complete"
    return xml


def test_signatures_over_each_other_are_proven_in_2055_by_the_package_alone(
    app: Flask, client: FlaskClient, services: Services
) -> None:
    xml = save_three(app, client, services)
    assert "would change what is signed" in refusal(client, "LT")
    answer = fetch(client, "evidence")
    assert (answer.status_code, answer.content_type) == (200, "application/zip")
    assert 'filename="doc-main.zip"' in answer.headers["Content-Disposition"]
    package = read_package(answer.data)
    assert package.file.data == file_of(client, "original")
    assert package.file.data.decode() == xml.partition("?>")[2].strip()
    assert list_others(package, parse(xml)) == ()
    assert [is_proven(one) for one in judge(services, answer.data)] == [True] * 3
    assert file_of(client, "evidence") == answer.data
    again = fetch(client, "evidence").headers["ETag"]
    assert again == answer.headers["ETag"]


def test_a_package_has_the_record(app: Flask, client: FlaskClient, services: Services) -> None:
    save(client, cms=xades_b(services.person))
    work(app)
    record = client.get("/signature/evidence-record", query_string=NAMED)
    assert record.status_code == 200
    package = read_package(file_of(client, "evidence"))
    assert package.record
    assert package.record.record.der == record.data


def test_what_is_not_complete_has_no_package(
    app: Flask, client: FlaskClient, services: Services
) -> None:
    save(client, cms=services.sign_xml())
    assert "there is no timestamp on the signature" in refusal(client, "evidence")
    services.site.answers.pop("/root.crl")
    work(app)
    assert "the last attempt: " in refusal(client, "evidence")


def test_what_is_no_signature_has_no_package(open_client: FlaskClient) -> None:
    save(open_client, cms="no signature")
    assert refusal(open_client, "evidence") == "Only a signature has this form"


def test_a_package_of_a_cms_has_its_evidence_too(
    app: Flask, client: FlaskClient, services: Services
) -> None:
    cms = sign(services, services.person, services.colleague(1), attached=False)
    save(client, cms=text(cms))
    work(app)
    found = file_of(client, "evidence")
    assert read_package(found).file.data == cms
    assert list_others(read_package(found), parse(text(cms))) == ()
    assert [is_proven(one) for one in judge(services, found, CONTENT)] == [True] * 2


def test_more_than_fits_inside_is_in_the_package(
    app: Flask, client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [services.colleague(number) for number in range(3)]
    save(client, cms=text(sign(services, *people)))
    work(app)
    monkeypatch.setattr(additions, "MAX_REVOCATION_INFOS", 3)
    assert "more than 3 elements" in refusal(client, "LT")
    found = judge(services, file_of(client, "evidence"))
    assert [is_proven(one) for one in found] == [True] * 3


def test_a_document_that_is_sealed_has_a_package(
    app: Flask, client: FlaskClient, services: Services
) -> None:
    """Nothing may follow an archive timestamp."""
    save(client, cms=with_unsigned(xades_b(services.person), make("ArchiveTimeStamp")))
    work(app)
    assert "has no place for evidence" in refusal(client, "LT")
    assert [is_proven(one) for one in judge(services, file_of(client, "evidence"))] == [True]


def test_a_document_with_a_manifest_has_a_package(
    app: Flask, client: FlaskClient, services: Services
) -> None:
    """What its signatures cover beside what is verified here is not known."""
    root = etree.fromstring(f'<a xmlns:ds="{DS}"><ds:Manifest/><b>test</b></a>')
    xml_signer.sign(root, services.person, Reference(transforms=[Transform(ENVELOPED)]))
    save(client, cms=xml_signer.text(root))
    work(app)
    assert "is not known" in refusal(client, "LT")
    assert [is_proven(one) for one in judge(services, file_of(client, "evidence"))] == [True]


def test_too_much_for_a_package_is_refused(
    app: Flask, client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(client, cms=services.sign_xml())
    work(app)
    monkeypatch.setattr(names, "MAX_SIZE", 1000)
    assert "the package would become too large" in refusal(client, "evidence")


def test_the_command_verifies_a_package(
    app: Flask, client: FlaskClient, services: Services, tmp_path: Path
) -> None:
    save_three(app, client, services)
    package, damaged = file_of(client, "evidence"), tmp_path / "damaged.zip"
    (tmp_path / "signature.xml").write_bytes(read_package(package).file.data)
    (tmp_path / "package.zip").write_bytes(package)
    damaged.write_bytes(package[:-100])
    # Nothing else is at hand: without what is in the package the authority is not known.
    (tmp_path / "trust" / "intermediates" / "nca.pem").unlink()
    # Altered without a trace in the archive.
    data = read_package(package).file.data
    changed = data.replace(b"<b>test</b>", b"<b>tost</b>")
    old, new = (crc32(one).to_bytes(4, "little") for one in (data, changed))
    altered = package.replace(data, changed).replace(old, new)
    (tmp_path / "altered.zip").write_bytes(altered)
    run = app.test_cli_runner().invoke
    for file, status, words in (
        ("package.zip", 0, "All in all: yes"),
        ("altered.zip", 1, "All in all: no"),
        ("signature.xml", 2, "All in all: unknown"),
        ("damaged.zip", 2, "the evidence package is malformed"),
    ):
        result = run(args=["verify", str(tmp_path / file)])
        assert (result.exit_code, words in result.output) == (status, True), result.output


def commands_of(folder: Path) -> list[str]:
    """Return the commands that the package's own text gives, as of now."""
    text = (folder / names.README).read_text().replace("\\\n", "")
    found = re.findall(r"^(?:openssl|cat|xmlsec1) .*$", text, re.MULTILINE)
    return [
        one.replace(" AT", f" {now().timestamp():.0f}")
        .replace("TIME", f"{now():%Y-%m-%d %H:%M:%S}")
        .replace("DOCUMENT", "document")
        for one in found
    ]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
@pytest.mark.parametrize("form", ["cms", "xml"])
def test_the_commands_in_a_package_verify_each_file_of_it(
    app: Flask, client: FlaskClient, services: Services, tmp_path: Path, form: str
) -> None:
    people = [services.person, services.colleague(1)]
    cms = text(sign(services, *people, attached=False))
    save(client, cms=cms if form == "cms" else services.sign_xml(*people))
    work(app)
    listed = unpack(file_of(client, "evidence"), tmp_path, services)
    (tmp_path / "document").write_bytes(CONTENT)
    said = ""
    for command in commands_of(tmp_path):
        other = "xmlsec1" if form == "cms" or not shutil.which("xmlsec1") else "openssl cms"
        if command.startswith(other):
            continue
        folder, _, suffix = FILES.get(" ".join(command.split()[:2]), "").partition("*")
        for name in listed if folder else [""]:
            if name.startswith(folder) and name.endswith(suffix):
                number = name.removeprefix(folder).removesuffix(suffix)
                numbered = re.sub(r"/1\.", f"/{number}.", command)
                said += run(tmp_path, "sh", "-c", numbered)
    assert said.count("Verification: OK") == 2
    assert said.count("Response verify OK") == said.count("Cert Status: good") == 3
    assert said.count("verify OK") == 3 + 1
    assert ("CMS Verification successful" in said) is (form == "cms")
    # Every certificate leads to the root, which is not in the package.
    files = [name for name in listed if name.startswith("certificates/")]
    assert len(files) == 4
    for name in files:
        chain = ["-CAfile", "root.pem", "-untrusted", "certificates.pem", "-purpose", "any"]
        assert run(tmp_path, "openssl", "verify", *chain, name).endswith("OK\n")


@pytest.mark.live
@pytest.mark.skipif(shutil.which("xmlsec1") is None, reason="needs xmlsec1")
def test_xmlsec_verifies_each_signature_from_the_last_to_the_first(
    app: Flask, client: FlaskClient, services: Services, tmp_path: Path
) -> None:
    save_three(app, client, services)
    listed = unpack(file_of(client, "evidence"), tmp_path, services)
    trusted = ["--trusted-pem", "root.pem"]
    for name in listed:
        trusted += ["--untrusted-pem", name] if name.startswith("certificates/") else []
    last = ["--node-xpath", "(//*[local-name()='Signature'])[last()]"]
    for number in (3, 2, 1):
        run(tmp_path, "xmlsec1", "--verify", *trusted, *last, "signature.xml")
        root = etree.fromstring((tmp_path / "signature.xml").read_bytes())
        signatures = root.findall(f"{{{DS}}}Signature")
        assert len(signatures) == number
        [value] = signatures[-1].findall(f"{{{DS}}}SignatureValue")
        stamped = (tmp_path / "timestamps" / f"{number}.octets").read_bytes()
        assert etree.tostring(value, method="c14n", exclusive=True, with_tail=False) == stamped
        root.remove(signatures[-1])
        (tmp_path / "signature.xml").write_bytes(etree.tostring(root))


@pytest.mark.parametrize("damage", ["cut", "compressed", "named twice", "no signature", "a record"])
def test_a_damaged_package_is_refused(
    app: Flask, client: FlaskClient, services: Services, damage: str
) -> None:
    save(client, cms=services.sign_xml())
    work(app)
    found = file_of(client, "evidence")
    files = {}
    with ZipFile(BytesIO(found)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    if damage == "no signature":
        del files[names.SIGNATURES["xml"]]
    elif damage == "a record":
        files[names.RECORD] = b"no record"
    elif damage == "named twice":
        files[names.SIGNATURES["cms"]] = b"0"
    written = BytesIO()
    method = ZIP_DEFLATED if damage == "compressed" else ZIP_STORED
    with ZipFile(written, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    whole = written.getvalue()
    with pytest.raises(MalformedSignature):
        read_package(whole[: len(whole) // 2] if damage == "cut" else whole)
