"""A store whose evidence records three generations of timestamp authorities keep up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import tsp
from sqlalchemy import Engine

from app.cms import SHA_256
from app.evidence.network import Network
from app.evidence.obtaining import Obtainer
from app.evidence.recording import Recorder, RecordTerms
from app.evidence.revocation import RevocationSource
from app.evidence.stamping import Stamper
from app.evidence.tree_stamping import TreeStamper
from app.evidence.worker import Worker
from app.store.database.engine import saving
from app.store.signatures.extraction import read_text
from app.store.signatures.large_texts import Key
from app.store.signatures.writing import NewVersion, save_version
from app.trust import Trust
from tests import der, pki
from tests.evidence.services import HOUR, Services
from tests.pki import SHA256, Holder, Revoked
from tests.trust.serving import HERE

#: The validity of the authorities of timestamps, by the year in which each begins.
GENERATIONS = {2024: 2036, 2034: 2046, 2044: 2058}


def year(number: int, month: int = 3) -> datetime:
    """Return a day of a year."""
    return datetime(number, month, 1, tzinfo=UTC)


@dataclass
class Decades(Services):
    """Services whose clock a test sets, and whose timestamp authority is succeeded by others."""

    def __post_init__(self) -> None:
        self.moment: datetime | None = None
        super().__post_init__()
        span = year(2020), year(2070)
        self.root = pki.certify(
            pki.name("LASTING ROOT"), pki.rsa_key("LASTING"), None, pki.AUTHORITY, valid=span
        )
        at = pki.crl_at(self.site.url("/root.crl"))
        self.authority = pki.certify(
            pki.name("NCA"), pki.rsa_key("NCA"), self.root, (*pki.AUTHORITY, at), valid=span
        )
        self.person = self._certify("ИВАНОВ ИВАН", self.authority, (*pki.PERSON, *self.named))
        self.tsa = self.generation(2024)
        self.serve_lists()

    @property
    def named(self) -> tuple[bytes, ...]:
        """The addresses in the certificates of the authority."""
        site = self.site
        return pki.ocsp_at(site.url("/ocsp")), pki.crl_at(site.url("/nca.crl"))

    def generation(self, begin: int, end: datetime | None = None) -> Holder:
        """Return the authority of timestamps that begins in a year."""
        name = f"TSA {begin} to {end or GENERATIONS[begin]}"
        valid = year(begin), end or year(GENERATIONS[begin])
        extensions = (*pki.STAMPER, *self.named)
        return pki.certify(
            pki.name(name), pki.rsa_key(name), self.authority, extensions, valid=valid
        )

    def now(self) -> datetime:
        """Return the time of these services."""
        return self.moment or datetime.now(UTC).replace(microsecond=0)

    def serve_lists(self) -> None:
        """Issue the CRLs anew."""
        begin, end = self.now() - HOUR, self.now() + 24 * HOUR
        of_root = pki.crl(self.root, this_update=begin, next_update=end)
        of_nca = pki.crl(self.authority, *self.revoked.values(), this_update=begin, next_update=end)
        self.site.serve("/root.crl", of_root)
        self.site.serve("/nca.crl", of_nca)

    def answer(self, question: bytes) -> bytes:
        """Answer by OCSP."""
        request = asn1_ocsp.OCSPRequest.load(question, strict=True)["tbs_request"]
        [one] = request["request_list"]
        serial = one["req_cert"]["serial_number"].native
        nonces = [extension.dump() for extension in request["request_extensions"]]
        status: Revoked | Literal["good"] = self.revoked.get(serial, "good")
        at = self.now()
        return pki.ocsp(
            self.authority, serial, status, this_update=at, digest=SHA256, extensions=nonces
        )

    def stamp(self, question: bytes) -> bytes:
        """Issue a token."""
        request = tsp.TimeStampReq.load(question, strict=True)
        imprint = request["message_imprint"]
        token = pki.timestamp(
            b"",
            self.now() + self.clock,
            by=self.tsa,
            digest=imprint["hash_algorithm"]["algorithm"].dotted,
            imprint=imprint["hashed_message"].native,
            nonce=request["nonce"].native,
        )
        return der.sequence(der.sequence(der.integer(0)), token)


class Archive:
    """A store with a worker, whose trees are made at the times that a test sets."""

    def __init__(self, engine: Engine, trust: Trust, services: Decades) -> None:
        self.engine, self.trust, self.services = engine, trust, services
        self.weak: dict[str, datetime] = {}
        self.addresses: tuple[str, ...] = (services.site.url("/tsp"),)

    def network(self) -> tuple[Stamper, RevocationSource]:
        """Return what asks the services, without any answer of before."""
        network = Network(self.engine, HERE, 5)
        return Stamper(network, self.addresses), RevocationSource(network)

    def save(self, document: str = "doc", cms: str | None = None) -> Key:
        """Save a signature, and obtain its evidence."""
        cms = cms or self.services.sign()
        new = NewVersion(document=document, thread="main", cms=cms)
        with saving(self.engine) as connection:
            saved = save_version(connection, new, read_text(cms), None, new_evidence=2)
        assert sum(Worker(self.engine, Obtainer(self.trust, *self.network())).work())
        return Key(saved.record.id, saved.record.version)

    def recorder(self, terms: RecordTerms | None = None) -> Recorder:
        """Return what makes trees, at the time of the services."""
        clock = self.services.now
        stamper = TreeStamper(self.trust, *self.network(), clock)
        return Recorder(
            self.engine,
            stamper,
            terms or RecordTerms(),
            clock,
            self.weak.get,
            asked_each=0.0,
        )

    def record(self) -> int:
        """Make the trees that are due; return how many."""
        return self.recorder().record()

    def go_to(self, moment: datetime, generation: int | None = None) -> None:
        """Set the clock of the services, whose authority may be another one from then on."""
        self.services.moment = moment
        if generation:
            self.services.tsa = self.services.generation(generation)
        self.services.serve_lists()

    def thirty_years(self) -> None:
        """Renew everything: three authorities, and another hash algorithm from 2051 on."""
        self.record()
        self.go_to(year(2035, 6), 2034)
        self.record()
        self.go_to(year(2045, 6), 2044)
        self.record()
        self.weak[SHA_256] = year(2051)
        self.go_to(year(2050, 6))
        self.record()
