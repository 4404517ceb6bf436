"""Test suites of other projects, downloaded by hand, run on this program's own functions.

`python -m bench wycheproof FOLDER` takes Project Wycheproof's repository, or its folder
`testvectors_v1`; `python -m bench limbo FILE` takes the `limbo.json` of x509-limbo. Nothing is
downloaded. docs/trust.md quotes what is printed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from asn1crypto import core, pem

from app.cms.algorithms.names import name
from app.cms.algorithms.registry import DIGESTS, AlgorithmIdentifier, PublicKey, verify_signature
from app.cms.errors import CmsError, UnsupportedAlgorithm
from app.cms.verdict import Answer, every
from app.cms.verification.verifier import Verifier
from app.cms.x509.certificate import Certificate, read_embedded_certificate

Json = dict[str, Any]

_RSA, _EC, _PSS = "1.2.840.113549.1.1.1", "1.2.840.10045.2.1", "1.2.840.113549.1.1.10"
_DSA, _MGF1 = "1.2.840.10040.4.1", "1.2.840.113549.1.1.8"
_PLAIN = "0.4.0.127.0.7.1.1.4.1."
_PLAIN_DIGESTS = ("SHA-1", "SHA-224", "SHA-256", "SHA-384", "SHA-512")
#: Kind of a group of Wycheproof's -> the algorithm that a signature would name.
_ALGORITHMS = {
    "EcdsaVerify": _EC,
    "EcdsaBitcoinVerify": _EC,
    "EcdsaP1363Verify": _PLAIN,
    "RsassaPkcs1Verify": _RSA,
    "RsassaPssVerify": _PSS,
    "RsassaPssWithParametersVerify": _PSS,
    "DsaVerify": _DSA,
    "DsaP1363Verify": _DSA,
}
_OUTCOMES = ("verifies", "does not", "unknown")
_RESULTS = ("valid", "acceptable", "invalid")


def print_wycheproof(folder: Path) -> int:
    """Print how many signatures verify of each kind; return the exit status."""
    vectors = folder / "testvectors_v1"
    files = sorted((vectors if vectors.is_dir() else folder).glob("*_test.json"))
    counts: Counter[tuple[str, str]] = Counter()
    wrong: Counter[str] = Counter()
    for file in files:
        for case, outcome in _judge_file(file):
            result = str(case["result"])
            counts[outcome, result] += 1
            if (outcome, result) in {("verifies", "invalid"), ("does not", "valid")}:
                wrong[f"{file.name}: {result}, {outcome}"] += 1
    print(f"{counts.total():,} signatures of {folder}:\n")
    _print_table(_OUTCOMES, _RESULTS, counts)
    return _print_wrong(wrong, counts)


def _judge_file(file: Path) -> Iterator[tuple[Json, str]]:
    for group in json.loads(file.read_bytes())["testGroups"]:
        if group["type"] in _ALGORITHMS:
            key, digest = _read_key(bytes.fromhex(group["publicKeyDer"])), _digest(group["sha"])
            algorithm = _read_algorithm(group)
            for case in group["tests"]:
                yield case, _judge_signature(key, algorithm, digest, case)


def _judge_signature(
    key: PublicKey, algorithm: AlgorithmIdentifier, digest: str, case: Json
) -> str:
    message, signature = bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"])
    try:
        verifies = verify_signature(key, algorithm, digest, message, signature)
    except UnsupportedAlgorithm:
        return "unknown"
    return "verifies" if verifies else "does not"


def _read_key(info: bytes) -> PublicKey:
    """Take a SubjectPublicKeyInfo apart (RFC 5280 section 4.1)."""
    record = core.Sequence.load(info)
    algorithm = record[0]
    parameters = algorithm[1].dump() if len(algorithm) > 1 else None
    identifier = AlgorithmIdentifier(algorithm[0].dotted, parameters)
    return PublicKey(identifier, record[1].contents[1:], info)


def _digest(of: str) -> str:
    """Return the identifier of a digest, or its name if it is not known here."""
    return next((oid for oid in DIGESTS if name(oid) == of), of)


def _read_algorithm(group: Json) -> AlgorithmIdentifier:
    oid, digest = _ALGORITHMS[group["type"]], group["sha"]
    if oid == _PLAIN:
        known = digest in _PLAIN_DIGESTS
        return AlgorithmIdentifier(_PLAIN + str(_PLAIN_DIGESTS.index(digest) + 1 if known else 0))
    if oid != _PSS:
        return AlgorithmIdentifier(oid)
    oids = [_digest(digest), _digest(group["mgfSha"])]
    if not all(oid in DIGESTS for oid in oids):
        return AlgorithmIdentifier(digest)  # It is as unknown as its digest.
    return AlgorithmIdentifier(oid, _write_pss(oids, group["sLen"]))


def _write_pss(oids: list[str], salt_length: int) -> bytes:
    """Encode RSASSA-PSS-params (RFC 8017 appendix A.2.3)."""
    hash_, mask_hash = (_wrap(0x30, core.ObjectIdentifier(oid).dump(), b"\5\0") for oid in oids)
    generator = _wrap(0x30, core.ObjectIdentifier(_MGF1).dump(), mask_hash)
    length = core.Integer(salt_length).dump()
    return _wrap(0x30, _wrap(0xA0, hash_), _wrap(0xA1, generator), _wrap(0xA2, length))


def _wrap(tag: int, *parts: bytes) -> bytes:
    """Encode a short element."""
    contents = b"".join(parts)
    return bytes((tag, len(contents))) + contents


def print_limbo(file: Path) -> int:
    """Print how many chains are good; return the exit status."""
    counts: Counter[tuple[str, str]] = Counter()
    for case in json.loads(file.read_bytes())["testcases"]:
        answer, why = _judge_chain(case)
        expected = str(case["expected_result"])
        counts[str(answer), expected] += 1
        if (answer is Answer.YES) != (expected == "SUCCESS"):
            print(f"- {case['id']}: {expected}, {answer} {why}")
    print(f"\n{counts.total():,} chains of {file}:\n")
    _print_table([str(answer) for answer in Answer], ("SUCCESS", "FAILURE"), counts)
    return 0 if counts else 2


def _judge_chain(case: Json) -> tuple[Answer, str]:
    """Judge a chain as that of a signer; the names of servers in the certificate don't matter.

    What can't be read is never a yes.
    """
    peer = _read(case["peer_certificate"])
    given = case["validation_time"]
    at = datetime.fromisoformat(given) if given else datetime.now(UTC)
    if peer is None:
        return Answer.NO, "(it can't be read)"
    try:
        verifier = Verifier(
            _read_all(case["trusted_certs"]),
            intermediates=_read_all(case["untrusted_intermediates"]),
            crls=[_open(text) for text in case.get("crls", ())],
        )
        path, revocation = verifier.verify_certificate(peer, at=at.astimezone(UTC))
    except CmsError as error:
        return Answer.NO, f"({error})"
    verdict = every(path, revocation) if case.get("crls") else path
    return verdict.answer, "; ".join(map(str, verdict.reasons))


def _open(text: str) -> bytes:
    return bytes(pem.unarmor(text.encode())[2])


def _read(text: str) -> Certificate | None:
    return read_embedded_certificate(_open(text))


def _read_all(texts: list[str]) -> list[Certificate]:
    return [one for one in map(_read, texts) if one is not None]


def _print_table(
    rows: tuple[str, ...] | list[str], columns: tuple[str, ...], counts: Counter[tuple[str, str]]
) -> None:
    print(f"| | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}")
    for row in rows:
        print(f"| {row} | {' | '.join(f'{counts[row, column]:,}' for column in columns)} |")


def _print_wrong(wrong: Counter[str], counts: Counter[tuple[str, str]]) -> int:
    """Print the results that differ from the suite's; return the exit status."""
    print("\nNothing invalid verifies and nothing valid is refused." if not wrong else "")
    for one, number in wrong.items():
        print(f"- {number} of {one}")
    if not counts:
        print("There are no cases.")
    return 1 if wrong else 0 if counts else 2


SUITES: dict[str, Callable[[Path], int]] = {"wycheproof": print_wycheproof, "limbo": print_limbo}
"""Runs the cases of a suite at a path, and returns the exit status."""
