"""A timestamp authority, responders and CRLs on this machine, which answer as a test wants."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import tsp

from tests import der, pki
from tests.pki import SHA256, Holder, Revoked
from tests.trust.serving import Site, serving

HOUR = timedelta(hours=1)


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


@dataclass
class Services:
    """The services of one authority below a root, whose certificates name them."""

    site: Site
    #: Serial numbers of certificates that are revoked.
    revoked: dict[int, Revoked] = field(default_factory=dict)
    #: Those that the responder answers nothing useful about.
    silent: set[int] = field(default_factory=set)
    #: Added to the time of each token.
    clock: timedelta = timedelta()
    #: What a responder or the TSA answers instead; None: as it should.
    instead: dict[str, bytes | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        site = self.site
        self.root = pki.root()
        at = (pki.crl_at(site.url("/root.crl")),)
        self.authority = self._certify("NCA", self.root, (*pki.AUTHORITY, *at))
        named = (pki.ocsp_at(site.url("/ocsp")), pki.crl_at(site.url("/nca.crl")))
        self.person = self._certify("ИВАНОВ ИВАН", self.authority, (*pki.PERSON, *named))
        self.tsa = self._certify("TSA", self.authority, (*pki.STAMPER, *named))
        site.serve("/ocsp", make=self._guarded("ocsp", self.answer))
        site.serve("/tsp", make=self._guarded("tsp", self.stamp))
        self.serve_lists()

    def serve_lists(self) -> None:
        """Issue the CRLs anew."""
        begin, end = now() - HOUR, now() + 24 * HOUR
        of_root = pki.crl(self.root, this_update=begin, next_update=end)
        revoked = self.revoked.values()
        of_nca = pki.crl(self.authority, *revoked, this_update=begin, next_update=end)
        self.site.serve("/root.crl", of_root)
        self.site.serve("/nca.crl", of_nca)

    def _certify(self, name: str, issuer: Holder, extensions: tuple[bytes, ...]) -> Holder:
        subject = pki.name(name, "900101300017" if name.startswith("И") else "")
        return pki.certify(subject, pki.rsa_key(name), issuer, extensions)

    def _guarded(self, name: str, make: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
        def answer(question: bytes) -> bytes:
            instead = self.instead.get(name)
            return make(question) if instead is None else instead

        return answer

    def answer(self, question: bytes) -> bytes:
        """Answer by OCSP."""
        request = asn1_ocsp.OCSPRequest.load(question, strict=True)["tbs_request"]
        [one] = request["request_list"]
        serial = one["req_cert"]["serial_number"].native
        if serial in self.silent:
            return b""
        nonces = [extension.dump() for extension in request["request_extensions"]]
        status: Revoked | Literal["good"] = self.revoked.get(serial, "good")
        return pki.ocsp(
            self.authority, serial, status, this_update=now(), digest=SHA256, extensions=nonces
        )

    def stamp(self, question: bytes) -> bytes:
        """Issue a token."""
        request = tsp.TimeStampReq.load(question, strict=True)
        imprint = request["message_imprint"]
        token = pki.timestamp(
            b"",
            now() + self.clock,
            by=self.tsa,
            digest=imprint["hash_algorithm"]["algorithm"].dotted,
            imprint=imprint["hashed_message"].native,
            nonce=request["nonce"].native,
        )
        return der.sequence(der.sequence(der.integer(0)), token)

    def refusal(self, bit: int) -> bytes:
        """Return the answer of a TSA that refuses, with this bit of PKIFailureInfo."""
        failure = (1 << (31 - bit)).to_bytes(4, "big")
        return der.sequence(der.sequence(der.integer(2), der.tlv(3, b"\0" + failure)))

    def sign(self, *, signed: bytes = b"a document", attached: bool = True) -> str:
        """Return a CMS signature of the person over a document, in base64."""
        content = b"a document"
        info = pki.signer_info(self.person, signed)
        certificates = [self.person, self.authority]
        encoded = pki.signed_data([info], certificates, content if attached else None)
        return b64encode(encoded).decode()

    def trust(self, folder: Path) -> Path:
        """Write the anchor into a folder, and return that."""
        folder.mkdir(exist_ok=True)
        (folder / "root.pem").write_text(pki.pem(self.root.certificate, "CERTIFICATE"))
        return folder


@contextmanager
def running() -> Iterator[Services]:
    """Run the services."""
    with serving() as site:
        yield Services(site)
