"""A version that many signed: some in full, the others in short, and a page stays small."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from app.web.verdicts import IN_FULL, IN_SHORT
from tests import pki
from tests.api import people
from tests.api.asking import save
from tests.web.browsing import see, words
from tests.web.test_links import make_link

ADDRESS = "/app/version?document=doc&thread=main&version=1"
NUMBER = IN_FULL + IN_SHORT + 3


@pytest.fixture(name="crowded")
def office_of_many(office: FlaskClient) -> FlaskClient:
    """Return a client of a store with a version that more signed than a page shows."""
    save(office, cms=people.cms(*map(signer, range(NUMBER)), attached=False))
    return office


def signer(number: int) -> pki.Holder:
    """Return a person with a name of usual length."""
    name = pki.distinguished_name(
        ("2.5.4.3", f"АБДРАХМАНОВА-СЕЙТКАЗИНА АЙГҮЛ {number}"), ("2.5.4.5", f"IIN{number:012}")
    )
    return pki.certify(name, pki.rsa_key("ИВАНОВ"), pki.authority(), ())


@pytest.mark.parametrize("language", ["en", "ru", "kk"])
def test_a_page_is_small_and_leads_to_each_signer(crowded: FlaskClient, language: str) -> None:
    html = see(crowded, f"{ADDRESS}&lang={language}")
    assert html.count('<h3 id="signer-') == IN_FULL
    assert html.count("#signer-") == IN_SHORT
    assert len(html.encode()) < 38_000  # The style and the script are 22 kB more.
    claims = {
        "en": "So the certificate says; it is not proven.",
        "ru": "Так указано в сертификате; это не доказано.",
        "kk": "Сертификатта осылай көрсетілген; бұл дәлелденбеген.",
    }
    assert html.count(claims[language]) == IN_FULL + IN_SHORT
    following = IN_FULL + IN_SHORT + 1
    assert f"signer={following}" in html
    html = see(crowded, f"{ADDRESS}&lang={language}&signer={following}")
    assert html.count('<h3 id="signer-') == NUMBER - following + 1


def test_so_is_the_page_of_a_link(crowded: FlaskClient) -> None:
    see(crowded, ADDRESS)
    path = make_link(crowded)
    assert f"{path}?signer=7#signer-7" in see(crowded, path)
    html = see(crowded, f"{path}?signer=7")
    assert ['id="signer-7"' in html, 'id="signer-6"' in html] == [True, False]
    assert "Further signers, in short" in words(html)


def test_behind_the_last_signer_is_the_last_one_and_the_way_back(crowded: FlaskClient) -> None:
    html = see(crowded, f"{ADDRESS}&signer={NUMBER + 9}")
    assert html.count('<h3 id="signer-') == html.count(f'id="signer-{NUMBER}"') == 1
    assert "Back to the first signer" in words(html)
