"""Certificates whose issuer can be asked at a server of this machine."""

from datetime import UTC, datetime, timedelta
from typing import Any

from asn1crypto import ocsp as asn1_ocsp

from app.cms.signed_data.parsing import SignedData
from app.cms.verdict import Answer
from app.cms.verification.status import SignerStatus
from app.trust import Trust
from tests import pki
from tests.pki import SHA256, SIGNING_TIME, Holder, Revoked
from tests.trust.serving import Site

HOUR = timedelta(hours=1)
LONG_AGO = datetime(2024, 6, 1, tzinfo=UTC)


def now() -> datetime:
    return datetime.now(UTC)


def pem(der: bytes, label: str = "CERTIFICATE", line_end: str = "\n") -> bytes:
    """Armour something, in lines of 64 characters."""
    return pki.pem(der, label, line_end).encode()


def person(*addresses: bytes, by: Holder | None = None, name: str = "ИВАНОВ ИВАН") -> Holder:
    """Issue a certificate to a person, which says where to ask about it."""
    key = pki.rsa_key(name)
    subject = pki.name(name, "900101300017")
    return pki.certify(subject, key, by or pki.authority(), (*pki.PERSON, *addresses))


def crl(by: Holder | None = None, *revoked: Revoked, **more: Any) -> bytes:
    """Issue a CRL that holds now, if `more` doesn't say otherwise."""
    times = {"this_update": now() - HOUR, "next_update": now() + HOUR}
    return pki.crl(by or pki.authority(), *revoked, **times | more)


class Responder:
    """Answers by OCSP about the certificate that it is asked about."""

    def __init__(self, site: Site, path: str = "/ocsp", by: Holder | None = None) -> None:
        """Answer that all is good, as the authority `by`."""
        self.by = by or pki.authority()
        self.status: Any = "good"
        self.more: dict[str, Any] = {}
        self.asked_about: list[int] = []
        self.nonces: list[bytes] = []
        self.repeats_nonce = True
        self.digest = SHA256
        self.url = site.serve(path, make=self.answer)

    def answer(self, question: bytes) -> bytes:
        """Answer a question, as far as it is one about this authority's certificates."""
        request = asn1_ocsp.OCSPRequest.load(question, strict=True)
        [one] = request["tbs_request"]["request_list"]
        about = one["req_cert"]
        serial = about["serial_number"].native
        self.asked_about.append(serial)
        assert about.dump() == pki.certificate_id(self.by, serial, self.digest)
        [nonce] = request["tbs_request"]["request_extensions"]
        assert nonce["extn_id"].native == "nonce"
        self.nonces.append(bytes(nonce["extn_value"].parsed.native))
        more: dict[str, Any] = {"this_update": now(), "next_update": now() + HOUR}
        more["digest"] = self.digest
        more["extensions"] = [nonce.dump()] if self.repeats_nonce else []
        return pki.ocsp(self.by, serial, self.status, **more | self.more)


def sign(who: Holder, *certificates: Holder) -> SignedData:
    """Sign, and embed these certificates."""
    encoded = pki.signed_data([pki.signer_info(who)], [who, *certificates])
    return pki.read(encoded)


def ask(
    trust: Trust, who: Holder, *, fetch: bool = True, at: datetime = SIGNING_TIME
) -> SignerStatus:
    """Verify a signature of a person."""
    [status] = trust.verify(sign(who), at=at, fetch=fetch)
    assert (status.intact.answer, status.valid.answer) == (Answer.YES, Answer.YES)
    return status


def reasons(status: SignerStatus) -> list[str]:
    return [str(reason) for reason in status.revocation.reasons]
