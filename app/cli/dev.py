"""For developers of pages: `dev ncalayer`, a stand-in for NCALayer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from flask.cli import AppGroup

from app.cli.running import needs

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from app.standin import Identity, Stamp, StandIn

# Those of `app.standin`, which servers, that know all commands, need not have in memory: 10 MB.
MODES = ("ok", "cancel", "error", "silence", "closed", "old", "late")
USUAL_IIN, USUAL_NAME = "123456789011", "ТЕСТОВ ТЕСТ"
_FILE = click.Path(dir_okay=False, path_type=Path)

dev_commands = AppGroup("dev", help="For developers of pages that sign.")


@dev_commands.command("ncalayer")
@click.option("--port", default=13579, show_default=True, help="0 takes a free one.")
@click.option("--mode", type=click.Choice(MODES), default="ok", show_default=True)
@click.option("--code", default="SIGNING_FAILURE", show_default=True, help="Of --mode error.")
@click.option("--nca-version", default="1.4", show_default=True, help="The version that it tells.")
@click.option("--key", type=_FILE, help="PEM of an RSA or ECDSA key; needs --certificate.")
@click.option("--certificate", type=_FILE, help="PEM of its certificate, and those above.")
@click.option("--gost", is_flag=True, help="Sign with a new key of GOST R 34.10-2012, 512 bits.")
@click.option("--iin", default=USUAL_IIN, show_default=True, help="Of the test person.")
@click.option("--bin", "bin_number", help="Of the organisation that the person signs for.")
@click.option("--name", default=USUAL_NAME, show_default=True)
@click.option("--usage", type=click.Choice(["sign", "auth", "both"]), default="sign")
@click.option("--any-key", is_flag=True, help="Sign also if a page asks for another key.")
@click.option(
    "--tsa",
    default="own",
    show_default=True,
    help="Who makes timestamps: own, none, or the address of a TSA on loopback.",
)
@click.option("--write-ca", type=_FILE, help="Write the test authority here, for `trust add`.")
@needs("nothing")
def serve_ncalayer(*, port: int, write_ca: Path | None, **options: Any) -> None:
    """Answer pages as NCALayer does, on loopback, and sign with a test key, without asking.

    The key is made anew each time if none is given, and signs by ECDSA, or with --gost by GOST R
    34.10-2012. Where a page asks for a timestamp, it gets one from a test authority that is made
    anew, too: of the same authority as the key, or with --key of one more in --write-ca.
    """
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415  # as above

    from app.standin import Behaviour, Mode, StandIn, make_endpoint  # noqa: PLC0415

    identity = _make_identity(options)
    stamp, more = _make_stamper(options["tsa"], identity)
    if write_ca:
        top = identity.above[-1] if identity.above else identity.certificate
        write_ca.write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in (top, *more)))
    behaviour = Behaviour(
        Mode(options["mode"]), options["code"], options["any_key"], stamp, options["nca_version"]
    )
    stand_in = StandIn(identity, make_endpoint(), behaviour)
    with stand_in.open(port) as server:
        _explain(stand_in, server.socket.getsockname()[1])
        server.serve_forever()


def _make_identity(options: Mapping[str, Any]) -> Identity:
    """Return who signs, as the options say. Raises ClickException."""
    from app.standin import Person, make_identity, read_identity  # noqa: PLC0415  # as above

    key, certificate = options["key"], options["certificate"]
    if bool(key) != bool(certificate):
        raise click.UsageError("--key and --certificate belong together")
    if not key:
        person = Person(
            options["iin"], options["name"], options["bin_number"], None, options["usage"]
        )
        return make_identity(person, gost=options["gost"])
    if options["gost"]:
        raise click.UsageError("--gost makes a key of its own, without --key")
    try:
        return read_identity(key, certificate)
    except (OSError, ValueError) as error:
        raise click.ClickException(f"the key can't be used: {error}") from error


def _make_stamper(tsa: str, identity: Identity) -> tuple[Stamp | None, Sequence[Certificate]]:
    """Return what makes timestamps, and the authorities of which only it is. Raises UsageError."""
    from app.standin import OwnStamper, Stamper, make_authority, make_stamper  # noqa: PLC0415

    if tsa == "none":
        return None, ()
    if tsa != "own":
        try:
            return Stamper(tsa), ()
        except ValueError as error:
            raise click.UsageError(f"--tsa: {error}") from error
    authority = identity.authority or make_authority("TEST AUTHORITY OF THE TSA, NOT TO BE TRUSTED")
    more = () if identity.authority else (authority.certificate,)
    return OwnStamper(make_stamper(authority)), more


def _explain(stand_in: StandIn, port: int) -> None:
    """Print the address, who signs, and how a browser comes to trust it."""
    signer = stand_in.identity.certificate.subject.rfc4514_string()
    click.echo(f"wss://127.0.0.1:{port}/ stands in for NCALayer; mode: {stand_in.behaviour.mode}")
    click.echo(f"signs for {signer}")
    click.echo(f"To trust it, open https://127.0.0.1:{port}/ in the browser and accept it once, or")
    click.echo(
        f"start Chromium with --ignore-certificate-errors-spki-list={stand_in.endpoint.spki}"
    )
    if port != 13579:
        click.echo(f"Pages of this server look for it with NCALAYER_URL=wss://127.0.0.1:{port}/")


COMMANDS = (dev_commands,)
