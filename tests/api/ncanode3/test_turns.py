"""Verifications take turns with all others, and are refused where too many wait."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.api.ncanode3.asking import base64
from tests.api.people import cms, ivan
from tests.api.test_turns import BUSY, LARGE_CMS, busy
from tests.pki import sign_xml

CERTIFICATE = base64(ivan().certificate)
REQUESTS = {
    "/cms/verify": {"cms": cms(ivan())},
    "/cms/extract": {"cms": LARGE_CMS},
    "/xml/verify": {"xml": sign_xml()},
    "/wsse/verify": {"xml": sign_xml()},
    "/x509/info": {"certs": [CERTIFICATE]},
    "/x509/verify": {"certificate": CERTIFICATE, "signature": "AAAA", "data": "x"},
}


@pytest.mark.parametrize("path", REQUESTS)
def test_whatever_verifies_is_refused_where_too_much_is_verified(
    anchored: FlaskClient, path: str
) -> None:
    with busy(anchored.application):
        response = anchored.post(f"/ncanode3{path}", json=REQUESTS[path])
    assert response.get_json() == {"status": 503, "message": BUSY}
    assert response.headers["Retry-After"] == "5"
    assert anchored.post(f"/ncanode3{path}", json=REQUESTS[path]).status_code == 200
