"""A timestamp authority, responders and CRLs on this machine, which answer as a test wants."""

from __future__ import annotations

import threading
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
from tests.pki import SHA256, Holder, Key, Revoked
from tests.trust.serving import Site, serving

HOUR = timedelta(hours=1)


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


@dataclass
class Services:
    """The services of one authority below a root, whose certificates name them."""

    site: Site
    #: Makes the key of that name for each certificate.
    make_key: Callable[[str], Key] = pki.rsa_key
    #: Whether the CA has delta CRLs, too.
    has_delta: bool = False
    #: Serial numbers of certificates that are revoked.
    revoked: dict[int, Revoked] = field(default_factory=dict)
    #: Those that the responder answers nothing useful about.
    silent: set[int] = field(default_factory=set)
    #: Added to the nonce of each token; its imprint, if not the one requested; and whether a
    #: response repeats the nonce.
    other_nonce: int = 0
    other_imprint: bytes = b""
    #: The policy of tokens; None: the one requested, if one is.
    other_policy: str | None = None
    has_nonce: bool = True
    #: Added to the time of each token.
    clock: timedelta = timedelta()
    #: What a responder or the TSA answers instead; None: as it should.
    instead: dict[str, bytes | None] = field(default_factory=dict)
    #: Seconds before they answer.
    delays: dict[str, float] = field(default_factory=dict)
    is_over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        site = self.site
        self.root = pki.root("ROOT", self.make_key("ROOT"))
        at = (pki.crl_at(site.url("/root.crl")),)
        self.authority = self._certify("NCA", self.root, (*pki.AUTHORITY, *at))
        self._named: tuple[bytes, ...] = (
            pki.ocsp_at(site.url("/ocsp")),
            pki.crl_at(site.url("/nca.crl")),
        )
        if self.has_delta:
            self._named += (pki.crl_at(site.url("/delta.crl"), delta=True),)
        self.person = self._certify("ИВАНОВ ИВАН", self.authority, (*pki.PERSON, *self._named))
        self.rotate_stamper("TSA")
        site.serve("/ocsp", make=self._guarded("ocsp", self.answer))
        site.serve("/tsp", make=self._guarded("tsp", self.stamp))
        self.serve_lists()

    def rotate_stamper(self, name: str) -> None:
        """Stamp with another key and certificate from now on."""
        self.tsa = self._certify(name, self.authority, (*pki.STAMPER, *self._named))

    def serve_lists(self) -> None:
        """Issue the CRLs anew."""
        begin, end = now() - HOUR, now() + 24 * HOUR
        of_root = pki.crl(self.root, this_update=begin, next_update=end)
        revoked = self.revoked.values()
        of_nca = pki.crl(
            self.authority,
            *revoked,
            this_update=begin,
            next_update=end,
            extensions=pki.numbered(1, scope=self.authority.key.identifier),
        )
        self.site.serve("/root.crl", of_root)
        self.site.serve("/nca.crl", of_nca)

    def serve_delta(self, *revoked: Revoked, number: int = 2, base: int = 1) -> None:
        """Issue a delta CRL."""
        begin, end = now() - HOUR / 2, now() + 7 * HOUR
        numbers = pki.numbered(number, base, scope=self.authority.key.identifier)
        delta = pki.crl(
            self.authority, *revoked, this_update=begin, next_update=end, extensions=numbers
        )
        self.site.serve("/delta.crl", delta)

    def _certify(self, name: str, issuer: Holder, extensions: tuple[bytes, ...]) -> Holder:
        subject = pki.name(name, "900101300017" if name.startswith("И") else "")
        return pki.certify(subject, self.make_key(name), issuer, extensions)

    def colleague(self, number: int, iin: str = "900101300017") -> Holder:
        """Return one of many other persons, who all have one key."""
        subject = pki.name(f"ИВАНОВ {number}", iin)
        return pki.certify(subject, self.person.key, self.authority, (*pki.PERSON, *self._named))

    def _guarded(self, name: str, make: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
        def answer(question: bytes) -> bytes:
            self.is_over.wait(self.delays.get(name, 0))
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
        nonces = [one.dump() for one in request["request_extensions"] if self.has_nonce]
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
            imprint=self.other_imprint or imprint["hashed_message"].native,
            nonce=request["nonce"].native + self.other_nonce,
            policy=self.other_policy or request["req_policy"].native or pki.STAMPING_POLICY,
        )
        return der.sequence(der.sequence(der.integer(0)), token)

    def serve_former(self, path: str, former: Holder) -> None:
        """Have an address issue tokens by a former authority."""

        def stamp(question: bytes) -> bytes:
            own, self.tsa = self.tsa, former
            try:
                return self.stamp(question)
            finally:
                self.tsa = own

        self.site.serve(path, make=stamp)

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

    def sign_xml(self, *signers: Holder, document: str = "<a><b>test</b></a>") -> str:
        """Return a document with a signature of each signer; without any, of the person."""
        return pki.sign_xml(document, signers or [self.person])

    def settings(self, folder: Path, **other: str) -> dict[str, str]:
        """Return the settings of a server that trusts these services, and asks them."""
        given = {
            "TRUST_DIR": str(self.trust(folder / "trust")),
            "EVIDENCE": "queue",
            "TSA_URL": self.site.url("/tsp"),
            "OUTGOING_ALLOW": "127.0.0.0/8",
        }
        return given | other

    def trust(self, folder: Path) -> Path:
        """Write the anchor into a folder, and return that."""
        folder.mkdir(exist_ok=True)
        (folder / "root.pem").write_text(pki.pem(self.root.certificate, "CERTIFICATE"))
        return folder

    def know_authority(self, folder: Path) -> None:
        """Add the certificate of the CA, which XML signatures lack, to the intermediates."""
        folder = self.trust(folder) / "intermediates"
        folder.mkdir(exist_ok=True)
        (folder / "nca.pem").write_text(pki.pem(self.authority.certificate, "CERTIFICATE"))


@contextmanager
def running(
    make_key: Callable[[str], Key] = pki.rsa_key, *, has_delta: bool = False
) -> Iterator[Services]:
    """Run the services, with such keys."""
    before = set(threading.enumerate())
    with serving() as site:
        services = Services(site, make_key, has_delta)
        try:
            yield services
        finally:
            services.is_over.set()
    # Nobody waits any more for those who still answer.
    for thread in set(threading.enumerate()) - before:
        if "process_request_thread" in thread.name:
            thread.join(2)
