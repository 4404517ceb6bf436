"""`verify`: a signature in a file, or a stored one."""

from datetime import UTC, datetime, tzinfo
from functools import partial
from pathlib import Path
from typing import Any

import click
from flask import current_app
from sqlalchemy.exc import SQLAlchemyError

from app.cli.json_failures import JsonCommand, print_json
from app.cli.package_report import PackageReport
from app.cli.report import Report, render
from app.cli.running import (
    MAX_NUMBER,
    Undecided,
    close_output,
    first_line,
    needs,
    print_database,
)
from app.cli.sources import Source, source_of
from app.cli.unread_anchors import STORED_UNKNOWN, without_stored
from app.cms import (
    UNLIMITED,
    Examined,
    MalformedSignature,
    Occasion,
    SignedData,
    SignedXml,
    describe_signers,
    parse,
)
from app.evidence.lasting import Preserved, outlast
from app.evidence.packages.comparing import list_others
from app.extensions import current_trust, db
from app.trust import Trust
from app.wording.catalogues import LANGUAGES
from app.wording.packages import write_package_results
from app.wording.sentences import Wording
from app.wording.verdicts import write_verification

EXIT_STATUS = {"yes": 0, "no": 1, "unknown": 2}

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def _read_time(
    _context: click.Context, _option: click.Parameter, text: str | None
) -> datetime | None:
    """Parse an option; a time without its zone is in that of the settings."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        zone: tzinfo = current_app.config["TIMEZONE"]
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise click.BadParameter("not a time such as 2025-06-01T12:00:00+05:00") from error


@click.command(cls=JsonCommand)
@click.argument("file", type=_FILE, required=False)
@click.option("--document", help="Document of a stored signature, instead of FILE; with --thread.")
@click.option("--thread", help="Thread of a stored signature.")
@click.option(
    "--version",
    type=click.IntRange(1, MAX_NUMBER),
    help="Version of a stored signature; the current one by default.",
)
@click.option("--content", type=_FILE, help="The signed content, if it is not in the signature.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print JSON as answered by POST /signature/verify."
)
@click.option(
    "--at",
    metavar="TIME",
    callback=_read_time,
    help="Time at which the signature existed, ISO 8601.",
)
@click.option(
    "--language",
    type=click.Choice(LANGUAGES),
    default="en",
    show_default=True,
    help="Language of the report.",
)
@needs("nothing", failure=2)
def verify(
    file: Path | None,
    content: Path | None,
    as_json: bool,
    at: datetime | None,
    language: str,
    **stored: Any,
) -> None:
    """Verify a signature: who signed, and is it intact, valid and trusted, as of which time.

    FILE is what a client would send as `cms`, or the signature's bytes themselves (DER), or an
    evidence package. TIME is when the signature is known to have existed: by default when it was
    saved, for a file now, or when its evidence record says; a valid timestamp in it has precedence.
    Without a time zone it is in that of the settings, as are all times in the report; those of
    --json are in UTC.

    Exit status 0: yes to everything. 1: no to something. 2: nothing is proven bad, but something
    is unknown, there is no such signature, or it is not well-formed. With --json errors are
    reported as by the API, with "status": false and a "message".
    """
    wording = Wording(language, UTC if as_json else current_app.config["TIMEZONE"])
    trust, knows_all = _current_trust(wording)
    try:
        source = source_of(file, wording, **stored)
        report = _examine(source, content, at, trust, wording)
        report = report if knows_all else without_stored(report)
    except MalformedSignature as error:
        raise Undecided(wording.sentence(error)) from error
    try:
        _print_json(report, source, wording) if as_json else _print_words(report, trust, wording)
    except BrokenPipeError:  # As with `| head -1`: the result is valid all the same.
        close_output()
    raise SystemExit(EXIT_STATUS[report.answer])


def _examine(
    source: Source, content: Path | None, at: datetime | None, trust: Trust, wording: Wording
) -> Report:
    """Verify a signature as of the time of signing, and as of today. Raises MalformedSignature."""
    signature = parse(source.text, trailing_zeros=True)
    if content and isinstance(signature, SignedXml):
        raise click.UsageError(
            wording.phrase("a signed XML document is its own content: no --content")
        )
    data = content.read_bytes() if content else source.known(signature)
    now = datetime.now(UTC)
    moment = at or source.saved_at or now
    preserved = source.preserved(trust, now) if source.preserved else None
    known = _known_at(source, preserved, moment)
    verify = partial(
        trust.verify,
        signature,
        data,
        fetch=True,
        content_budget=UNLIMITED,
        kept=source.kept,
        recall=source.recall,
    )
    today_at = Occasion(now, now, stamps_known=known)
    statuses, today = verify(at=Occasion(moment, known)), verify(at=today_at)
    if preserved is not None:
        statuses, today = outlast(statuses, preserved), outlast(today, preserved)
    if source.note and at is None:
        source.note(statuses)
    return Report(
        heading=source.heading,
        examined=Examined(signature, data, describe_signers(signature), statuses),
        given="checked_at" if at else ("saved" if source.saved_at else "now"),
        at=at,
        today=today,
        now=now,
        package=_examine_package(source, preserved, signature),
    )


def _examine_package(
    source: Source, preserved: Preserved | None, signature: SignedData | SignedXml
) -> PackageReport | None:
    """Return what was found of the evidence package, if the signature is in one."""
    if source.package is None:
        return None
    record = preserved.record if preserved else None
    return PackageReport(record, list_others(source.package, signature))


def _known_at(source: Source, preserved: Preserved | None, moment: datetime) -> datetime:
    """Return when a signature is known to have existed.

    Of a stored version that is the time of its save; of a package the time that its evidence record
    proves, if that is earlier than what the caller says.
    """
    record = preserved.record if preserved and source.saved_at is None else None
    return min(moment, record.existed_at) if record and record.existed_at else moment


def _current_trust(wording: Wording) -> tuple[Trust, bool]:
    """Return what the operator trusts, and whether that is complete.

    It isn't if there is a database that can't be read; a missing SQLite file is not created for
    this. Unknown anchors never turn an answer into yes.
    """
    trust, url, is_missing = current_trust(), db.engine.url, False
    print_database()
    try:
        if url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
            is_missing = True
            raise FileNotFoundError(wording.phrase("there is no such file"))
        if trust.stored:
            trust.stored.current()
    except (SQLAlchemyError, OSError) as error:
        warning = wording.phrase(
            "what is trusted by the database is not known: {why}", why=first_line(error)
        )
        click.echo(warning, err=True)
        trust.stored = None
        return trust, is_missing
    return trust, True


def _print_json(report: Report, source: Source, wording: Wording) -> None:
    content = write_verification(
        report.examined, report.given, wording, version=source.version, saved_at=source.saved_at
    )
    if found := report.package:
        results = write_package_results(found.record, found.other_files, wording)
        content["verification"]["package"] = results
    print_json(content)


def _print_words(report: Report, trust: Trust, wording: Wording) -> None:
    for line in render(report, wording):
        click.echo(line)
    if report.lacks_stored:
        click.echo(wording.sentence(STORED_UNKNOWN))
    elif not trust.has_anchors:
        click.echo(wording.phrase("There is no trust anchor; `flask trust add` adds one."))


COMMANDS = (verify,)
