"""The operator's trust anchors: `trust add`, `trust list` and `trust remove`."""

from __future__ import annotations

import getpass
import re
import socket
from collections.abc import Sequence
from pathlib import Path

import click
from flask.cli import AppGroup

from app.cli.running import describe_os_error, needs, print_database, require_migrated
from app.cli.trust_report import print_certificate, print_filed, print_revocation, print_stored
from app.cms import Certificate
from app.extensions import current_trust, db
from app.store.database.engine import transaction
from app.store.database.private_files import sync_folder
from app.store.trust_certificates import (
    NewCertificate,
    Role,
    StoredCertificate,
    TooManyCertificates,
    add_certificate,
    list_certificates,
    remove_certificate,
)
from app.trust.adding import (
    approve,
    find_filed,
    list_holders,
    obtain,
    plain_fingerprint,
    store,
)
from app.trust.errors import RefusedCertificate, TrustError
from app.trust.files import write_pem
from app.trust.fingerprints import Pinned
from app.trust.stored import read_stored

#: Characters of the name of the person who adds a certificate, and of a note.
MAX_NOTE = 255
#: Digits of a SHA-256 that may identify a certificate.
_DIGITS = re.compile(r"[0-9a-f]{8,64}")

trust_commands = AppGroup("trust", help="The trust anchors of this operator.")

_IN_FOLDER = click.option(
    "--in-folder", is_flag=True, help="In TRUST_DIR instead of the database, which is not used."
)


def _read_line(_context: click.Context, _option: click.Parameter, text: str | None) -> str | None:
    if text is not None and (not 0 < len(text) <= MAX_NOTE or not text.isprintable()):
        raise click.BadParameter(f"1 to {MAX_NOTE} characters in one line")
    return text


@trust_commands.command("add")
@click.argument("source", metavar="FILE_OR_URL")
@click.option("--fingerprint", metavar="SHA256", help="The fingerprint as published by the CA.")
@click.option("--intermediate", is_flag=True, help="An intermediate certificate, not an anchor.")
@click.option(
    "--by", metavar="NAME", callback=_read_line, help="Who adds it; the logged-in user by default."
)
@click.option(
    "--note", metavar="TEXT", callback=_read_line, help="Reason, or source of the certificate."
)
@_IN_FOLDER
@needs("nothing")
def add(
    source: str,
    fingerprint: str | None,
    *,
    intermediate: bool,
    in_folder: bool,
    **options: str | None,
) -> None:
    """Add the certificate of a CA as a trust anchor.

    FILE_OR_URL has one certificate, PEM or DER. Its SHA-256 must be one of the known fingerprints
    of the National CA, or the one given by --fingerprint. It is stored in the database, where all
    servers that use it find it within seconds.
    """
    if not in_folder:
        print_database()
        require_migrated()
    try:
        certificate = obtain(source)
    except TrustError as error:
        raise click.ClickException(f"{source} can't be read: {error}") from error
    print_certificate(certificate)
    try:
        pinned = approve(certificate, fingerprint)
    except RefusedCertificate as error:
        raise click.ClickException(f"{source} is refused: {error}{_advice(fingerprint)}") from error
    click.echo(f"  known as     {_describe_pinned(pinned)}")
    role: Role = "intermediate" if intermediate else "anchor"
    if in_folder:
        _add_file(certificate, role)
    else:
        pem = write_pem(certificate).decode()
        by = options["by"] or _current_user()
        _add_row(NewCertificate(certificate.fingerprint, role, pem, by, options["note"]))


def _add_file(certificate: Certificate, role: Role) -> None:
    trust = current_trust()
    is_intermediate = role == "intermediate"
    filed = find_filed(certificate, trust.filed(), is_intermediate=is_intermediate)
    if filed:
        click.echo(f"  is there     {trust.folder / filed}")
        return
    try:
        path = store(certificate, trust.folder, is_intermediate=is_intermediate)
    except OSError as error:
        raise click.ClickException(
            f"TRUST_DIR ({trust.folder}) can't be written: {error.strerror}"
        ) from error
    click.echo(f"  stored       {path}")


def _add_row(certificate: NewCertificate) -> None:
    try:
        with transaction(db.engine) as connection:
            is_new = add_certificate(connection, certificate)
    except TooManyCertificates as error:
        raise click.ClickException(str(error)) from error
    verb = "stored   " if is_new else "is there "
    click.echo(f"  {verb}    in the database, as {certificate.role}")


def _current_user() -> str:
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # A container's user needs no name.
        name = "unknown"
    return f"{name}@{socket.gethostname()}"[:MAX_NOTE]


def _advice(fingerprint: str | None) -> str:
    if fingerprint is not None:
        return ""
    return (
        ". Compare the SHA-256 above with what the authority publishes; "
        "if it is the same, repeat with --fingerprint SHA256"
    )


def _describe_pinned(pinned: Pinned | None) -> str:
    if pinned is None:
        return "nothing: you gave its fingerprint"
    return (
        f"{pinned.subject}, says {pinned.source}; that was not compared with pki.gov.kz itself, "
        "do so before you rely on it"
    )


@trust_commands.command("list")
@_IN_FOLDER
@needs("nothing")
def list_contents(in_folder: bool) -> None:
    """Print the anchors and other certificates, and CRLs and OCSP responses in TRUST_DIR."""
    rows = [] if in_folder else _read_rows()
    stored = read_stored(rows)
    filed = current_trust().filed()
    print_stored("anchor", stored.anchors, rows)
    print_filed("anchor", filed.anchors)
    print_stored("intermediate", stored.intermediates, rows)
    print_filed("intermediate", filed.intermediates)
    print_revocation(filed)
    for name, why in (filed.unreadable | stored.unreadable).items():
        click.echo(f"left out: {name}: {why}")
    if not (filed.anchors or stored.anchors):
        places = "" if in_folder else "in the database or "
        click.echo(
            f"There is no trust anchor {places}in {current_trust().folder}: "
            "no signature is trusted."
        )


def _read_rows() -> Sequence[StoredCertificate]:
    print_database()
    require_migrated()
    with db.engine.connect() as connection:
        return list_certificates(connection)


@trust_commands.command("remove")
@click.argument("sha256", metavar="SHA256")
@_IN_FOLDER
@needs("nothing")
def remove(sha256: str, in_folder: bool) -> None:
    """Stop trusting a certificate, in any role: remove it from the database and TRUST_DIR.

    SHA256 is its fingerprint, or at least its first eight digits. Within seconds no server trusts
    it; signers are verified again in the background.
    """
    wanted = plain_fingerprint(sha256)
    if not _DIGITS.fullmatch(wanted):
        raise click.BadParameter("8 to 64 hexadecimal digits", param_hint="SHA256")
    rows = [] if in_folder else _read_rows()
    filed = current_trust().filed()
    known = [row.sha256 for row in rows]
    known += [one.sha256 for one in (*filed.anchors, *filed.intermediates)]
    fingerprint = _find_one(wanted, known)
    holders = list_holders(filed, fingerprint)
    for shared in [file for file, is_alone in holders.items() if not is_alone]:
        raise click.ClickException(
            f"{current_trust().folder / shared} has other certificates, too: take it out by hand"
        )
    if fingerprint in {row.sha256 for row in rows}:
        with transaction(db.engine) as connection:
            remove_certificate(connection, fingerprint)
        click.echo(f"removed from the database: {fingerprint}")
    for file in holders:
        _remove_file(current_trust().folder / file)


def _find_one(beginning: str, known: Sequence[str]) -> str:
    found = {one for one in known if one.startswith(beginning)}
    if not found:
        raise click.ClickException(f"no certificate has a SHA-256 that begins with {beginning}")
    if len(found) > 1:
        raise click.ClickException(f"{len(found)} certificates begin with {beginning}: more digits")
    return found.pop()


def _remove_file(path: Path) -> None:
    try:
        path.unlink()
        sync_folder(path.parent)
    except OSError as error:
        raise click.ClickException(f"it is still trusted: {describe_os_error(error)}") from error
    click.echo(f"removed: {path}")


COMMANDS = (trust_commands,)
