"""Every variable that the program reads from its environment, checked once, at start."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
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
    "REVOCATION_CACHE",
    "TRUST_FOLDER",
    "Settings",
    "SettingsError",
]

PROJECT = Path(__file__).resolve().parent.parent
TRUST_FOLDER = PROJECT / "var" / "trust"
REVOCATION_CACHE = PROJECT / "var" / "revocation"

CmsValidation = Literal["structure", "off", "signature", "trusted"]
DetachedContent = Literal["accept", "refuse"]
Claims = Literal["refuse", "accept"]
CosignGuard = Literal["warn", "off", "refuse"]
Revocation = Literal["offline", "online"]
FamilyName = Literal["ncanode", "solaris", "iinked", "penbox"]
Locale = Literal["en", "ru", "kk"]
LogLevel = Literal["info", "debug", "warning", "error"]
LogFormat = Literal["json", "text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an operator decides. `from_env` says which variable fills which field."""

    #: Where the database is, and its replicas, and which variables say so.
    databases: Databases
    #: Seconds for which a start, or a migration, waits for PostgreSQL.
    database_wait: int
    #: Whether there is a key by which the original server encrypted what it kept.
    is_encrypted: bool
    #: Seconds after which a statement of a request is broken off.
    statement_timeout: int
    #: How far a signature is checked before it is kept.
    cms_validation: CmsValidation
    #: What becomes of a detached signature whose content isn't sent, where it is to be verified.
    detached_content: DetachedContent
    #: Whether what certificates claim passes /cms/validate while no trust anchor is set up.
    claims: Claims
    #: What becomes of a version that drops a signer of the one before, or signs other content.
    cosign_guard: CosignGuard
    #: Whether a header that asks for a tenant's own store is refused.
    strict_tenant: bool
    #: Folder of the trust anchors, other certificates and CRLs that the operator put there.
    trust_folder: Path
    #: Whether CRLs and OCSP responses are fetched, and where they are kept.
    revocation: Revocation
    revocation_cache: Path
    #: Hosts, addresses and networks that are asked though they are not on the Internet.
    outgoing_allow: tuple[str, ...]
    #: Address of a NCANode server that POST /origin forwards to, None if there is none; the key
    #: (PKCS #12) and its password that are put into what is forwarded.
    ncanode_url: str | None
    ncanode_key: Path | None
    ncanode_password: str | None = field(repr=False)
    #: The API families that are served.
    families: tuple[FamilyName, ...]
    #: Where this server is found from outside, without a slash at the end; None: it isn't known.
    public_url: str | None
    #: What iinked's clients know this organisation by, a UUID.
    organization_id: str | None
    #: The language that Penbox's clients are told.
    locale: Locale
    #: The zone of every time that the API writes.
    timezone: ZoneInfo
    #: Whether callers need a token; and whether a server that asks for none may be reached from
    #: other machines.
    auth: bool
    allow_open: bool
    #: How many requests each caller has in which time; None: any number.
    rate_limit: RateLimitItem | None
    #: How many CPU seconds these requests have in which time; None: any number.
    cpu_limit: RateLimitItem | None
    #: How many proxies stand before the server, each of which adds to X-Forwarded-For.
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
    #: Seconds after which a silent worker is replaced, and that a stopping one may take.
    timeout: int
    graceful_timeout: int
    #: Seconds for which a client may take nothing of an answer; and those that a request's head,
    #: its body and its answer may take as a whole.
    read_timeout: int
    head_timeout: int
    body_timeout: int
    answer_timeout: int
    #: Requests after which a worker is replaced by a fresh one; 0: never.
    max_requests: int
    access_log: bool
    #: Whether such a line names the client's address.
    access_log_address: bool
    log_level: LogLevel
    log_format: LogFormat
    #: Whether requests are counted and GET /metrics tells of it; the folder in which several
    #: processes do so together, None: one is made, and goes when the server ends.
    metrics: bool
    metrics_folder: Path | None
    #: Sentences about variables that are set and not obeyed, said at start.
    notices: tuple[str, ...]

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Settings:
        """Read and check every variable.

        Raises:
            SettingsError: a value can't be used; the first one that is found.
        """
        read = Reader(env)
        rate_limit = read.rate("RATE_LIMIT", "30000/minute")
        return cls(
            databases=read_databases(read),
            database_wait=read.integer("PG_WAIT", 30, 0, 3600),
            is_encrypted=read.text("NCANODE_ENCRYPTION_KEY") is not None,
            statement_timeout=read.integer("STATEMENT_TIMEOUT", 10, 1, 3600),
            cms_validation=read.choice("CMS_VALIDATION", get_args(CmsValidation)),
            detached_content=read.choice("CMS_DETACHED", get_args(DetachedContent)),
            claims=read.choice("CLAIMS", get_args(Claims)),
            cosign_guard=read.choice("COSIGN_GUARD", get_args(CosignGuard)),
            strict_tenant=read.switch("STRICT_TENANT", False),
            trust_folder=read.folder("TRUST_DIR", TRUST_FOLDER),
            revocation=read.choice("REVOCATION", get_args(Revocation)),
            revocation_cache=read.folder("REVOCATION_CACHE", REVOCATION_CACHE),
            outgoing_allow=read.destinations("OUTGOING_ALLOW"),
            ncanode_url=read.address("NCANODE_REMOTE_URL"),
            ncanode_key=read.file("NCANODE_KEY"),
            ncanode_password=read.text("NCANODE_PWD"),
            families=read.choices("FAMILIES", get_args(FamilyName)),
            public_url=_public_url(read),
            organization_id=read.uuid("ORGANIZATION_ID"),
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
    def database_url(self) -> URL:
        """The address of the database."""
        return self.databases.url

    @property
    def database_schema(self) -> str | None:
        """The schema of PostgreSQL that holds the tables; None: as the connection finds them."""
        return self.databases.schema

    def demand_startable(self) -> None:
        """Demand that a server with these settings does what those who set them expect.

        Raises:
            SettingsError: it would not.
        """
        if self.is_encrypted:
            raise SettingsError(
                "NCANODE_ENCRYPTION_KEY is set, and this server encrypts nothing: remove it; "
                "`flask --app wsgi move` reads it to decrypt what the original server kept"
            )
        self.demand_a_lock()

    def demand_a_lock(self) -> None:
        """Demand that a server without tokens is reached from this machine only, or means it.

        Raises:
            SettingsError: it is not so.
        """
        if self.auth or self.allow_open or _is_loopback(self.host):
            return
        raise SettingsError(
            f"AUTH is off and HOST is {self.host}: everybody who reaches it could read, write and "
            "delete; set AUTH=on, or ALLOW_OPEN=1 if only those reach it who may"
        )


def _notices(read: Reader) -> tuple[str, ...]:
    """Return what is to be said about variables of the original server that have no effect."""
    zone = read.text("NCANODE_TIMEZONE")
    if zone is None or zone.upper() == "UTC":
        return ()
    said = (
        "NCANODE_TIMEZONE is not obeyed, as the original server never did: its times are always "
        "UTC. Remove it; TIMEZONE sets another zone for the times in answers"
    )
    return (said,)


def _usual_workers() -> int:
    """One for each processor; two on a single one, since workers are replaced now and then."""
    return min(max(len(os.sched_getaffinity(0)), 2), 8)


def _is_loopback(host: str) -> bool:
    addresses = {str(found[4][0]) for found in socket.getaddrinfo(host, None)}
    return all(ip_address(address.partition("%")[0]).is_loopback for address in addresses)


def _public_url(read: Reader) -> str | None:
    """Return what the addresses in answers begin with: a query or a fragment would end them."""
    address = read.address("PUBLIC_URL")
    if address is None:
        return None
    if "?" in address or "#" in address:
        raise SettingsError("PUBLIC_URL must be an address without a query or a fragment")
    return address.rstrip("/")
