"""One signature in a file: `check` and `verify`."""

import base64
import json
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

import click
from flask import current_app

from app.cli.report import report, tell
from app.cli.running import needs
from app.cms.errors import MalformedSignature
from app.cms.parsing import parse
from app.cms.signed_data import SignedCms
from app.cms.signed_xml import SignedXml
from app.extensions import current_trust
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


@click.command()
@click.argument("file", type=_FILE)
@click.option("--content", type=_FILE, help="What was signed, if it is not in FILE.")
@click.option("--json", "as_json", is_flag=True, help="Print the same as JSON.")
@click.option("--at", metavar="TIME", callback=_read_time, help="When it existed, ISO 8601.")
@needs("nothing")
def verify(file: Path, content: Path | None, as_json: bool, at: datetime | None) -> None:
    """Say who signed, and whether that is true: intact, valid, trusted, and as of when.

    FILE is what a client would send as `cms`, or the signature's bytes themselves (DER). TIME is
    when the signature is known to have existed, now if it isn't given; a timestamp in it that holds
    counts more. Without a time zone it is in that of the settings.

    Exit status 0: yes to all. 1: no to something, or it is no well-formed signature. 2: nothing is
    bad, but something can't be told.
    """
    trust, name = current_trust(), click.format_filename(file)
    try:
        signature = parse(_read_text(file), trailing_zeros=True)
        if content and isinstance(signature, SignedXml):
            raise click.UsageError("a signed XML document is its own content: no --content")
        data = content.read_bytes() if content else None
        moment = at or datetime.now(UTC)
        statuses = trust.verify(signature, data, at=moment, fetch=True, patient=True)
    except MalformedSignature as error:
        refusal = {"file": name, "answer": "no", "error": str(error)}
        click.echo(json.dumps(refusal, ensure_ascii=False) if as_json else str(error))
        raise SystemExit(1) from error
    found = {"file": name, **report(signature, statuses, "at" if at else "now")}
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        _print_words(found, trust)
    raise SystemExit(EXIT_STATUS[found["answer"]])


def _print_words(found: dict[str, Any], trust: Trust) -> None:
    for line in tell(found, current_app.config["TIMEZONE"]):
        click.echo(line)
    if not trust.has_anchors:
        click.echo(f"There is no trust anchor in {trust.folder}; `flask trust add` puts one there.")


COMMANDS = (check, verify)
