"""A CA's key that was compromised, as the operator's CRL says of another certificate of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests import pki
from tests.api import people
from tests.api.ncanode3.asking import BOTH, ask, base64
from tests.cms.crowds import another_after_nca, junk
from tests.cms.judging import IVAN, NCA, ROOT
from tests.conftest import AppMaker
from tests.pki import NOT_BEFORE, Holder, Revoked
from tests.trust.asking import LONG_AGO

pytestmark = pytest.mark.attacks

OLD = another_after_nca()
DOUBT = "another certificate with the key of NCA was revoked, and not for being superseded"


@pytest.fixture(name="folder")
def trust_folder(tmp_path: Path) -> Path:
    """Provide the root as an anchor, and below it both certificates of one key."""
    folder = people.trust(tmp_path / "trust", ROOT)
    below = folder / "intermediates"
    below.mkdir()
    for name, one in (("nca", NCA), ("old", OLD)):
        (below / f"{name}.cer").write_bytes(one.certificate)
    return folder


@pytest.fixture(name="client")
def client_with_both(start_app: AppMaker, sqlite_url: str, folder: Path) -> FlaskClient:
    return start_app(DATABASE_URL=sqlite_url, TRUST_DIR=str(folder)).test_client()


def publish(folder: Path, reason: int) -> None:
    """Publish that the other certificate was revoked."""
    for by, revoked in ((ROOT, [Revoked(OLD.serial, LONG_AGO, reason)]), (NCA, [])):
        listed = pki.crl(by, *revoked, this_update=NOT_BEFORE, next_update=people.FUTURE)
        (folder / f"{by.serial}.crl").write_bytes(listed)


@pytest.mark.parametrize("brought", [(), junk(), junk(16), junk(16, 16, NCA)])
def test_certificates_of_the_sender_neither_hide_it_nor_make_it_up(
    client: FlaskClient, folder: Path, brought: tuple[Holder, ...]
) -> None:
    cms = base64(pki.signed_data([pki.signer_info(IVAN)], [IVAN, *brought]))
    for reason, valid in ((1, False), (4, True)):
        publish(folder, reason)
        answer = ask(client, "/cms/verify", cms=cms, revocationCheck=BOTH)
        assert answer["valid"] is valid, answer["message"]
        assert (DOUBT in answer["message"]) is not valid
