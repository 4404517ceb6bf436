"""Output of `trust` about certificates, CRLs and OCSP responses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import click

from app.cms import Certificate, title_of_name
from app.store.trust_certificates import Role, StoredCertificate
from app.trust.folder import Contents, Filed


def print_stored(
    role: Role, certificates: Sequence[Filed[Certificate]], rows: Sequence[StoredCertificate]
) -> None:
    """Print the certificates of a role in the database, with who added them and when."""
    by_name = {row.sha256: row for row in rows if row.role == role}
    for one in certificates:
        row = by_name[one.sha256]
        click.echo(f"{role}:")
        print_certificate(one.value)
        click.echo(f"  database     added {row.added_at:%Y-%m-%d %H:%M} UTC by {row.added_by}")
        if row.note is not None:
            click.echo(f"  note         {row.note}")


def print_filed(role: Role, certificates: Sequence[Filed[Certificate]]) -> None:
    """Print the certificates of a role in TRUST_DIR."""
    for one in certificates:
        click.echo(f"{role}:")
        print_certificate(one.value)
        click.echo(f"  file         {one.file}")


def print_certificate(certificate: Certificate) -> None:
    """Print what identifies a certificate."""
    click.echo(f"  subject      {title_of_name(certificate.subject)}")
    click.echo(f"  issuer       {title_of_name(certificate.issuer)}")
    click.echo(f"  valid        {_period(certificate.not_before, certificate.not_after)}")
    click.echo(f"  SHA-256      {certificate.fingerprint}")


def print_revocation(contents: Contents) -> None:
    """Print the CRLs and OCSP responses in TRUST_DIR."""
    for crl in contents.crls:
        click.echo("CRL:")
        click.echo(f"  issuer       {title_of_name(crl.value.issuer)}")
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
    """Return the validity period of an object, and whether it has ended."""
    if until is None:
        return f"from {since:%Y-%m-%d %H:%M} UTC"
    expired = ", expired" if until < datetime.now(UTC) else ""
    return f"{since:%Y-%m-%d} to {until:%Y-%m-%d}{expired}"
