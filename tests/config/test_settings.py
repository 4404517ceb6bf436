"""Every variable: its default, what it takes, and how a bad value is refused."""

import dataclasses
import os
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from limits import parse

from app.factory import create_app
from app.store.database.engine import postgresql_arguments
from config.databases import find_embedded
from config.env import Reader
from config.settings import (
    EMBEDDED_DATABASE,
    LONGEST_ADDRESS,
    REVOCATION_CACHE,
    TRUST_FOLDER,
    Settings,
    SettingsError,
)
from tests.conftest import write_url

MEGABYTE = 1024 * 1024
PASSWORD = "s3cret-pw"


def url_of(**env: str) -> str:
    """Return the address that an environment leads to."""
    return write_url(Settings.from_env(env).database_url)


def refusal(**env: str) -> str:
    """Return the text with which an environment is refused; it is one line without a password."""
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(env)
    line = str(caught.value)
    assert line
    assert len(line.splitlines()) == 1
    assert PASSWORD not in line
    return line


def test_an_empty_environment_gives_the_defaults() -> None:
    settings = Settings.from_env({})
    assert write_url(settings.database_url) == f"sqlite:///{find_embedded(EMBEDDED_DATABASE)}"
    assert settings.database_schema is None
    assert dataclasses.replace(settings, workers=1) == Settings(
        databases=settings.databases,
        database_wait=30,
        is_encrypted=False,
        statement_timeout=10,
        cms_validation="structure",
        detached_content="accept",
        claims="refuse",
        ncalayer_url="wss://127.0.0.1:13579/",
        signing_timestamp="ask",
        organization_name=None,
        organization_bin=None,
        egov_qr=False,
        cosign_guard="warn",
        keep_content=False,
        max_content=100 * MEGABYTE,
        content_store=None,
        strict_tenant=False,
        trust_folder=TRUST_FOLDER,
        revocation="offline",
        revocation_cache=REVOCATION_CACHE,
        evidence="auto",
        has_evidence=False,
        requires_evidence=False,
        stamping_addresses=(),
        evidence_timeout=20,
        evidence_worker=True,
        evidence_record_each=3600,
        evidence_renew_before=365,
        evidence_renew_gain=183,
        outgoing_allow=(),
        ncanode_url=None,
        ncanode_key=None,
        ncanode_password=None,
        web=True,
        public_verify=True,
        secret_key=None,
        families=("ncanode", "solaris", "iinked", "penbox", "ncanode3"),
        ncanode3_path="/ncanode3",
        public_url=None,
        organization_id=None,
        card_system="Tanbahana",
        card_act=None,
        locale="en",
        timezone=ZoneInfo("UTC"),
        auth=False,
        allow_open=False,
        rate_limit=parse("30000/minute"),
        cpu_limit=parse("90/minute"),
        trusted_proxies=0,
        cors_origins=None,
        max_body=30 * MEGABYTE,
        host="127.0.0.1",
        port=8000,
        workers=1,
        threads=4,
        timeout=60,
        graceful_timeout=25,
        read_timeout=20,
        head_timeout=10,
        body_timeout=120,
        answer_timeout=300,
        max_requests=200_000,
        access_log=False,
        access_log_address=False,
        log_level="info",
        log_format="json",
        metrics=True,
        metrics_folder=None,
        notices=(),
    )


def test_the_default_number_of_workers_follows_the_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for cores, workers in ((1, 2), (2, 2), (4, 4), (8, 8), (64, 8)):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _pid, n=cores: set(range(n)))
        assert Settings.from_env({}).workers == workers


def test_the_embedded_database_lies_in_the_project() -> None:
    project = Path(__file__).parents[2]
    assert project / "var" / "tanbahana.sqlite3" == EMBEDDED_DATABASE
    assert EMBEDDED_DATABASE.is_absolute()


VARIABLES = [
    ("NCALAYER_URL", "wss://localhost:1/", "ncalayer_url", "wss://localhost:1/"),
    ("SIGNING_TIMESTAMP", "require", "signing_timestamp", "require"),
    ("ORGANIZATION_BIN", "050140001234", "organization_bin", "050140001234"),
    ("EGOV_QR", "on", "egov_qr", True),
    ("ORGANIZATION_NAME", 'ТОО "ПРИМЕР"', "organization_name", 'ТОО "ПРИМЕР"'),
    ("WEB", "off", "web", False),
    ("PUBLIC_VERIFY", "off", "public_verify", False),
    ("SECRET_KEY", "0123456789abcdef" * 2, "secret_key", "0123456789abcdef" * 2),
    ("CARD_SYSTEM", "Архив", "card_system", "Архив"),
    ("CARD_ACT", "Правила", "card_act", "Правила"),
    ("CMS_VALIDATION", "off", "cms_validation", "off"),
    ("CMS_VALIDATION", "structure", "cms_validation", "structure"),
    ("CMS_VALIDATION", "signature", "cms_validation", "signature"),
    ("CMS_VALIDATION", "trusted", "cms_validation", "trusted"),
    ("CMS_DETACHED", "refuse", "detached_content", "refuse"),
    ("CLAIMS", "accept", "claims", "accept"),
    ("CLAIMS", "refuse", "claims", "refuse"),
    ("COSIGN_GUARD", "off", "cosign_guard", "off"),
    ("COSIGN_GUARD", "refuse", "cosign_guard", "refuse"),
    ("KEEP_CONTENT", "on", "keep_content", True),
    ("MAX_CONTENT_MB", "500", "max_content", 500 * MEGABYTE),
    ("KEEP_CONTENT", "on", "max_upload", 130 * MEGABYTE),
    ("KEEP_CONTENT", "off", "max_upload", 30 * MEGABYTE),
    ("CONTENT_STORE", "file:/var/kept", "content_store", "file:/var/kept"),
    ("CONTENT_STORE", "s3://kept/a/b", "content_store", "s3://kept/a/b"),
    ("TRUST_DIR", "/", "trust_folder", Path("/")),
    ("REVOCATION", "online", "revocation", "online"),
    ("REVOCATION_CACHE", "/not/there/yet", "revocation_cache", Path("/not/there/yet")),
    ("EVIDENCE", "queue", "evidence", "queue"),
    ("EVIDENCE", "queue", "has_evidence", True),
    ("EVIDENCE", "off", "has_evidence", False),
    ("EVIDENCE", "require", "has_evidence", True),
    ("EVIDENCE", "require", "requires_evidence", True),
    ("REVOCATION", "online", "has_evidence", True),
    ("TSA_URL", "http://a/ , https://b/", "stamping_addresses", ("http://a/", "https://b/")),
    ("EVIDENCE_TIMEOUT", "5", "evidence_timeout", 5),
    ("EVIDENCE_WORKER", "off", "evidence_worker", False),
    ("EVIDENCE_RECORD_EACH", "600", "evidence_record_each", 600),
    ("EVIDENCE_RENEW_BEFORE", "180", "evidence_renew_before", 180),
    ("EVIDENCE_RENEW_GAIN", "30", "evidence_renew_gain", 30),
    ("NCANODE_REMOTE_URL", "http://ncanode:14579", "ncanode_url", "http://ncanode:14579"),
    ("NCANODE_KEY", __file__, "ncanode_key", Path(__file__).resolve()),
    ("NCANODE_PWD", "secret", "ncanode_password", "secret"),
    ("FAMILIES", "penbox, ncanode", "families", ("ncanode", "penbox")),
    ("NCANODE3_PATH", "/", "ncanode3_path", ""),
    ("NCANODE3_PATH", "/sign/v3/", "ncanode3_path", "/sign/v3"),
    ("PUBLIC_URL", "https://store.example.kz/", "public_url", "https://store.example.kz"),
    (
        "ORGANIZATION_ID",
        "24261EE6-5f66-4692-ba49-533c9b58999b",
        "organization_id",
        "24261ee6-5f66-4692-ba49-533c9b58999b",
    ),
    ("LOCALE", "kk", "locale", "kk"),
    ("TIMEZONE", "Asia/Almaty", "timezone", ZoneInfo("Asia/Almaty")),
    *[("AUTH", word, "auth", True) for word in ("on", "1")],
    ("ALLOW_OPEN", "1", "allow_open", True),
    *[("RATE_LIMIT", word, "rate_limit", None) for word in ("off", "OFF", "0", "no")],
    *[("RATE_LIMIT", word, "cpu_limit", None) for word in ("off", "OFF", "0", "no")],
    *[("CPU_LIMIT", word, "cpu_limit", None) for word in ("off", "OFF", "0", "no")],
    ("CPU_LIMIT", "20 per 2 minutes", "cpu_limit", parse("20/2minute")),
    ("RATE_LIMIT", "600/minute", "rate_limit", parse("600 per minute")),
    ("RATE_LIMIT", "5 per 2 hours", "rate_limit", parse("5/2hour")),
    ("TRUSTED_PROXIES", "2", "trusted_proxies", 2),
    (
        "OUTGOING_ALLOW",
        "Crl.lan, 10.0.0.0/8 ::1",
        "outgoing_allow",
        ("crl.lan", "10.0.0.0/8", "::1"),
    ),
    ("CORS_ORIGINS", "off", "cors_origins", None),
    ("CORS_ORIGINS", "*", "cors_origins", "*"),
    ("CORS_ORIGINS", "https://a.kz", "cors_origins", ("https://a.kz",)),
    (
        "CORS_ORIGINS",
        "https://a.kz, http://localhost:3000,https://a.kz",
        "cors_origins",
        ("https://a.kz", "http://localhost:3000"),
    ),
    ("MAX_BODY_MB", "1", "max_body", MEGABYTE),
    ("MAX_BODY_MB", "1024", "max_body", 1024 * MEGABYTE),
    ("HOST", "0.0.0.0", "host", "0.0.0.0"),  # noqa: S104 - as in a container
    ("HOST", "::1", "host", "::1"),
    ("PORT", "1", "port", 1),
    ("PORT", "65535", "port", 65535),
    ("PORT", " 8080 ", "port", 8080),
    ("WEB_CONCURRENCY", "3", "workers", 3),
    ("WEB_THREADS", "16", "threads", 16),
    ("WEB_TIMEOUT", "120", "timeout", 120),
    ("WEB_GRACEFUL_TIMEOUT", "5", "graceful_timeout", 5),
    ("WEB_MAX_REQUESTS", "0", "max_requests", 0),
    ("WEB_MAX_REQUESTS", "500", "max_requests", 500),
    *[("ACCESS_LOG", word, "access_log", True) for word in ("1", "on", "true", "yes", "ON")],
    *[("ACCESS_LOG", word, "access_log", False) for word in ("0", "off", "false", "no", "No")],
    *[("LOG_LEVEL", word, "log_level", word) for word in ("debug", "info", "warning", "error")],
    ("PG_WAIT", "0", "database_wait", 0),
    ("PG_SCHEMA", "ncanode", "database_schema", "ncanode"),
    ("PG_SCHEMA", "_My$Schema9", "database_schema", "_My$Schema9"),
    ("PG_SCHEMA", "s" * 63, "database_schema", "s" * 63),
    ("PG_SCHEMA", "public", "database_schema", "public"),
]


@pytest.mark.parametrize("zone", ["Asia/Almaty", "Nowhere", "+05:00"])
def test_the_zone_of_the_original_is_not_obeyed_which_is_reported(zone: str) -> None:
    settings = Settings.from_env({"NCANODE_TIMEZONE": zone})
    assert settings.timezone == ZoneInfo("UTC")
    (notice,) = settings.notices
    assert notice.startswith("NCANODE_TIMEZONE is ignored")


@pytest.mark.parametrize("zone", ["Utc", "UTC", ""])
def test_the_zone_of_the_original_that_changes_nothing_is_not_reported(zone: str) -> None:
    assert Settings.from_env({"NCANODE_TIMEZONE": zone}).notices == ()


@pytest.mark.parametrize(("variable", "value", "field", "expected"), VARIABLES)
def test_a_variable_fills_its_field(
    variable: str, value: str, field: str, expected: object
) -> None:
    env = {"PG_HOST": "db", variable: value}
    assert getattr(Settings.from_env(env), field) == expected


@pytest.mark.parametrize("variable", sorted({row[0] for row in VARIABLES} | {"DATABASE_URL"}))
@pytest.mark.parametrize("nothing", ["", "  "])
def test_an_empty_variable_counts_as_absent(variable: str, nothing: str) -> None:
    assert Settings.from_env({variable: nothing}) == Settings.from_env({})


BAD = [
    *[
        ("NCALAYER_URL", value)
        for value in (
            "https://127.0.0.1/",
            "wss://example.kz/",
            "wss://10.0.0.1:13579",
            "wss://127.0.0.1:99999/",
            "wss://127.0.0.1:13579/; img-src *",
        )
    ],
    ("SIGNING_TIMESTAMP", "maybe"),
    ("ORGANIZATION_BIN", "BIN050140001234"),
    *[
        (name, value)
        for name in (
            "PORT",
            "MAX_BODY_MB",
            "WEB_CONCURRENCY",
            "WEB_THREADS",
            "WEB_TIMEOUT",
            "WEB_GRACEFUL_TIMEOUT",
            "WEB_MAX_REQUESTS",
        )
        for value in (
            "x",
            "-1",
            "1.5",
            "1e3",
            "0x1",
            "١",
            "1 2",
            "9" * 30,
            "9" * 5000,
            "two\nlines",
        )
    ],
    *[
        (name, "0")
        for name in (
            "PORT",
            "MAX_BODY_MB",
            "WEB_CONCURRENCY",
            "WEB_THREADS",
            "WEB_TIMEOUT",
            "WEB_GRACEFUL_TIMEOUT",
        )
    ],
    ("PORT", "65536"),
    ("MAX_BODY_MB", "1025"),
    ("WEB_CONCURRENCY", "65"),
    ("WEB_THREADS", "65"),
    ("WEB_TIMEOUT", "3601"),
    ("WEB_GRACEFUL_TIMEOUT", "3601"),
    ("CMS_VALIDATION", "on"),
    ("CMS_DETACHED", "maybe"),
    ("CLAIMS", "yes"),
    ("COSIGN_GUARD", "on"),
    ("TRUST_DIR", __file__),
    ("OUTGOING_ALLOW", "10.0.0.0/33"),
    ("OUTGOING_ALLOW", "10.0.0"),
    ("OUTGOING_ALLOW", "http://crl.lan/"),
    ("REVOCATION", "on"),
    ("EVIDENCE", "on"),
    ("TSA_URL", "http://a/ ftp://b/"),
    ("EVIDENCE_TIMEOUT", "0"),
    ("EVIDENCE_WORKER", "maybe"),
    ("EVIDENCE_RECORD_EACH", "59"),
    ("EVIDENCE_RENEW_BEFORE", "0"),
    ("EVIDENCE_RENEW_GAIN", "a year"),
    ("REVOCATION_CACHE", __file__),
    ("NCANODE_REMOTE_URL", "ncanode:14579"),
    ("NCANODE_REMOTE_URL", "ftp://ncanode"),
    ("NCANODE_REMOTE_URL", "http://[::1"),
    ("NCANODE_KEY", "/not/there"),
    ("NCANODE_KEY", "/"),
    ("SECRET_KEY", "too short"),
    ("CMS_VALIDATION", "OFF\nstructure"),
    ("ACCESS_LOG", "maybe"),
    ("ACCESS_LOG", "2"),
    ("LOG_LEVEL", "trace"),
    ("LOG_LEVEL", "10"),
    ("FAMILIES", "ncanode,docusign"),
    ("FAMILIES", ","),
    ("NCANODE3_PATH", "ncanode3"),
    ("NCANODE3_PATH", "//"),
    ("NCANODE3_PATH", "/<path>"),
    ("PUBLIC_URL", "store.example.kz"),
    ("PUBLIC_URL", "https://store.example.kz/?office=1"),
    ("PUBLIC_URL", "https://store.example.kz/#office"),
    ("PUBLIC_URL", f"https://store.example.kz/{'a' * LONGEST_ADDRESS}"),
    ("ORGANIZATION_ID", "bank"),
    ("LOCALE", "de"),
    ("AUTH", "maybe"),
    ("ALLOW_OPEN", "maybe"),
    *[
        (name, value)
        for name in ("RATE_LIMIT", "CPU_LIMIT")
        for value in (
            "many",
            "600",
            "600/fortnight",
            "0/minute",
            "-1/minute",
            "5/second;60/minute",
            "600/minute\nx",
            "1" + "0" * 30 + "/minute",
            "5/9999years",
        )
    ],
    ("TRUSTED_PROXIES", "-1"),
    ("TRUSTED_PROXIES", "10"),
    ("TRUSTED_PROXIES", "on"),
    *[
        ("CORS_ORIGINS", value)
        for value in (
            "a.kz",
            "https://a.kz/",
            "https://a.kz/path",
            "https://A.kz",
            "https://a.kz,*",
            "https://*.a.kz",
            "null",
            ",",
        )
    ],
    ("TIMEZONE", "Almaty"),
    ("TIMEZONE", "Asia"),
    ("TIMEZONE", "+05:00"),
    ("TIMEZONE", "../etc/passwd"),
    ("TIMEZONE", "/etc/localtime"),
    ("TIMEZONE", "Asia/Almaty\nx"),
    ("TIMEZONE", "a\0b"),
    ("MAX_CONTENT_MB", "501"),
    *[("CONTENT_STORE", value) for value in ("kept", "file:kept", "s3://", "s3://A", "ftp://a")],
    ("PG_WAIT", "-1"),
    ("PG_WAIT", "3601"),
    ("PG_SCHEMA", "a b"),
    ("PG_SCHEMA", 'a"b'),
    ("PG_SCHEMA", "a;b"),
    ("PG_SCHEMA", "9a"),
    ("PG_SCHEMA", "схема"),
    ("PG_SCHEMA", "s" * 64),
    ("PG_SCHEMA", "a\nb"),
]


@pytest.mark.parametrize(("variable", "value"), BAD)
def test_a_bad_value_is_refused_in_one_line_that_begins_with_the_variable(
    variable: str, value: str
) -> None:
    assert refusal(**{"PG_HOST": "db", variable: value}).startswith(f"{variable} ")


@pytest.mark.attacks
@pytest.mark.parametrize("variable", sorted({row[0] for row in VARIABLES} | {"DATABASE_URL"}))
def test_what_is_not_utf_8_is_refused_by_name(variable: str) -> None:
    """Bytes of the environment that no text has, as Python passes them on (PEP 383)."""
    env = {"PG_HOST": "db"} if variable.startswith("PG_") else {}
    for value in (os.fsdecode(b"http://\xff/"), os.fsdecode("Привет".encode("cp1251"))):
        line = refusal(**{**env, variable: value})
        assert line == f"{variable} must be text in UTF-8"


@pytest.mark.attacks
@pytest.mark.parametrize("is_file", [True, False])
def test_a_path_that_can_not_be_looked_at_is_refused(tmp_path: Path, is_file: bool) -> None:
    variable = "NCANODE_KEY" if is_file else "TRUST_DIR"
    loop, closed = tmp_path / "loop", tmp_path / "closed"
    loop.symlink_to(loop)
    closed.mkdir(mode=0)
    nobody, before = 65534, os.geteuid()
    if before == 0:  # Who may enter every folder.
        os.seteuid(nobody)
    try:
        for value in ("x" * 300, str(loop / "x"), str(closed / "x")):
            # Not `Settings`, for which this user may lack other paths.
            read = Reader({variable: value})
            with pytest.raises(SettingsError, match=rf"^{variable} [^\n]+$"):
                _ = read.file(variable) if is_file else read.folder(variable, None)
    finally:
        os.seteuid(before)
        closed.chmod(0o700)


@pytest.mark.parametrize(
    "value",
    [
        "nonsense",
        "postgresql",
        "postgresql//db",
        f"postgresql://user:{PASSWORD}@host:port/db",
        f"postgresql://user:{PASSWORD}@host:99999999/db",
        f"postgresql://user:{PASSWORD}@[::1/db",
        f"postgresql+asyncpg://user:{PASSWORD}@host/db",
        f"mysql://user:{PASSWORD}@host/db",
        f"oracle://user:{PASSWORD}@host/db",
        f"POSTGRESQL://user:{PASSWORD}@host/db",
        f"http://user:{PASSWORD}@host/db",
        f"user:{PASSWORD}@host/db",
        f"//user:{PASSWORD}@host",
        f"{PASSWORD}\nx",
        "sqlite+aiosqlite:////srv/store.sqlite3",
    ],
)
def test_a_bad_database_address_is_refused_without_repeating_it(value: str) -> None:
    assert refusal(DATABASE_URL=value).startswith("DATABASE_URL ")


@pytest.mark.parametrize(
    "value",
    [
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite:///file::memory:?cache=shared&uri=true",
        "sqlite:///file:x?mode=memory&uri=true",
        "sqlite://host/file.sqlite3",
    ],
)
def test_a_sqlite_database_has_to_be_a_file(value: str) -> None:
    line = refusal(DATABASE_URL=value)
    assert line.startswith("DATABASE_URL ")
    assert "sqlite:///" in line


def test_a_relative_sqlite_path_is_made_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    expected = f"sqlite:///{tmp_path.resolve()}/some/store.sqlite3"
    assert url_of(DATABASE_URL="sqlite:///some/store.sqlite3") == expected


def test_an_absolute_sqlite_path_stays() -> None:
    assert url_of(DATABASE_URL="sqlite:////srv/store.sqlite3") == "sqlite:////srv/store.sqlite3"


@pytest.mark.parametrize(
    "scheme", ["postgres", "postgresql", "postgresql+psycopg2", "postgresql+psycopg"]
)
def test_a_postgresql_address_may_be_written_in_several_ways(scheme: str) -> None:
    rest = f"user:{PASSWORD}@db.example:6432/store?sslmode=require"
    given = f"{scheme}://{rest}"
    assert url_of(DATABASE_URL=given) == f"postgresql+psycopg://{rest}"
    assert url_of(DATABASE_URL=f" {given}\n") == f"postgresql+psycopg://{rest}"


def test_a_password_with_special_characters_is_understood() -> None:
    settings = Settings.from_env({"DATABASE_URL": "postgres://us%40er:p%2Fw%25@h/db"})
    assert settings.database_url.username == "us@er"
    assert settings.database_url.password == "p/w%"


def test_the_variables_of_the_original_server_make_an_address() -> None:
    settings = Settings.from_env(
        {
            "PG_HOST": "db.example",
            "PG_PORT": "6432",
            "PG_DATABASE": "ncanode",
            "PG_USER": "us@er",
            "PG_PASSWORD": "p/w%:@ ё",
            "PG_SCHEMA": "ncanode",
        }
    )
    url = settings.database_url
    assert (url.drivername, url.host, url.port) == ("postgresql+psycopg", "db.example", 6432)
    assert (url.database, url.username, url.password) == ("ncanode", "us@er", "p/w%:@ ё")
    assert settings.database_schema == "ncanode"


def test_the_port_of_the_original_server_has_a_default() -> None:
    assert url_of(PG_HOST="db", PG_PORT="") == (
        "postgresql+psycopg://postgres:postgres@db:5432/ncanode"
    )


@pytest.mark.parametrize(
    ("hosts", "host", "port"),
    [
        ("db", "db", 5432),
        ("db.example:6432", "db.example", 6432),
        ("127.0.0.1", "127.0.0.1", 5432),
        ("::1", "::1", 5432),
        ("[::1]:6432", "::1", 6432),
        ("/run/postgresql", "/run/postgresql", 5432),
    ],
)
def test_the_host_of_the_original_server_may_bring_its_port(
    hosts: str, host: str, port: int
) -> None:
    url = Settings.from_env({"PG_HOST": hosts}).database_url
    assert (url.host, url.port) == (host, port)


@pytest.mark.parametrize(
    ("env", "hosts", "ports"),
    [
        ({"PG_HOST": "a, b:6432,[::1]:1", "PG_PORT": "7"}, "a,b,::1", "7,6432,1"),
        ({"DATABASE_URL": "postgres://u:p@a:1,b/db"}, "a,b", "1,5432"),
        ({"DATABASE_URL": "postgres://a,[::2]:9/db?sslmode=require"}, "a,::2", "5432,9"),
        ({"DATABASE_URL": "postgres://u@/db?host=a,b&port=1,2"}, "a,b", "1,2"),
    ],
)
def test_several_hosts_are_given_as_libpq_takes_them(
    env: dict[str, str], hosts: str, ports: str
) -> None:
    url = Settings.from_env(env).database_url
    _, arguments = url.get_dialect()().create_connect_args(url)
    assert (arguments["host"], arguments["port"]) == (hosts, ports)
    assert "target_session_attrs" not in url.query
    assert postgresql_arguments(url)["target_session_attrs"] == "read-write"


def test_which_of_several_hosts_is_taken_can_be_said(monkeypatch: pytest.MonkeyPatch) -> None:
    env = {"DATABASE_URL": "postgres://a:1,b/db?target_session_attrs=any"}
    url = Settings.from_env(env).database_url
    assert url.query["target_session_attrs"] == "any"
    assert "target_session_attrs" not in postgresql_arguments(url)
    monkeypatch.setenv("PGTARGETSESSIONATTRS", "primary")
    url = Settings.from_env({"PG_HOST": "a,b"}).database_url
    assert postgresql_arguments(url)["target_session_attrs"] == "primary"


@pytest.mark.parametrize("name", ["PG_HOST", "PG_REAL_HOST", "PG_SLAVES"])
@pytest.mark.parametrize(
    "value", ["a,,b", ",", "a b", "a:x", "a:0", "a:65536", "[a]:1", "1:2:3", "u:pw@a", "http://a"]
)
def test_hosts_that_can_not_be_meant_are_refused(name: str, value: str) -> None:
    line = refusal(**{"PG_HOST": "db", name: value})
    assert line.startswith(f"{name} must list hosts")
    assert "pw" not in line


@pytest.mark.parametrize("value", ["a:x,b", "a,,b", "a,b:70000"])
def test_hosts_of_an_address_that_can_not_be_meant_are_refused(value: str) -> None:
    line = refusal(DATABASE_URL=f"postgres://u:{PASSWORD}@{value}/db")
    assert line.startswith("DATABASE_URL must list hosts")
    twice = refusal(DATABASE_URL=f"postgres://u:{PASSWORD}@a,b/db?host=c")
    assert twice.startswith("DATABASE_URL must name its hosts once")


@pytest.mark.parametrize(
    "main",
    [{"PG_HOST": "pooler:6432"}, {"DATABASE_URL": "postgres://postgres@pooler:6432/ncanode"}],
)
def test_migrations_and_reads_may_go_elsewhere(main: dict[str, str]) -> None:
    more = {"PG_REAL_HOST": "real:5432", "PG_SLAVES": "one, two:5433"}
    databases = Settings.from_env({**main, **more}).databases
    real, replicas = databases.migration_url, databases.replica_urls
    assert (real.host, real.port, real.database, real.username) == (
        "real",
        5432,
        "ncanode",
        "postgres",
    )
    assert [(one.host, one.port, one.database) for one in replicas] == [
        ("one", 6432, "ncanode"),
        ("two", 5433, "ncanode"),
    ]
    assert databases.migration_variable == "PG_REAL_HOST"
    without = Settings.from_env(main).databases
    assert (without.migration_url, without.replica_urls) == (without.url, ())
    assert without.migration_variable == without.host_variable == next(iter(main))


def test_a_file_has_no_replicas(tmp_path: Path) -> None:
    env = {"DATABASE_URL": f"sqlite:///{tmp_path}/s.sqlite3", "PG_SLAVES": "a", "PG_REAL_HOST": "b"}
    databases = Settings.from_env(env).databases
    assert databases.replica_urls == ()
    assert databases.migration_url == databases.url


def test_the_originals_key_stops_a_server_and_no_command() -> None:
    settings = Settings.from_env({"NCANODE_ENCRYPTION_KEY": PASSWORD})
    with pytest.raises(SettingsError) as caught:
        settings.require_startable()
    line = str(caught.value)
    assert line.startswith("NCANODE_ENCRYPTION_KEY is set")
    assert "flask --app wsgi move" in line
    assert PASSWORD not in line + repr(settings)


@pytest.mark.parametrize("port", ["x", "0", "65536", "-1"])
def test_a_bad_port_of_the_original_server_is_refused(port: str) -> None:
    line = refusal(PG_HOST="db", PG_PASSWORD=PASSWORD, PG_PORT=port)
    assert line.startswith("PG_PORT ")


def test_the_address_goes_before_the_variables_of_the_original_server() -> None:
    assert url_of(DATABASE_URL="postgres://one/db", PG_HOST="other") == (
        "postgresql+psycopg://one/db"
    )


def test_a_schema_is_nothing_for_a_sqlite_file(tmp_path: Path) -> None:
    env = {"DATABASE_URL": f"sqlite:///{tmp_path / 'store.sqlite3'}", "PG_SCHEMA": "ncanode"}
    settings = Settings.from_env(env)
    assert settings.database_schema is None
    app = create_app(settings)
    result = app.test_cli_runner().invoke(args=["db", "upgrade"])
    assert result.exit_code == 0, result.exception


def test_settings_do_not_show_the_password() -> None:
    address = f"postgres://user:{PASSWORD}@host/db"
    assert PASSWORD not in repr(Settings.from_env({"DATABASE_URL": address}))
    env = {"PG_HOST": "db", "PG_PASSWORD": PASSWORD}
    assert PASSWORD not in repr(Settings.from_env(env))


def test_settings_can_not_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings.from_env({}).port = 1  # type: ignore[misc]


def test_an_application_without_settings_reads_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'store.sqlite3'}")
    monkeypatch.setenv("MAX_BODY_MB", "2")
    assert create_app().config["MAX_CONTENT_LENGTH"] == 2 * MEGABYTE
    monkeypatch.setenv("MAX_BODY_MB", "two")
    with pytest.raises(SystemExit) as caught:
        create_app()
    assert str(caught.value).startswith("MAX_BODY_MB ")


@pytest.mark.parametrize(
    "env",
    [
        {},
        {"HOST": "127.0.0.1"},
        {"HOST": "127.1.2.3"},
        {"HOST": "::1"},
        {"HOST": "localhost"},
        {"HOST": "0.0.0.0", "AUTH": "on"},  # noqa: S104 - as in a container
        {"HOST": "0.0.0.0", "ALLOW_OPEN": "1"},  # noqa: S104
        {"HOST": "::", "AUTH": "on"},
    ],
)
def test_a_server_that_is_locked_or_reached_from_here_alone_may_start(env: dict[str, str]) -> None:
    Settings.from_env(env).require_access_control()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7"])  # noqa: S104
def test_a_server_open_to_the_world_is_refused_in_one_line(host: str) -> None:
    settings = Settings.from_env({"HOST": host, "ALLOW_OPEN": "0"})
    with pytest.raises(SettingsError) as caught:
        settings.require_access_control()
    line = str(caught.value)
    assert len(line.splitlines()) == 1
    for name in ("AUTH=on", "ALLOW_OPEN=1", f"HOST is {host}"):
        assert name in line


@pytest.mark.parametrize(
    "rest",
    ["u:pa@ss@h:5499/qol", "u:p@s/s@h/qol", "u:p@s?s@h/qol", "u:p@ss@a,b/qol", "u:p@ss@h/q?a=b@c"],
)
def test_a_password_with_an_at_is_refused_and_not_repeated(rest: str) -> None:
    line = refusal(DATABASE_URL=f"postgresql://{rest}")
    assert line == "DATABASE_URL has several @: percent-encode those within it as %40"


def test_an_at_elsewhere_is_none_of_a_password() -> None:
    assert url_of(DATABASE_URL="postgres://u:p%40s@h/q?a=b@c").startswith("postgresql+psycopg://u:")
    assert url_of(DATABASE_URL="sqlite:////srv/a@b@c.sqlite3").endswith("a%40b%40c.sqlite3")
