"""What the stand-in for NCALayer signs verifies, here and by openssl, and names whom it should."""

import hashlib
import shutil
import subprocess
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from app.cms import Answer, Certificate, SignedData, Verifier, claims_of, parse
from app.standin.answers import Mode, Wishes, answer
from app.standin.cms import sign
from app.standin.identity import Identity, Person, make_authority, make_identity, read_identity
from app.standin.stamping import Stamper
from tests import pki
from tests.evidence.services import Services
from tests.trust.serving import serving

CONTENT = b"I agree"
IVAN = make_identity(Person(iin="900101300017", name="ИВАНОВ ИВАН", bin="123456789012"))


def rsa_identity(folder: Path) -> Identity:
    """Return the identity of a person of the tests, by its files."""
    private = pki.rsa_pair("ИВАНОВ ИВАН", 2048).private_bytes(
        Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    )
    (folder / "key.pem").write_bytes(private)
    certificates = [pki.person().certificate, pki.authority().certificate]
    text = "".join(pki.pem(one, "CERTIFICATE") for one in certificates)
    (folder / "certificates.pem").write_text(text)
    return read_identity(folder / "key.pem", folder / "certificates.pem")


def signed(pem: str) -> SignedData:
    found = parse(pem)
    assert isinstance(found, SignedData)
    return found


@pytest.mark.parametrize("attached", [True, False])
@pytest.mark.parametrize("digested", [True, False])
def test_a_signature_verifies(tmp_path: Path, digested: bool, attached: bool) -> None:
    data = hashlib.sha256(CONTENT).digest() if digested else CONTENT
    for identity in (IVAN, rsa_identity(tmp_path)):
        found = signed(sign(identity, data, attached=attached, digested=digested))
        anchors = identity.above[-1].public_bytes(Encoding.DER)
        verifier = Verifier([Certificate.parse(anchors)])
        [status] = verifier.verify(found, CONTENT, at=datetime.now(UTC))
        assert (status.intact.answer, status.valid.answer) == (Answer.YES, Answer.YES)
        assert found.attached is (attached and not digested)


def test_the_certificate_names_the_person_as_the_nca_does() -> None:
    claims = claims_of(Certificate.parse(IVAN.certificate.public_bytes(Encoding.DER)))
    assert (claims.iin, claims.bin, claims.common_name) == (
        "900101300017",
        "123456789012",
        "ИВАНОВ ИВАН",
    )
    assert claims.usage == ("SIGN",)
    assert claims.roles == ("EMPLOYEE",)
    [status] = Verifier([Certificate.parse(IVAN.above[0].public_bytes(Encoding.DER))]).verify(
        signed(sign(IVAN, CONTENT, attached=False, digested=False)), at=datetime.now(UTC)
    )
    assert status.path.answer is Answer.YES


def test_keys_for_authentication_and_expired_ones_can_be_had() -> None:
    authority = make_authority()
    person = make_identity(Person(usage="auth", expired=True, organisation="TEST LLP"), authority)
    claims = claims_of(Certificate.parse(person.certificate.public_bytes(Encoding.DER)))
    assert claims.usage == ("AUTH",)
    assert claims.organisation == "TEST LLP"
    assert person.bin is None
    assert person.certificate.not_valid_after_utc < datetime.now(UTC)


def test_a_digest_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        sign(IVAN, CONTENT, attached=False, digested=True)


def test_files_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    rsa_identity(tmp_path)
    other = ec.generate_private_key(ec.SECP256R1())
    for key in (other, rsa.generate_private_key(65537, 2048)):
        encoded = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (tmp_path / "key.pem").write_bytes(encoded)
        with pytest.raises(ValueError, match="not the key's"):
            read_identity(tmp_path / "key.pem", tmp_path / "certificates.pem")


def test_a_key_that_cannot_sign_here_is_refused(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415  # for one test

    rsa_identity(tmp_path)
    key = ed25519.Ed25519PrivateKey.generate()
    encoded = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key.pem").write_bytes(encoded)
    with pytest.raises(ValueError, match="neither RSA nor ECDSA"):
        read_identity(tmp_path / "key.pem", tmp_path / "certificates.pem")


def test_a_certificate_without_purposes_has_none(tmp_path: Path) -> None:
    rsa_identity(tmp_path)
    private = pki.rsa_pair("NCA", 2048).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    (tmp_path / "key.pem").write_bytes(private)
    (tmp_path / "certificates.pem").write_text(pki.pem(pki.authority().certificate, "CERTIFICATE"))
    authority = read_identity(tmp_path / "key.pem", tmp_path / "certificates.pem")
    assert (authority.purposes, authority.iin) == (frozenset(), None)


def common_utils(method: str, *args: object, mode: Mode = Mode.OK) -> dict[str, object]:
    request = {"module": "kz.gov.pki.knca.commonUtils", "method": method, "args": list(args)}
    return answer(request, IVAN, Wishes(mode))


def test_the_older_module_answers_the_least() -> None:
    assert common_utils("getActiveTokens")["responseObject"] == []
    info = common_utils("getKeyInfo", "PKCS12")["responseObject"]
    assert isinstance(info, dict)
    assert "IIN900101300017" in info["subjectDn"]
    content = b64encode(CONTENT).decode()
    made = common_utils("createCAdESFromBase64", "PKCS12", "SIGNATURE", content, True)
    assert signed(str(made["responseObject"])).content == CONTENT
    broken = common_utils("createCAdESFromBase64", "PKCS12", "SIGNATURE", "?", True)
    assert broken["code"] == "500"
    assert common_utils("signXml")["code"] == "500"
    assert common_utils("getKeyInfo", mode=Mode.CANCEL)["message"] == "action.canceled"
    assert common_utils("getKeyInfo", mode=Mode.ERROR)["code"] == "500"


def basics(mode: Mode = Mode.OK, **args: object) -> dict[str, object]:
    request = {"module": "kz.gov.pki.knca.basics", "method": "sign", "args": args}
    return answer(request, IVAN, Wishes(mode, "GENERAL_ERROR"))


def test_requests_that_it_cannot_meet_have_a_code() -> None:
    assert basics(format="xml")["code"] == "INVALID_SIGNING_PARAMS"
    for data in (None, [], [1]):
        assert basics(format="cms", data=data)["code"] == "INVALID_SIGNING_PARAMS"
    decode = {"decode": True}
    assert basics(format="cms", data="?", signingParams=decode)["code"] == "INVALID_SIGNING_PARAMS"
    assert basics(Mode.ERROR)["code"] == "GENERAL_ERROR"
    assert answer({"module": "x"}, IVAN, Wishes())["errorCode"] == "MODULE_NOT_FOUND"


@pytest.mark.parametrize(
    "asked",
    [
        {"iin": "123456789011"},
        {"bin": "000000000000"},
        {"extKeyUsageOids": ["1.3.6.1.5.5.7.3.2"]},
    ],
)
def test_a_key_that_is_not_asked_for_does_not_sign(asked: dict[str, object]) -> None:
    assert basics(format="cms", data="x", signerParams=asked)["code"] == "SIGNING_FAILURE"
    args = {"format": "cms", "data": "x", "signerParams": asked}
    request = {"module": "kz.gov.pki.knca.basics", "method": "sign", "args": args}
    assert answer(request, IVAN, Wishes(any_key=True))["status"] is True


def test_answers_have_a_list_but_of_older_versions_a_text() -> None:
    asked = {"iin": "900101300017", "bin": "", "extKeyUsageOids": ["1.3.6.1.5.5.7.3.4"]}
    body = basics(format="cms", data=["a", "b"], signerParams=asked)["body"]
    assert isinstance(body, dict)
    assert len(body["result"]) == 2
    body = basics(Mode.OLD, format="cms", data="a")["body"]
    assert isinstance(body, dict)
    assert "BEGIN CMS" in body["result"]


@pytest.mark.live
@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_openssl_verifies_a_signature(tmp_path: Path) -> None:
    (tmp_path / "cms").write_text(sign(IVAN, CONTENT, attached=False, digested=False))
    (tmp_path / "content").write_bytes(CONTENT)
    (tmp_path / "root").write_bytes(IVAN.above[0].public_bytes(Encoding.PEM))
    command = ["openssl", "cms", "-verify", "-binary", "-inform", "PEM", "-in", "cms"]
    command += ["-content", "content", "-CAfile", "root"]
    done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True)
    assert done.stdout == CONTENT, done.stderr


def test_a_timestamp_authority_on_loopback_is_asked() -> None:
    with serving() as site:
        services = Services(site)
        stamp = Stamper(site.url("/tsp"))
        found = signed(sign(IVAN, CONTENT, attached=True, digested=False, stamp=stamp))
        anchors = [IVAN.above[-1].public_bytes(Encoding.DER), services.root.certificate]
        authority = Certificate.parse(services.authority.certificate)
        verifier = Verifier([*map(Certificate.parse, anchors), authority])
        [status] = verifier.verify(found, at=datetime.now(UTC) + timedelta(minutes=1))
        assert status.decisive_time_source == "timestamp"
        services.instead["tsp"] = b"nothing"
        page = {"format": "cms", "data": "text", "signingParams": {"tsaProfile": {}}}
        request = {"module": "kz.gov.pki.knca.basics", "method": "sign", "args": page}
        refused = answer(request, IVAN, Wishes(stamp=stamp))
        assert "timestamp authority does not answer" in str(refused["message"])
        older = {"module": "kz.gov.pki.knca.commonUtils", "method": "createCMSSignatureFromBase64"}
        args = ["PKCS12", "SIGNATURE", b64encode(CONTENT).decode(), True]
        assert answer({**older, "args": args}, IVAN, Wishes(stamp=stamp))["code"] == "500"


@pytest.mark.parametrize(
    "address", ["https://127.0.0.1/", "http://tsp.example.kz/", "http://", "x"]
)
def test_a_timestamp_authority_elsewhere_is_not_asked(address: str) -> None:
    with pytest.raises(ValueError, match="on loopback"):
        Stamper(address)
