"""`check`: the structure of a signature in a file."""

import base64
from pathlib import Path

import click

from app.cli.running import needs
from app.cms import (
    MalformedSignature,
    SignedData,
    SignedXml,
    algorithm_name,
    parse,
    text_of_file,
)

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("file", type=_FILE)
@needs("nothing", failure=2)
def check(file: Path) -> None:
    """Print the structure of the signature in FILE. Nothing is verified.

    FILE is what a client would send as `cms`, or the signature's bytes themselves (DER).
    Exit status 1: it is no well-formed signature.
    """
    try:
        signature = parse(read_text(file), trailing_zeros=True)
    except MalformedSignature as error:
        click.echo(str(error))
        raise SystemExit(1) from error
    for line in describe(signature):
        click.echo(line)


def read_text(file: Path) -> str:
    """Return a file's text; binary data are taken for DER.

    Raises MalformedSignature if that would take too much memory.
    """
    content = file.read_bytes()
    try:
        return text_of_file(content)
    except UnicodeDecodeError:
        return base64.b64encode(content).decode()


def describe(signature: SignedData | SignedXml) -> list[str]:
    """Describe the structure of a signature in lines of text."""
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
        f"signer {number}: digest {algorithm_name(one.digest_algorithm)}, "
        f"signature {algorithm_name(one.signature_algorithm.oid)}, "
        f"identified by {one.identified_by}"
        for number, one in enumerate(signature.signers, 1)
    ]


COMMANDS = (check,)
