"""Every variable that the program reads from its environment, checked once, at start."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from limits import RateLimitItem
from sqlalchemy.engine import URL

from config.databases import EMBEDDED_DATABASE, Databases, read_databases
from config.env import Origins, Reader, SettingsError

__all__ = [
    "EMBEDDED_DATABASE",
    "LONGEST_ADDRESS",
    "REVOCATION_CACHE",
    "TRUST_FOLDER",
    "Settings",
    "SettingsError",
]

PROJECT = Path(__file__).resolve().parent.parent
TRUST_FOLDER = PROJECT / "var" / "trust"
REVOCATION_CACHE = PROJECT / "var" / "revocation"
#: Bytes of PUBLIC_URL. The largest QR code of level M holds 2,331 (ISO/IEC 18004), in which what
#: follows it on the way to a page has to fit.
LONGEST_ADDRESS = 2_000

CmsValidation = Literal["structure", "off", "signature", "trusted"]
DetachedContent = Literal["accept", "refuse"]
Claims = Literal["refuse", "accept"]
CosignGuard = Literal["warn", "off", "refuse"]
SigningTimestamp = Literal["ask", "require", "off"]
Revocation = Literal["offline", "online"]
Evidence = Literal["auto", "off", "queue", "require"]
FamilyName = Literal["ncanode", "solaris", "iinked", "penbox", "ncanode3"]
Locale = Literal["en", "ru", "kk"]
LogLevel = Literal["info", "debug", "warning", "error"]
LogFormat = Literal["json", "text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The operator's settings. `from_env` maps variables to fields."""

    #: The database, its replicas, and the variables that set them.
    databases: Databases
    #: Seconds for which a start, or a migration, waits for PostgreSQL.
    database_wait: int
    #: Whether the key of an original server's encryption is set.
    is_encrypted: bool
    #: Seconds after which a statement of a request is cancelled.
    statement_timeout: int
    #: How far a signature is checked before it is saved.
    cms_validation: CmsValidation
    #: How a detached signature without its content is treated where it has to be verified.
    detached_content: DetachedContent
    #: Whether claims of certificates pass /cms/validate while no trust anchor is set up.
    claims: Claims
    #: How a version is treated that drops a signer of the previous one, or signs other content.
    cosign_guard: CosignGuard
    #: Whether the documents that come with signatures are kept, the largest in bytes, and where:
    #: `file:/folder` or `s3://bucket/prefix`; None: in the database.
    keep_content: bool
    max_content: int
    content_store: str | None
    #: Whether a header for a tenant's own store is refused.
    strict_tenant: bool
    #: Folder of the operator's trust anchors, other certificates and CRLs.
    trust_folder: Path
    #: Whether CRLs and OCSP responses are fetched, and the folder of their cache.
    revocation: Revocation
    revocation_cache: Path
    #: Whether evidence is obtained for signatures that are saved, as it was set and as it follows;
    #: the timestamp authorities, in the order in which they are asked; seconds for each request;
    #: whether servers do it themselves.
    evidence: Evidence
    has_evidence: bool
    #: Whether a save waits for it, and is refused without it.
    requires_evidence: bool
    stamping_addresses: tuple[str, ...]
    evidence_timeout: int
    evidence_worker: bool
    #: Seconds between two trees of evidence records; days before a timestamp is renewed; and by how
    #: many days the new one has to last longer.
    evidence_record_each: int
    evidence_renew_before: int
    evidence_renew_gain: int
    #: Hosts, addresses and networks that may be contacted though they are not on the Internet.
    outgoing_allow: tuple[str, ...]
    #: Address of a NCANode server that POST /origin forwards to, None if there is none; the key
    #: (PKCS #12) and its password that are added to forwarded requests.
    ncanode_url: str | None
    ncanode_key: Path | None
    ncanode_password: str | None = field(repr=False)
    #: Whether pages for people are served; whether everyone may verify a file there; and what
    #: their sessions are signed with besides the tokens' hashes.
    web: bool
    public_verify: bool
    secret_key: str | None = field(repr=False)
    #: Where pages look for NCALayer; whether they ask it for a timestamp, and require one; and the
    #: name of those who ask for signatures.
    ncalayer_url: str
    signing_timestamp: SigningTimestamp
    organization_name: str | None
    organization_bin: str | None
    #: Whether pages show a QR code for eGov Mobile, which knows registered servers only.
    egov_qr: bool
    #: The API families that are served.
    families: tuple[FamilyName, ...]
    #: Where NCANode's version 3 is served, without a slash at the end: empty for the root.
    ncanode3_path: str
    #: The public address of this server, without a slash at the end; None: unknown.
    public_url: str | None
    #: The id of this organisation for iinked's clients, a UUID.
    organization_id: str | None
    #: The name of this system, and of the rules by which signatures are verified, on the pages of
    #: cards; None: no rules are named.
    card_system: str
    card_act: str | None
    #: The language reported to Penbox's clients.
    locale: Locale
    #: The zone of every time that the API writes.
    timezone: ZoneInfo
    #: Whether callers need a token; and whether a server without tokens may be reached from other
    #: machines.
    auth: bool
    allow_open: bool
    #: Requests of each caller in a window; None: no limit.
    rate_limit: RateLimitItem | None
    #: CPU seconds of each caller in a window; None: no limit.
    cpu_limit: RateLimitItem | None
    #: The number of proxies in front of the server, each of which adds to X-Forwarded-For.
    trusted_proxies: int
    #: Origins whose pages may call from a browser; None: none.
    cors_origins: Origins | None
    #: Largest request body, bytes.
    max_body: int
    host: str
    port: int
    #: Worker processes, and threads in each.
    workers: int
    threads: int
    #: Seconds after which an unresponsive worker is replaced, and for a stopping one to end.
    timeout: int
    graceful_timeout: int
    #: Seconds for which a client may read nothing of an answer; and the limits for a request's
    #: whole head, body and answer.
    read_timeout: int
    head_timeout: int
    body_timeout: int
    answer_timeout: int
    #: Requests after which a worker is replaced by a new one; 0: never.
    max_requests: int
    access_log: bool
    #: Whether a logged request has the client's address.
    access_log_address: bool
    log_level: LogLevel
    log_format: LogFormat
    #: Whether requests are counted for GET /metrics; the folder of metrics that processes share,
    #: None: a temporary one.
    metrics: bool
    metrics_folder: Path | None
    #: Sentences about variables that are set but ignored, logged at start.
    notices: tuple[str, ...]

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Settings:
        """Read and check every variable.

        Raises:
            SettingsError: the first value that can't be used.
        """
        read = Reader(env)
        rate_limit = read.rate("RATE_LIMIT", "30000/minute")
        databases = read_databases(read)
        revocation = read.choice("REVOCATION", get_args(Revocation))
        evidence = read.choice("EVIDENCE", get_args(Evidence))
        is_embedded = databases.url.get_backend_name() == "sqlite"
        return cls(
            databases=databases,
            database_wait=read.integer("PG_WAIT", 30, 0, 3600),
            is_encrypted=read.text("NCANODE_ENCRYPTION_KEY") is not None,
            statement_timeout=read.integer("STATEMENT_TIMEOUT", 10, 1, 3600),
            cms_validation=read.choice("CMS_VALIDATION", get_args(CmsValidation)),
            detached_content=read.choice("CMS_DETACHED", get_args(DetachedContent)),
            claims=read.choice("CLAIMS", get_args(Claims)),
            cosign_guard=read.choice("COSIGN_GUARD", get_args(CosignGuard)),
            keep_content=read.switch("KEEP_CONTENT", False),
            max_content=read.integer("MAX_CONTENT_MB", 100, 1, 500) * 1024 * 1024,
            content_store=read.content_store("CONTENT_STORE"),
            strict_tenant=read.switch("STRICT_TENANT", False),
            trust_folder=read.folder("TRUST_DIR", TRUST_FOLDER),
            revocation=revocation,
            revocation_cache=read.folder("REVOCATION_CACHE", REVOCATION_CACHE),
            evidence=evidence,
            has_evidence=evidence in ("queue", "require")
            or (evidence == "auto" and revocation == "online"),
            requires_evidence=evidence == "require",
            stamping_addresses=read.addresses("TSA_URL"),
            evidence_timeout=read.integer("EVIDENCE_TIMEOUT", 20, 1, 300),
            evidence_worker=read.switch("EVIDENCE_WORKER", is_embedded),
            evidence_record_each=read.integer("EVIDENCE_RECORD_EACH", 3600, 60, 31 * 86_400),
            evidence_renew_before=read.integer("EVIDENCE_RENEW_BEFORE", 365, 1, 3650),
            evidence_renew_gain=read.integer("EVIDENCE_RENEW_GAIN", 183, 1, 3650),
            outgoing_allow=read.destinations("OUTGOING_ALLOW"),
            ncanode_url=read.address("NCANODE_REMOTE_URL"),
            ncanode_key=read.file("NCANODE_KEY"),
            ncanode_password=read.text("NCANODE_PWD"),
            web=read.switch("WEB", True),
            public_verify=read.switch("PUBLIC_VERIFY", True),
            secret_key=read.secret("SECRET_KEY"),
            ncalayer_url=read.loopback_socket("NCALAYER_URL", "wss://127.0.0.1:13579/"),
            signing_timestamp=read.choice("SIGNING_TIMESTAMP", get_args(SigningTimestamp)),
            organization_name=read.text("ORGANIZATION_NAME"),
            organization_bin=read.number("ORGANIZATION_BIN"),
            egov_qr=read.switch("EGOV_QR", False),
            families=read.choices("FAMILIES", get_args(FamilyName)),
            ncanode3_path=read.path("NCANODE3_PATH", "/ncanode3"),
            public_url=_public_url(read),
            organization_id=read.uuid("ORGANIZATION_ID"),
            card_system=read.text("CARD_SYSTEM") or "Tanbahana",
            card_act=read.text("CARD_ACT"),
            locale=read.choice("LOCALE", get_args(Locale)),
            timezone=read.zone("TIMEZONE", "UTC"),
            auth=read.switch("AUTH", False),
            allow_open=read.switch("ALLOW_OPEN", False),
            rate_limit=rate_limit,
            cpu_limit=read.rate("CPU_LIMIT", "90/minute" if rate_limit else "off"),
            trusted_proxies=read.integer("TRUSTED_PROXIES", 0, 0, 9),
            cors_origins=read.origins("CORS_ORIGINS", "off"),
            max_body=read.integer("MAX_BODY_MB", 30, 1, 1024) * 1024 * 1024,
            host=read.host("HOST", "127.0.0.1"),
            port=read.integer("PORT", 8000, 1, 65535),
            workers=read.integer("WEB_CONCURRENCY", _usual_workers(), 1, 64),
            threads=read.integer("WEB_THREADS", 4, 1, 64),
            timeout=read.integer("WEB_TIMEOUT", 60, 1, 3600),
            graceful_timeout=read.integer("WEB_GRACEFUL_TIMEOUT", 25, 1, 3600),
            read_timeout=read.integer("WEB_READ_TIMEOUT", 20, 1, 3600),
            head_timeout=read.integer("WEB_HEAD_TIMEOUT", 10, 1, 3600),
            body_timeout=read.integer("WEB_BODY_TIMEOUT", 120, 1, 3600),
            answer_timeout=read.integer("WEB_ANSWER_TIMEOUT", 300, 1, 86_400),
            max_requests=read.integer("WEB_MAX_REQUESTS", 200_000, 0, 10**9),
            access_log=read.switch("ACCESS_LOG", False),
            access_log_address=read.switch("ACCESS_LOG_ADDRESS", False),
            log_level=read.choice("LOG_LEVEL", get_args(LogLevel)),
            log_format=read.choice("LOG_FORMAT", get_args(LogFormat)),
            metrics=read.switch("METRICS", True),
            metrics_folder=read.folder("PROMETHEUS_MULTIPROC_DIR", None),
            notices=_notices(read),
        )

    @property
    def max_upload(self) -> int:
        """The largest body of a request that may bring a document, bytes."""
        return self.max_body + (self.max_content if self.keep_content else 0)

    @property
    def database_url(self) -> URL:
        """The address of the database."""
        return self.databases.url

    @property
    def database_schema(self) -> str | None:
        """The schema of PostgreSQL that holds the tables; None: as the connection finds them."""
        return self.databases.schema

    def require_startable(self) -> None:
        """Require settings with which a server does what the operator expects.

        Raises:
            SettingsError: it would not.
        """
        if self.is_encrypted:
            raise SettingsError(
                "NCANODE_ENCRYPTION_KEY is set, and this server encrypts nothing: remove it; "
                "`flask --app wsgi move` reads it to decrypt what the original server kept"
            )
        self.require_access_control()

    def require_access_control(self, bound: Iterable[str] = ()) -> None:
        """Require tokens, or a server that only this machine reaches, or ALLOW_OPEN.

        Args:
            bound: hosts that the server listens at, besides HOST.

        Raises:
            SettingsError: none of them is set.
        """
        if self.auth or self.allow_open:
            return
        named = {f"HOST is {self.host}": self.host}
        named |= {f"the server is bound to {host}": host for host in bound}
        for what, host in named.items():
            if not _is_loopback(host):
                raise SettingsError(
                    f"AUTH is off and {what}: every client that can reach it could read, write and "
                    "delete; set AUTH=on, or ALLOW_OPEN=1 if only permitted clients can reach it"
                )


def _notices(read: Reader) -> tuple[str, ...]:
    """Return sentences about variables of the original server that have no effect."""
    zone = read.text("NCANODE_TIMEZONE")
    if zone is None or zone.upper() == "UTC":
        return ()
    notice = (
        "NCANODE_TIMEZONE is ignored, as it was by the original server, whose times are always "
        "UTC. Remove it; TIMEZONE sets another zone for the times in answers"
    )
    return (notice,)


def _usual_workers() -> int:
    """One for each processor; two on a single one, since workers are replaced from time to time."""
    return min(max(len(os.sched_getaffinity(0)), 2), 8)


def _is_loopback(host: str) -> bool:
    try:
        addresses = {str(found[4][0]) for found in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):  # Such an address can't be listened at, either.
        return False
    return all(ip_address(address.partition("%")[0]).is_loopback for address in addresses)


def _public_url(read: Reader) -> str | None:
    """Return the beginning of addresses in answers; a query or a fragment is refused."""
    address = read.address("PUBLIC_URL")
    if address is None:
        return None
    if "?" in address or "#" in address:
        raise SettingsError("PUBLIC_URL must be an address without a query or a fragment")
    if len(address.encode()) > LONGEST_ADDRESS:
        raise SettingsError(f"PUBLIC_URL must have {LONGEST_ADDRESS} bytes or less")
    return address.rstrip("/")
