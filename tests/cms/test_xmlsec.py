"""XML signatures that xmlsec1 made are verified here, as it does itself."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.cms.canonical_forms import C14N, C14N_11, EXCLUSIVE
from app.cms.parsing import parse
from app.cms.status import Answer
from app.cms.verification import Verifier

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


def run_xmlsec(folder: Path, document: str, *arguments: str) -> str:
    (folder / "document.xml").write_text(document, encoding="utf-8")
    command = ["xmlsec1", *arguments, "--id-attr:Id", "Object", "document.xml"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def verify(document: str) -> tuple[Answer, Answer]:
    [status] = Verifier().verify(parse(document), at=datetime.now(UTC))
    return status.intact.answer, status.valid.answer
