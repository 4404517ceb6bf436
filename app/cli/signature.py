"""One signature in a file: `check` and `verify`."""

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

import click
from flask import current_app
from sqlalchemy.exc import SQLAlchemyError

from app.cli.report import Given, report, tell
from app.cli.running import first_line, needs, tell_database
from app.cms.errors import MalformedSignature
from app.cms.facts import iso_moment
from app.cms.occasions import Occasion
from app.cms.parsing import parse
from app.cms.signed_data import SignedCms
from app.cms.signed_xml import SignedXml
from app.extensions import current_trust, db
from app.store import reading
from app.store.errors import SignatureNotFound
from app.trust import Trust

EXIT_STATUS = {"yes": 0, "no": 1, "unknown": 2}

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("file", type=_FILE)
@needs("nothing")
def check(file: Path) -> None:
    """Say what kind of signature FILE holds, structurally. Nothing is verified.

    FILE is what a client would send as `cms`, or the signature's bytes themselves (DER).
    Exit status 1: it is no well-formed signature.
    """
    try:
        signature = parse(_read_text(file), trailing_zeros=True)
    except MalformedSignature as error:
        click.echo(str(error))
        raise SystemExit(1) from error
    for line in describe(signature):
        click.echo(line)


def _read_text(file: Path) -> str:
    """Return a file's text; bytes that are none are taken for DER."""
    content = file.read_bytes()
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return base64.b64encode(content).decode()


def _read_time(
    _context: click.Context, _option: click.Parameter, text: str | None
) -> datetime | None:
    """Read an option; a time without its zone is in that of the settings."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        zone: tzinfo = current_app.config["TIMEZONE"]
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise click.BadParameter("not a time such as 2025-06-01T12:00:00+05:00") from error


def describe(signature: SignedCms | SignedXml) -> list[str]:
    """Say in lines of text what a signature consists of."""
    if isinstance(signature, SignedXml):
        return [f"XML, {len(signature.xml)} bytes, signatures: {len(signature.signatures)}"] + [
            f"signature {number}: {one.signature_method}, references: {one.references}"
            for number, one in enumerate(signature.signatures, 1)
        ]
    content = f"{signature.content_size} bytes attached" if signature.attached else "detached"
    return [
        f"CMS, {len(signature.der)} bytes, certificates: {signature.certificates}",
        f"content: {content}, type {signature.content_type}",
    ] + [
        f"signer {number}: digest {one.digest_algorithm}, signature {one.signature_algorithm}, "
        f"identified by {one.identified_by}"
        for number, one in enumerate(signature.signers, 1)
    ]


@dataclass(frozen=True, slots=True)
class _Source:
    """Where a signature comes from."""

    name: str
    text: str
    #: When it was saved, None of a file.
    saved_at: datetime | None = None


@click.command()
@click.argument("file", type=_FILE, required=False)
@click.option("--document", help="Of a stored signature, in place of FILE; with --thread.")
@click.option("--thread", help="Of a stored signature.")
@click.option("--version", type=int, help="Of a stored signature; the current one if not given.")
@click.option("--content", type=_FILE, help="What was signed, if it is not in the signature.")
@click.option("--json", "as_json", is_flag=True, help="Print the same as JSON.")
@click.option("--at", metavar="TIME", callback=_read_time, help="When it existed, ISO 8601.")
@needs("nothing", failure=2)
def verify(
    file: Path | None, content: Path | None, as_json: bool, at: datetime | None, **stored: Any
) -> None:
    """Say who signed, and whether that is true: intact, valid, trusted, and as of when.

    FILE is what a client would send as `cms`, or the signature's bytes themselves (DER). TIME is
    when the signature is known to have existed: else when it was saved, of a file now; a timestamp
    in it that holds counts more. Without a time zone it is in that of the settings.

    Exit status 0: yes to all. 1: no to something, or it is no well-formed signature. 2: nothing is
    bad, but something can't be told.
    """
    trust, source = _current_trust(), _source_of(file, **stored)
    try:
        signature = parse(source.text, trailing_zeros=True)
        if content and isinstance(signature, SignedXml):
            raise click.UsageError("a signed XML document is its own content: no --content")
        data, now = content.read_bytes() if content else None, datetime.now(UTC)
        moment = at or source.saved_at or now
        statuses = trust.verify(signature, data, at=moment, fetch=True, patient=True)
        today = trust.verify(signature, data, at=Occasion(now, now), patient=True)
    except MalformedSignature as error:
        refusal = {"file": source.name, "answer": "no", "error": str(error)}
        click.echo(json.dumps(refusal, ensure_ascii=False) if as_json else str(error))
        raise SystemExit(1) from error
    given: Given = "at" if at else ("saved" if source.saved_at else "now")
    found = {"file": source.name, **report(signature, statuses, given, today)}
    if at:
        for signer in found["signers"]:
            signer["decisive_time"]["asked"] = iso_moment(at)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        _print_words(found, trust)
    raise SystemExit(EXIT_STATUS[found["answer"]])


def _source_of(
    file: Path | None, document: str | None, thread: str | None, version: int | None
) -> _Source:
    """Return the signature that is named: a file's, or a stored one."""
    is_stored = any(value is not None for value in (document, thread, version))
    if (file is not None) is is_stored or (is_stored and not (document and thread)):
        raise click.UsageError("name a FILE, or a stored signature by --document and --thread")
    if file is not None:
        return _Source(click.format_filename(file), _read_text(file))
    try:
        with db.engine.connect() as connection:
            record = reading.get_signature(connection, document or "", thread or "", version)
    except SignatureNotFound as error:
        raise click.ClickException("there is no such signature") from error
    name = f"{record.document}/{record.thread}, version {record.version}"
    return _Source(name, record.text, record.version_created_at)


def _current_trust() -> Trust:
    """Return whom the operator trusts, without what is in the database if that can't be read.

    Its file is not made for that. What is not known there makes no answer a yes.
    """
    trust, url = current_trust(), db.engine.url
    tell_database()
    try:
        if url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
            raise FileNotFoundError("there is no such file")
        if trust.stored:
            trust.stored.current()
    except (SQLAlchemyError, OSError) as error:
        why = first_line(error)
        click.echo(f"what is trusted by the database is not known: {why}", err=True)
        trust.stored = None
    return trust


def _print_words(found: dict[str, Any], trust: Trust) -> None:
    for line in tell(found, current_app.config["TIMEZONE"]):
        click.echo(line)
    if not trust.has_anchors:
        click.echo("There is no trust anchor; `flask trust add` adds one.")


COMMANDS = (check, verify)
