"""One signature in a file: `check`."""

import base64
from pathlib import Path

import click

from app.cms.errors import MalformedSignature
from app.cms.parsing import parse
from app.cms.signed_data import SignedCms
from app.cms.signed_xml import SignedXml


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check(file: Path) -> None:
    """Say what kind of signature FILE holds, structurally. Nothing is verified.

    FILE is what a client would send as `cms`, or the signature's bytes themselves (DER).
    Exit status 1: it is no well-formed signature.
    """
    signature = read_signature(file)
    for line in describe(signature):
        click.echo(line)


def read_signature(file: Path) -> SignedCms | SignedXml:
    """Parse the signature in a file. Says why it can't be read, and ends with exit status 1."""
    try:
        return parse(_read_text(file))
    except MalformedSignature as error:
        click.echo(str(error))
        raise SystemExit(1) from error


def _read_text(file: Path) -> str:
    """Give a file's text; bytes that are none are taken for DER."""
    content = file.read_bytes()
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return base64.b64encode(content).decode()


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


COMMANDS = (check,)
