"""XML signatures that xmlsec1 made are verified here, as it does itself."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)
from cryptography.x509 import load_der_x509_certificate, load_pem_x509_certificate
from lxml import etree

from app.cms.augmentation.profiles import Profile
from app.cms.parsing import parse
from app.cms.verdict import Answer
from app.cms.verification.verifier import Verifier
from app.cms.xmldsig.canonical_forms import C14N, C14N_11, EXCLUSIVE
from app.cms.xmldsig.security_tokens import WSSE
from tests.cms.judging import IVAN, NCA, ROOT
from tests.cms.lasting_xml import xades_b
from tests.cms.test_key_info import XADES
from tests.cms.test_xades_profiles import augmented, plain
from tests.pki import xml_signer
from tests.soap_messages import (
    SOAP_11,
    SOAP_12,
    WSU,
    by_key_identifier,
    certificates,
    message,
    with_key_info,
)

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(shutil.which("xmlsec1") is None, reason="needs xmlsec1"),
]

FORMS = [
    C14N,
    C14N + "#WithComments",
    C14N_11,
    C14N_11 + "#WithComments",
    EXCLUSIVE,
    EXCLUSIVE + "WithComments",
]
SIGNATURE = """<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo>
<CanonicalizationMethod Algorithm="{form}"/>
<SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>
<Reference URI="{uri}"><Transforms>{enveloped}<Transform Algorithm="{form}"/></Transforms>
<DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue/></Reference>
</SignedInfo><SignatureValue/><KeyInfo><X509Data><X509Certificate/></X509Data></KeyInfo>{object}
</Signature>"""
ENVELOPED = '<Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>'
OBJECT = """<Object Id="o"><letter xmlns="urn:letter" xmlns:u="urn:unused" a="1"><!-- c -->
<to><name>Қазақ &amp; Co</name><u:copy/></to><plain xmlns="">&#13;x</plain></letter></Object>"""
LETTER = """<letter xmlns="urn:letter" xmlns:u="urn:unused" xml:lang="kk"><!-- c -->
<to><name>Қазақ</name><u:copy b="2" u:a="1"/></to>{signature}</letter>"""
SHAPES = {
    "enveloped": LETTER.replace(
        "{signature}",
        SIGNATURE.replace("{uri}", "").replace("{enveloped}", ENVELOPED).replace("{object}", ""),
    ),
    "enveloping": SIGNATURE.replace("{uri}", "#o")
    .replace("{enveloped}", "")
    .replace("{object}", OBJECT),
}


# As NCANode writes it, but for the key.
MESSAGE = f"""<s:Envelope xmlns:s="{{soap}}" xmlns:wsu="{WSU[1:-1]}"><s:Header>
<wsse:Security xmlns:wsse="{WSSE[1:-1]}">{{signature}}</wsse:Security></s:Header>
<s:Body wsu:Id="body"><pay xmlns="urn:pay">100</pay></s:Body></s:Envelope>""".replace(
    "{signature}",
    SIGNATURE.replace("{form}", EXCLUSIVE)
    .replace("{uri}", "#body")
    .replace("{enveloped}", "")
    .replace("{object}", "")
    .replace("<X509Data><X509Certificate/></X509Data>", "{key}"),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a key, and a certificate for it that it signed itself."""
    folder = tmp_path_factory.mktemp("xmlsec")
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out certificate.pem -days 30 "
        "-subj /CN=TESTOV"
    )
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    return folder


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("shape", SHAPES)
def test_what_xmlsec_signs_is_intact_and_valid_and_what_is_altered_is_not(
    folder: Path, shape: str, form: str
) -> None:
    template = SHAPES[shape].replace("{form}", form)
    signed = run_xmlsec(folder, template, "--sign", "--privkey-pem", "key.pem,certificate.pem")
    assert verify(signed) == (Answer.YES, Answer.YES)
    moved = signed.replace("<to>", '<to xmlns="urn:other">')
    assert moved != signed
    assert verify(moved) == (Answer.NO, Answer.YES)


def test_a_message_of_ws_security_that_xmlsec_signs(folder: Path) -> None:
    for soap in (SOAP_11, SOAP_12):
        # A certificate that the key is of, as a KeyIdentifier has it.
        key = by_key_identifier(value=certificate_of(folder))
        template = MESSAGE.replace("{soap}", soap).replace("{key}", etree.tostring(key).decode())
        signed = run_xmlsec(folder, template, "--sign", "--privkey-pem", "key.pem")
        assert verify(signed) == (Answer.YES, Answer.YES)
        assert verify(signed.replace(">100<", ">900<")) == (Answer.NO, Answer.YES)


@pytest.mark.parametrize("soap", [SOAP_11, SOAP_12])
def test_xmlsec_verifies_the_messages_of_these_tests(folder: Path, soap: str) -> None:
    (folder / "ivan.pem").write_bytes(key_in_pem(IVAN.key.public))
    trusted = ("--verify", "--pubkey-pem", "ivan.pem")
    document = xml_signer.text(message(by_key_identifier(), soap=soap))
    run_xmlsec(folder, document, *trusted)
    with pytest.raises(AssertionError):
        run_xmlsec(folder, document.replace(">1<", ">2<"), *trusted)


def test_xmlsec_takes_the_same_certificate_of_several(folder: Path) -> None:
    """It brings a path of three, the end entity's last."""
    (folder / "root.pem").write_bytes(certificate_in_pem(ROOT.certificate))
    root = etree.fromstring("<letter><to>1</to></letter>")
    with_key_info(xml_signer.sign(root, IVAN), certificates(ROOT, NCA, IVAN))
    run_xmlsec(folder, xml_signer.text(root), "--verify", "--trusted-pem", "root.pem")
    assert verify(xml_signer.text(root)) == (Answer.YES, Answer.YES)


def test_xmlsec_verifies_copies_with_their_evidence(folder: Path) -> None:
    (folder / "ivan.pem").write_bytes(key_in_pem(IVAN.key.public))
    for document in (plain(), xades_b()):
        for profile in (Profile.T, Profile.LT):
            copy = augmented(document, profile)
            assert len(copy) > len(document) + 1000
            run_xmlsec(folder, copy, "--verify", "--pubkey-pem", "ivan.pem")


def certificate_of(folder: Path) -> bytes:
    read = load_pem_x509_certificate((folder / "certificate.pem").read_bytes())
    return read.public_bytes(Encoding.DER)


def key_in_pem(der: bytes) -> bytes:
    return load_der_public_key(der).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def certificate_in_pem(der: bytes) -> bytes:
    return load_der_x509_certificate(der).public_bytes(Encoding.PEM)


def run_xmlsec(folder: Path, document: str, *arguments: str) -> str:
    (folder / "document.xml").write_text(document, encoding="utf-8")
    others = [f"{soap}:Body" for soap in (SOAP_11, SOAP_12)] + [f"{XADES}:SignedProperties"]
    names = [part for name in ("Object", *others) for part in ("--id-attr:Id", name)]
    command = ["xmlsec1", *arguments, *names, "document.xml"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def verify(document: str) -> tuple[Answer, Answer]:
    [status] = Verifier().verify(parse(document), at=datetime.now(UTC))
    return status.intact.answer, status.valid.answer
