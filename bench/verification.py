"""The time to hash, to verify a signature, and to read its claims: in one process."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from statistics import median
from time import perf_counter

from app.cms.algorithms import registry as algorithms
from app.cms.algorithms.gost import implementations
from app.cms.claims import describe
from app.cms.fingerprints import fingerprints
from app.cms.parsing import parse
from app.cms.signed_data.parsing import SignedData
from app.cms.verdict import Answer
from app.cms.verification.status import SignerStatus
from app.cms.verification.verifier import Verifier
from app.cms.x509.certificate import read_certificate
from app.cms.xmldsig.parsing import SignedXml
from app.store.signatures.extraction import read_signing
from bench.neighbours import print_neighbours
from tests import der, pki
from tests.gost_signer import GOST_2004, GOST_2015_512
from tests.pki import (
    TIMESTAMP,
    Holder,
    Key,
    profile,
    signature_of,
    signed_data,
    signer_info,
    timestamp,
)

#: Signatures of each kind that are measured.
COUNT = 40
#: The target: milliseconds for verifying if only the signer is new.
GOALS = {"GOST R 34.10-2015 512": 6.0, "GOST 34.310-2004": 4.0, "RSA-2048": 1.5}
#: Digests, and the target for each: a minimum of megabytes a second.
DIGESTS = {
    "GOST R 34.11-2015 512": (algorithms.STREEBOG_512, 80),
    "GOST R 34.11-2015 256": (algorithms.STREEBOG_256, 80),
    "GOST 34.311-95": (algorithms.GOST_34311, 40),
}

_CONTENT = pki.CONTENT * 8
AT = datetime(2025, 6, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Authorities:
    """CAs of one country, arranged like the NCA's, with other names."""

    make_key: Callable[[str], Key]
    root: Holder
    authority: Holder
    stamper: Holder

    @classmethod
    def found(cls, make_key: Callable[[str], Key], country: str) -> Authorities:
        """Return new ones, whose names have the country."""

        def certify(title: str, issuer: Holder | None, extensions: tuple[bytes, ...]) -> Holder:
            name = pki.name(f"{title} {country}")
            return pki.certify(name, make_key(title), issuer, extensions)

        root = certify("ROOT", None, pki.AUTHORITY)
        authority = certify("NCA", root, pki.AUTHORITY)
        return cls(make_key, root, authority, certify("TSA", authority, pki.STAMPER))

    def sign(self, who: str) -> str:
        """Return a signature by a new person, with a timestamp and the CA's certificate; base64."""
        subject = pki.name(who, "900101300017")
        person = pki.certify(subject, self.make_key("PERSON"), self.authority, pki.PERSON)
        bare = signature_of(signer_info(person, _CONTENT))
        token = timestamp(bare, by=self.stamper, certificates=[self.stamper])
        info = signer_info(
            person, _CONTENT, unsigned=[der.attribute(TIMESTAMP, token)], signature=bare
        )
        return b64encode(signed_data([info], [person, self.authority], _CONTENT)).decode()


#: Each prepares its input, and returns the function to be timed.
_STEPS: dict[str, Callable[[str], Callable[[], object]]] = {
    "parse": lambda text: partial(parse, text),
    "describe": lambda text: partial(describe, parse(text)),
    "fingerprints of what was described": lambda text: _fingerprints(parse(text)),
    "read_signing, which does the last two": lambda text: partial(read_signing, parse(text), AT),
}


def _fingerprints(signature: SignedData | SignedXml) -> Callable[[], object]:
    return partial(fingerprints, signature, describe(signature))


def print_verification() -> None:
    """Print all tables."""
    print(f"{implementations.describe()}\n")
    _print_digests()
    _print_signatures()
    _print_reading()
    print_neighbours()


def _print_digests() -> None:
    print("| digest | MB a second | aim | 200 bytes, µs |")
    print("|---|---|---|---|")
    for name, (oid, goal) in DIGESTS.items():
        large, small = bytes(2_000_000), bytes(200)
        seconds = median(_timed(partial(algorithms.digest, oid, large)) for _ in range(5))
        short = median(_timed(partial(algorithms.digest, oid, small)) for _ in range(1000))
        print(f"| {name} | {2 / seconds:.1f} | {goal} | {1e6 * short:.1f} |", flush=True)
    print()


def _print_signatures() -> None:
    print("One signer, attached content, the authority's certificate, a timestamp; ms:\n")
    print("| verified | all certificates are new | only the signer's is | aim |")
    print("|---|---|---|---|")
    for name, make_key in (
        ("GOST R 34.10-2015 512", lambda name: pki.gost_key(name, GOST_2015_512)),
        ("GOST 34.310-2004", lambda name: pki.gost_key(name, GOST_2004)),
        ("RSA-2048", pki.rsa_key),
    ):
        first = 1000 * median(_times(make_key, everything_new=True))
        cached = 1000 * median(_times(make_key, everything_new=False))
        print(f"| {name} | {first:.2f} | {cached:.2f} | {GOALS[name]:g} |", flush=True)
    print()


def _print_reading() -> None:
    print("The usual signature (RSA, no timestamp) when it is saved; µs:\n")
    print("| step | the signer's certificate is new | seen before |")
    print("|---|---|---|")
    for name, step in _STEPS.items():
        texts = [_usual(number) for number in range(COUNT)]
        new, seen = (1e6 * median(_timed(step(text)) for text in texts) for _ in range(2))
        print(f"| {name} | {new:.0f} | {seen:.0f} |")
    print(flush=True)


def _times(make_key: Callable[[str], Key], *, everything_new: bool) -> Iterator[float]:
    """Verify signatures, each of one person; return the seconds, including parsing."""
    authorities = Authorities.found(make_key, "KZ")
    verifier = Verifier([read_certificate(authorities.root.certificate)])
    _verify(verifier, authorities.sign("КАСЫМОВ НОЛЬ"))
    for number in range(COUNT):
        if everything_new:
            authorities = Authorities.found(make_key, f"KZ {number}")
            verifier = Verifier([read_certificate(authorities.root.certificate)])
        text = authorities.sign(f"КАСЫМОВ {number}")
        yield _timed(partial(_verify, verifier, text))
        status = _verify(verifier, text)
        if (status.valid.answer, status.path.answer) != (Answer.YES, Answer.YES):
            raise RuntimeError(f"what is measured doesn't verify: {status}")
        if status.decisive_time_source != "timestamp":
            raise RuntimeError(f"the timestamp doesn't hold: {status.timestamp}")


def _verify(verifier: Verifier, text: str) -> SignerStatus:
    (status,) = verifier.verify(parse(text), at=AT)
    return status


def _usual(number: int) -> str:
    """Return a signature as most clients send it, with a new certificate."""
    person = profile.person("КАСЫМОВ АРМАН", f"{number:012d}")
    return b64encode(pki.sign_cms(_CONTENT, [person])).decode()


def _timed(action: Callable[[], object]) -> float:
    began = perf_counter()
    action()
    return perf_counter() - began
