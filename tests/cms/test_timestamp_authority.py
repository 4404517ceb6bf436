"""A timestamp authority that OpenSSL runs: real responses to our requests, read and verified."""

import shutil
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.x509 import load_der_x509_certificate

from app.cms.algorithms.names import SHA_256, SHA_512
from app.cms.parsing import parse
from app.cms.signed_data.parsing import SignedData
from app.cms.timestamping.errors import TimestampMismatched, TimestampRefused
from app.cms.timestamping.request import TimestampRequest, request_timestamp
from app.cms.timestamping.response import read_response
from app.cms.timestamping.terms import GOST_POLICY, RSA_POLICY, StampingTerms
from app.cms.verdict import Answer
from app.cms.verification.status import TimestampStatus
from app.cms.verification.verifier import Verifier
from tests import der, pki
from tests.cms.judging import NCA, ROOT, read, text
from tests.cms.test_verified_vectors import authority as real_authority
from tests.pki import Holder

STAMPED = b"signature value"
TERMS = StampingTerms(SHA_256, RSA_POLICY)
REQUEST = request_timestamp(STAMPED, TERMS, 2**63 + 1)
OPENSSL = shutil.which("openssl")
CONFIG = f"""
[tsa]
default_tsa = here
[here]
serial = serial
crypto_device = builtin
signer_cert = tsa.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = {RSA_POLICY}
digests = sha256
ess_cert_id_alg = sha256
ess_cert_id_chain = no
"""

needs_openssl = pytest.mark.skipif(OPENSSL is None, reason="needs openssl")


class Authority:
    """Stamps by `openssl ts`, in a folder, with the certificate of the tests' TSA."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        pem = serialization.Encoding.PEM
        certificate = load_der_x509_certificate(pki.stamper().certificate)
        key = pki.rsa_pair("TSA", 2048).private_bytes(
            pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (folder / "tsa.pem").write_bytes(certificate.public_bytes(pem))
        (folder / "tsa.key").write_bytes(key)
        (folder / "serial").write_text("01\n")
        (folder / "tsa.cnf").write_text(CONFIG)

    def answer(self, request: bytes) -> bytes:
        (self.folder / "request").write_bytes(request)
        self.run("-reply", "-queryfile", "request", "-out", "response", "-config", "tsa.cnf")
        return (self.folder / "response").read_bytes()

    def run(self, *arguments: str) -> str:
        assert OPENSSL
        command = [OPENSSL, "ts", *arguments]
        done = subprocess.run(command, cwd=self.folder, check=True, capture_output=True)
        return done.stdout.decode()


@pytest.fixture(name="authority")
def make_authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def verify(
    token: bytes,
    stamped: bytes = STAMPED,
    anchors: Sequence[Holder] = (ROOT, NCA),
    at: datetime | None = None,
) -> TimestampStatus:
    """Verify a token by itself."""
    return Verifier(read(*anchors)).verify_timestamp(token, stamped, at=at or datetime.now(UTC))


@pytest.mark.live
@needs_openssl
def test_openssl_stamps_what_we_request(authority: Authority) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    token = read_response(authority.answer(REQUEST.der), REQUEST)
    status = verify(token)
    assert status.verdict.answer is Answer.YES
    assert status.gen_time
    assert before <= status.gen_time <= datetime.now(UTC)
    assert status.policy == RSA_POLICY
    assert status.authority == read(pki.stamper())[0]
    assert verify(token, b"another").verdict.answer is Answer.NO


@pytest.mark.live
@needs_openssl
def test_openssl_reads_our_requests(authority: Authority) -> None:
    (authority.folder / "request").write_bytes(REQUEST.der)
    said = authority.run("-query", "-in", "request", "-text")
    assert "Hash Algorithm: sha256" in said
    assert f"Policy OID: {RSA_POLICY}" in said
    assert "Nonce: 0x8000000000000001" in said
    assert "Certificate required: yes" in said


@pytest.mark.live
@needs_openssl
def test_openssl_s_answer_to_another_request_is_refused(authority: Authority) -> None:
    answer = authority.answer(REQUEST.der)
    for other in (request_timestamp(STAMPED, TERMS, 5), request_timestamp(b"other", TERMS, 2)):
        with pytest.raises(TimestampMismatched):
            read_response(answer, other)


@pytest.mark.live
@needs_openssl
@pytest.mark.parametrize(
    ("terms", "bit"),
    [(StampingTerms(SHA_512, RSA_POLICY), 0), (StampingTerms(SHA_256, "1.2.3"), 15)],
    ids=["digest", "policy"],
)
def test_openssl_s_refusals_are_final(authority: Authority, terms: StampingTerms, bit: int) -> None:
    request = request_timestamp(STAMPED, terms, 1)
    with pytest.raises(TimestampRefused) as caught:
        read_response(authority.answer(request.der), request)
    assert (caught.value.status, caught.value.failures, caught.value.is_final) == (2, (bit,), True)
    assert caught.value.said


def test_a_token_by_itself_is_verified_as_in_a_signature() -> None:
    token = pki.timestamp(STAMPED)
    assert verify(token).verdict.answer is Answer.YES
    assert verify(token, b"another").verdict.answer is Answer.NO
    assert verify(token, anchors=(pki.root("ELSE"),)).verdict.answer is Answer.UNKNOWN
    shared = [pki.extended_key_usage(pki.TIME_STAMPING, pki.EMAIL_PROTECTION, critical=True)]
    by = pki.certify(pki.name("TSA"), pki.rsa_key("TSA"), NCA, shared)
    assert "not for timestamps alone" in text(verify(pki.timestamp(STAMPED, by=by)).verdict)


@pytest.mark.parametrize("token", [b"", b"\x30\x80", b"<html>", pki.sign(pki.person()).der])
def test_what_is_no_token_is_malformed(token: bytes) -> None:
    status = verify(token)
    assert text(status.verdict) == "the timestamp token is malformed"
    assert (status.gen_time, status.authority) == (None, None)


def test_a_real_token_is_read_by_itself(vectors: Path) -> None:
    token = (vectors / "timestamps" / "gost2004_token_over_cafebabe_sha1.tst").read_bytes()
    gen_time = datetime(2022, 9, 18, 13, 20, 14, tzinfo=UTC)
    assert verify(token, bytes.fromhex("cafebabe")).gen_time == gen_time


def test_a_real_token_of_the_nca_is_verified_by_itself(vectors: Path) -> None:
    text_of = (vectors / "cms" / "gost2015_individual_attached_timestamp.b64").read_text()
    signed = parse(text_of)
    assert isinstance(signed, SignedData)
    [signer] = signed.signers
    [token] = signer.tokens
    root = real_authority(vectors, "prodca_root_gost_2022")
    verifier = Verifier([root], intermediates=[real_authority(vectors, "prodca_nca_gost_2022")])
    at = datetime(2026, 7, 20, 12, tzinfo=UTC)
    status = verifier.verify_timestamp(token.node.encoded, signer.signature, at=at)
    assert status.verdict.answer is Answer.YES
    assert status.policy == GOST_POLICY
    assert token.claims.nonce is not None
    request = TimestampRequest(
        token.claims.imprint_algorithm, token.claims.imprint, GOST_POLICY, token.claims.nonce
    )
    response = der.sequence(der.sequence(der.integer(0)), token.node.encoded)
    assert read_response(response, request) == token.node.encoded
