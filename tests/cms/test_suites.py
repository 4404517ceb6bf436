"""What prints the figures of others' suites notices what is amiss, on cases in their form."""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import encodebytes
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding

from bench.suites import print_limbo, print_wycheproof
from tests.cms.judging import IVAN, NCA, ROOT, crl
from tests.cms.signing import MESSAGE, ec_pair, ecdsa_signature, public_key, rsa_pair, rsa_signature
from tests.pki import SIGNING_TIME, Holder

EC_KEY = public_key(ec_pair().public_key()).der
RSA_KEY = public_key(rsa_pair().public_key()).der


def group(kind: str, key: bytes, *cases: tuple[bytes, str], sha: str = "SHA-256") -> dict[str, Any]:
    """Write a group of Wycheproof's."""
    listed = [
        {"tcId": number, "msg": MESSAGE.hex(), "sig": value.hex(), "result": result}
        for number, (value, result) in enumerate(cases, 1)
    ]
    more = {"mgfSha": sha, "sLen": 32}
    return {"type": kind, "publicKeyDer": key.hex(), "sha": sha, "tests": listed, **more}


def vectors(folder: Path, *groups: dict[str, Any]) -> Path:
    """Write a file of Wycheproof's."""
    inner = folder / "testvectors_v1"
    inner.mkdir(exist_ok=True)
    (inner / "some_test.json").write_text(json.dumps({"testGroups": groups}))
    return folder


def pss() -> bytes:
    """Sign with RSASSA-PSS."""
    mask = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    return rsa_pair().sign(MESSAGE, mask, hashes.SHA256())


def test_signatures_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    altered = bytes(256)
    plain = ec_pair().sign(MESSAGE, ec.ECDSA(hashes.SHA256()))
    folder = vectors(
        tmp_path,
        group("EcdsaVerify", EC_KEY, (ecdsa_signature(), "valid"), (altered, "invalid")),
        group("EcdsaP1363Verify", EC_KEY, (plain, "invalid"), (altered, "acceptable")),
        group("EcdsaP1363Verify", EC_KEY, (plain, "valid"), sha="SHAKE128"),
        group("RsassaPkcs1Verify", RSA_KEY, (rsa_signature(), "valid")),
        group("RsassaPssVerify", RSA_KEY, (pss(), "valid")),
        group("RsassaPssVerify", RSA_KEY, (pss(), "valid"), sha="SHAKE128"),
        group("RsaesPkcs1Decrypt", RSA_KEY, (altered, "valid")),
    )
    assert print_wycheproof(folder) == 0
    reported = capsys.readouterr().out
    assert "| verifies | 3 | 0 | 0 |" in reported
    assert "| does not | 0 | 1 | 2 |" in reported
    assert "| unknown | 2 | 0 | 0 |" in reported
    assert "Nothing invalid verifies" in reported


def test_a_wrong_answer_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = vectors(tmp_path, group("EcdsaVerify", EC_KEY, (ecdsa_signature(), "invalid")))
    assert print_wycheproof(folder / "testvectors_v1") == 1
    assert "- 1 of some_test.json: invalid, verifies" in capsys.readouterr().out
    assert print_wycheproof(tmp_path / "nowhere") == 2


def pem(holder: Holder | bytes, label: str = "CERTIFICATE") -> str:
    """Armour a certificate."""
    der = holder if isinstance(holder, bytes) else holder.certificate
    return f"-----BEGIN {label}-----\n{encodebytes(der).decode()}-----END {label}-----\n"


def chain(name: str, expected: str, **more: Any) -> dict[str, Any]:
    """Write a case of x509-limbo."""
    return {
        "id": name,
        "trusted_certs": [pem(ROOT)],
        "untrusted_intermediates": [pem(NCA)],
        "peer_certificate": pem(IVAN),
        "validation_time": SIGNING_TIME.isoformat(),
        "expected_result": expected,
        "crls": [],
        **more,
    }


def test_chains_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listed = [pem(crl(), "X509 CRL"), pem(crl(by=ROOT), "X509 CRL")]
    cases = [
        chain("good", "SUCCESS"),
        chain("now", "SUCCESS", validation_time=None),
        chain("good by its list", "SUCCESS", crls=listed),
        chain("without its list", "FAILURE", crls=listed[:1]),
        chain("wrong", "FAILURE"),
        chain("no issuer", "FAILURE", untrusted_intermediates=[]),
        chain("no certificate", "FAILURE", peer_certificate=pem(b"\x30\0")),
        chain("no list", "FAILURE", crls=[pem(b"\x30\0", "X509 CRL")]),
    ]
    file = tmp_path / "limbo.json"
    file.write_text(json.dumps({"testcases": cases}))
    assert print_limbo(file) == 0
    reported = capsys.readouterr().out
    assert "- wrong: FAILURE, yes" in reported
    assert "| yes | 3 | 1 |" in reported
    assert "| no | 0 | 2 |" in reported
    assert "| unknown | 0 | 2 |" in reported


@pytest.mark.slow
def test_the_command_takes_where_a_suite_is(tmp_path: Path) -> None:
    folder = vectors(tmp_path, group("RsassaPkcs1Verify", RSA_KEY, (rsa_signature(), "valid")))
    command = [sys.executable, "-m", "bench", "wycheproof", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "| verifies | 1 | 0 | 0 |" in done.stdout
