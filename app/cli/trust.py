"""Whom this operator trusts: `trust add` and `trust list`."""

from datetime import UTC, datetime

import click
from flask.cli import AppGroup

from app.cli.running import needs
from app.cms.certificate_rules import title
from app.cms.x509 import Certificate
from app.extensions import current_trust
from app.trust.adding import approve, find_stored, obtain, store
from app.trust.errors import RefusedCertificate, TrustError
from app.trust.fingerprints import Pinned
from app.trust.folder import Contents, Filed

trust_commands = AppGroup("trust", help="The trust anchors of this operator.")


@trust_commands.command("add")
@click.argument("source", metavar="FILE_OR_URL")
@click.option("--fingerprint", metavar="SHA256", help="What its authority says it is.")
@click.option("--intermediate", is_flag=True, help="It only helps to reach an anchor.")
@needs("nothing")
def add(source: str, fingerprint: str | None, intermediate: bool) -> None:
    """Make the certificate of an authority a trust anchor.

    FILE_OR_URL has one certificate, PEM or DER. Its SHA-256 must be one of the National CA's that
    are known here, or be the one that --fingerprint gives.
    """
    trust = current_trust()
    try:
        certificate = obtain(source)
    except TrustError as error:
        raise click.ClickException(f"{source} can't be read: {error}") from error
    _print_certificate(certificate)
    try:
        pinned = approve(certificate, fingerprint)
    except RefusedCertificate as error:
        raise click.ClickException(f"{source} is refused: {error}{_advice(fingerprint)}") from error
    click.echo(f"  known as     {_say_pinned(pinned)}")
    stored = find_stored(certificate, trust.contents(), is_intermediate=intermediate)
    if stored:
        click.echo(f"  is there     {trust.folder / stored}")
        return
    try:
        path = store(certificate, trust.folder, is_intermediate=intermediate)
    except OSError as error:
        raise click.ClickException(
            f"TRUST_DIR ({trust.folder}) can't be written: {error.strerror}"
        ) from error
    click.echo(f"  stored       {path}")


def _advice(fingerprint: str | None) -> str:
    if fingerprint is not None:
        return ""
    return (
        ". Compare the SHA-256 above with what the authority publishes; "
        "if it is the same, repeat with --fingerprint SHA256"
    )


def _say_pinned(pinned: Pinned | None) -> str:
    if pinned is None:
        return "nothing: you gave its fingerprint"
    return (
        f"{pinned.subject}, says {pinned.source}; that was not compared with pki.gov.kz itself, "
        "do so before you rely on it"
    )


@trust_commands.command("list")
@needs("nothing")
def list_contents() -> None:
    """Print the anchors, other certificates, CRLs and OCSP responses in TRUST_DIR."""
    trust = current_trust()
    contents = trust.contents()
    for kind, place in (("anchor", contents.anchors), ("intermediate", contents.intermediates)):
        for certificate in place:
            _print_filed(kind, certificate)
    _print_revocation(contents)
    for name, why in contents.unreadable.items():
        click.echo(f"left out: {name}: {why}")
    if not trust.has_anchors:
        click.echo(f"There is no trust anchor in {trust.folder}: no signature is trusted.")


def _print_filed(kind: str, filed: Filed[Certificate]) -> None:
    click.echo(f"{kind}:")
    _print_certificate(filed.value)
    click.echo(f"  file         {filed.file}")


def _print_certificate(certificate: Certificate) -> None:
    click.echo(f"  subject      {title(certificate.subject)}")
    click.echo(f"  issuer       {title(certificate.issuer)}")
    click.echo(f"  valid        {_period(certificate.not_before, certificate.not_after)}")
    click.echo(f"  SHA-256      {certificate.fingerprint}")


def _print_revocation(contents: Contents) -> None:
    for crl in contents.crls:
        click.echo("CRL:")
        click.echo(f"  issuer       {title(crl.value.issuer)}")
        click.echo(f"  valid        {_period(crl.value.this_update, crl.value.next_update)}")
        click.echo(f"  SHA-256      {crl.sha256}")
        click.echo(f"  file         {crl.file}")
    for response in contents.responses:
        click.echo("OCSP response:")
        for answer in response.value.answers:
            click.echo(f"  certificate  {answer.about.serial_number:x}")
            click.echo(f"  valid        {_period(answer.this_update, answer.next_update)}")
        click.echo(f"  SHA-256      {response.sha256}")
        click.echo(f"  file         {response.file}")


def _period(since: datetime, until: datetime | None) -> str:
    """Say from when to when something holds, and whether that is over."""
    if until is None:
        return f"from {since:%Y-%m-%d %H:%M} UTC"
    expired = ", expired" if until < datetime.now(UTC) else ""
    return f"{since:%Y-%m-%d} to {until:%Y-%m-%d}{expired}"


COMMANDS = (trust_commands,)
