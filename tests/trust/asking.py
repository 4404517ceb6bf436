"""Certificates whose issuer can be asked at a server of this machine."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

from asn1crypto import ocsp as asn1_ocsp

from app.cms.signed_data.parsing import SignedData
from app.cms.verdict import Answer
from app.cms.verification.status import SignerStatus
from app.trust import Trust
from tests import der, pki, revoking, signing
from tests.builders import SIGNING_TIME
from tests.pki import SHA256, Holder, extension
from tests.revoking import Revoked
from tests.trust.serving import Site

HOUR = timedelta(hours=1)
LONG_AGO = datetime(2024, 6, 1, tzinfo=UTC)


def now() -> datetime:
    return datetime.now(UTC)


def pem(der: bytes, label: str = "CERTIFICATE", line_end: str = "\n") -> bytes:
    """Armour something, in lines of 64 characters."""
    text = b64encode(der).decode()
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    whole = [f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]
    return line_end.join(whole).encode()


def crl_at(*urls: str) -> bytes:
    """Encode CRLDistributionPoints (RFC 5280 section 4.2.1.13)."""
    names = [der.implicit(6, url.encode()) for url in urls]
    point = der.sequence(der.explicit(0, der.explicit(0, *names)))
    return extension("2.5.29.31", der.sequence(point))


def delta_at(*urls: str) -> bytes:
    """Encode FreshestCRL (RFC 5280 section 4.2.1.15), which is built like the former."""
    names = [der.implicit(6, url.encode()) for url in urls]
    point = der.sequence(der.explicit(0, der.explicit(0, *names)))
    return extension("2.5.29.46", der.sequence(point))


def numbered(number: int, base: int | None = None, scope: bytes = b"") -> list[bytes]:
    """Encode a CRLNumber, the number of the base of a delta CRL, and an AuthorityKeyIdentifier."""
    listed = [extension("2.5.29.20", der.integer(number))]
    if base is not None:
        listed.append(extension("2.5.29.27", der.integer(base), critical=True))
    if scope:
        listed.append(extension("2.5.29.35", der.sequence(der.implicit(0, scope))))
    return listed


def ocsp_at(*urls: str) -> bytes:
    """Encode AuthorityInfoAccess (RFC 5280 section 4.2.2.1)."""
    method = der.oid("1.3.6.1.5.5.7.48.1")
    described = [der.sequence(method, der.implicit(6, url.encode())) for url in urls]
    return extension("1.3.6.1.5.5.7.1.1", der.sequence(*described))


def person(*addresses: bytes, by: Holder | None = None, name: str = "ИВАНОВ ИВАН") -> Holder:
    """Issue a certificate to a person, which says where to ask about it."""
    key = pki.rsa_key(name)
    subject = pki.name(name, "900101300017")
    return pki.certify(subject, key, by or pki.authority(), (*pki.PERSON, *addresses))


def crl(by: Holder | None = None, *revoked: Revoked, **more: Any) -> bytes:
    """Issue a CRL that holds now, if `more` doesn't say otherwise."""
    times = {"this_update": now() - HOUR, "next_update": now() + HOUR}
    return revoking.crl(by or pki.authority(), *revoked, **times | more)


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
        self.url = site.serve(path, make=self.answer)

    def answer(self, question: bytes) -> bytes:
        """Answer a question, as far as it is one about this authority's certificates."""
        request = asn1_ocsp.OCSPRequest.load(question, strict=True)
        [one] = request["tbs_request"]["request_list"]
        about = one["req_cert"]
        serial = about["serial_number"].native
        self.asked_about.append(serial)
        assert about.dump() == revoking.certificate_id(self.by, serial, SHA256)
        [nonce] = request["tbs_request"]["request_extensions"]
        assert nonce["extn_id"].native == "nonce"
        self.nonces.append(bytes(nonce["extn_value"].parsed.native))
        more: dict[str, Any] = {"this_update": now(), "next_update": now() + HOUR}
        more["digest"] = SHA256
        more["extensions"] = [nonce.dump()] if self.repeats_nonce else []
        return revoking.ocsp(self.by, serial, self.status, **more | self.more)


def sign(who: Holder, *certificates: Holder) -> SignedData:
    """Sign, and embed these certificates."""
    encoded = signing.signed_data([signing.signer_info(who)], [who, *certificates])
    return signing.read(encoded)


def ask(
    trust: Trust, who: Holder, *, fetch: bool = True, at: datetime = SIGNING_TIME
) -> SignerStatus:
    """Verify a signature of somebody."""
    [status] = trust.verify(sign(who), at=at, fetch=fetch)
    assert (status.intact.answer, status.valid.answer) == (Answer.YES, Answer.YES)
    return status


def reasons(status: SignerStatus) -> list[str]:
    return [str(reason) for reason in status.revocation.reasons]
