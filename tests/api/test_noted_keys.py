"""A key of an authority that was proven compromised, whichever of its certificates is sent."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests import pki
from tests.api.asking import content_of, save
from tests.api.people import INDIVIDUAL, SIGN
from tests.api.test_signed import (
    app_with_an_anchor,
    client_of_a_trusting_server,
)
from tests.api.test_signed_revoked import NOW, judge_again
from tests.pki import DAY, Holder, Revoked
from tests.test_cli import run

__all__ = ["app_with_an_anchor", "client_of_a_trusting_server"]

pytestmark = pytest.mark.attacks

COMPROMISED, SUPERSEDED = 2, 4
KEY = pki.rsa_key("subordinate authority")
ROOT, OTHER_ROOT = pki.root(), pki.root("OTHER ROOT", pki.rsa_key("OTHER ROOT"))
FIRST, SECOND = (
    pki.certify(pki.name("SUB CA"), KEY, ROOT, pki.AUTHORITY, serial=serial)
    for serial in (501, 502)
)
CROSS = pki.certify(pki.name("SUB CA"), KEY, OTHER_ROOT, pki.AUTHORITY, serial=503)
_EXTENSIONS = (
    pki.key_usage("digitalSignature", "nonRepudiation"),
    pki.extended_key_usage(SIGN, INDIVIDUAL),
)
SIGNER = pki.certify(
    pki.name("ИВАНОВ ИВАН", "900101300017"), pki.rsa_key("ИВАНОВ"), FIRST, _EXTENSIONS, serial=9
)
THREADS = count()

Ask = Callable[..., tuple[str | None, str]]


@pytest.fixture(name="trust_folder")
def folder_with_the_root(tmp_path: Path) -> Path:
    """Provide the folder of a server that trusts the root."""
    folder = tmp_path / "trust"
    folder.mkdir()
    trust(folder, ROOT)
    return folder


def trust(folder: Path, root: Holder) -> Path:
    path = folder / f"{root.serial}-{len(root.certificate)}.cer"
    path.write_bytes(root.certificate)
    return path


def publish(folder: Path, *revoked: Revoked) -> None:
    """Put CRLs of all authorities into the operator's folder."""
    for number, (by, listed) in enumerate([(ROOT, revoked), (OTHER_ROOT, ()), (FIRST, ())]):
        crl = pki.crl(by, *listed, this_update=NOW - DAY, next_update=NOW + DAY)
        (folder / f"{number}.crl").write_bytes(crl)


def withdraw(folder: Path) -> None:
    for one in folder.glob("*.crl"):
        one.unlink()


@pytest.fixture(name="ask")
def ask_about_a_signature(trusting: FlaskClient) -> Ask:
    """Return what saves a signature beside some certificates: its standing, and what is trusted."""

    def ask(*authorities: Holder, thread: str | None = None) -> tuple[str | None, str]:
        named = {"document": "doc", "thread": thread or str(next(THREADS))}
        if authorities or thread is None:
            listed = [SIGNER, *authorities]
            cms = pki.signed_data([pki.signer_info(SIGNER)], listed, pki.CONTENT)
            save(trusting, cms=b64encode(cms).decode(), **named)
        query = {**named, "with": "signers"}
        read = content_of(trusting.get("/signature", query_string=query))["signature"]
        verified = content_of(trusting.get("/signature/verify", query_string=named))
        [signer] = verified["verification"]["signers"]
        return read["signers"][0]["standing"]["state"], signer["trusted"]["answer"]

    return ask


PENDING, VALID = ("pending", "unknown"), ("valid", "yes")


@pytest.mark.parametrize("is_gone", [True, False])
def test_no_order_and_no_omission_clears_the_key(
    trust_folder: Path, ask: Ask, is_gone: bool
) -> None:
    publish(trust_folder, Revoked(FIRST.serial, NOW - 2 * DAY, COMPROMISED))
    assert ask(FIRST) == ("refused", "no")
    publish(trust_folder)
    if is_gone:
        withdraw(trust_folder)
    for authorities in ((FIRST, SECOND), (SECOND, FIRST), (SECOND,)):
        assert ask(*authorities) == PENDING


def test_another_certificate_of_the_operator_s_makes_no_refused_signature_valid(
    trusting_app: Flask, trust_folder: Path, ask: Ask
) -> None:
    publish(trust_folder, Revoked(FIRST.serial, NOW - 2 * DAY, COMPROMISED))
    assert ask(FIRST, thread="a") == ("refused", "no")
    publish(trust_folder)
    (trust_folder / "intermediates").mkdir()
    (trust_folder / "intermediates" / "2.cer").write_bytes(SECOND.certificate)
    assert run(trusting_app, "signers", "verify")[0] == 0
    assert ask(thread="a") == PENDING
    assert ask(FIRST) == PENDING
    assert ask() == PENDING


def test_a_superseded_certificate_speaks_against_no_other(trust_folder: Path, ask: Ask) -> None:
    publish(trust_folder, Revoked(FIRST.serial, NOW - 2 * DAY, SUPERSEDED))
    assert ask(FIRST) == ("refused", "no")
    publish(trust_folder)
    assert ask(SECOND) == VALID


def test_an_anchor_that_was_removed_speaks_against_no_key(
    trusting_app: Flask, trust_folder: Path, ask: Ask
) -> None:
    """Whoever was an anchor once could have certified, and revoked, anybody's key."""
    other = trust(trust_folder, OTHER_ROOT)
    publish(trust_folder)
    listed = Revoked(CROSS.serial, NOW - 2 * DAY, COMPROMISED)
    crl = pki.crl(OTHER_ROOT, listed, this_update=NOW - DAY, next_update=NOW + DAY)
    (trust_folder / "1.crl").write_bytes(crl)
    assert ask(CROSS) == ("refused", "no")
    (trust_folder / "1.crl").unlink()
    assert ask(SECOND) == PENDING
    other.unlink()
    judge_again(trusting_app, trust_folder)
    assert ask(SECOND) == VALID
    other.write_bytes(OTHER_ROOT.certificate)
    judge_again(trusting_app, trust_folder)
    assert ask(SECOND) == PENDING
