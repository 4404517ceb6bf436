"""What a worker takes, whatever it is sent: memory and CPU, one request after the other."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import requests

from tests import bounds, pki
from tests.api import people
from tests.cpu import allowed
from tests.live.conftest import Database, StartServer
from tests.live.server import Server, wait_until

pytestmark = pytest.mark.attacks

#: Megabytes on top of what the worker takes, and CPU seconds of a request. The aims are 200 and 2;
#: a machine that is busy counts more.
MAX_MEGABYTES, MAX_SECONDS = 200, 4.0
#: Megabytes that a worker may keep: what is free it returns a second later, and SQLite has caches.
MAX_KEPT = 150
#: How often each is sent: once for each thread, and once more.
TIMES = 5
DOC = {"document": "doc", "thread": "main"}
#: Of the family of NCANode's version 3, an address for each kind of signature.
LIKE_NCANODE = {
    "zeros": ("/ncanode3/cms/extract", "cms"),
    "signatures_with_many_references": ("/ncanode3/xml/verify", "xml"),
    "large_timestamps": ("/ncanode3/cms/verify", "cms"),
}
LEFT = "SELECT count(*) FROM signers WHERE coalesce(judged_against, -1) < 0"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
MULTIPART = {"Content-Type": "multipart/form-data; boundary=X"}
#: Texts that are refused as signatures.
REFUSED = (
    bounds.long_name,
    bounds.wide_armour,
    bounds.foreign_armour_in_uri,
    bounds.wide_uri,
    bounds.document_of_single_bytes,
)


class Meter:
    """Watches the only worker of a server."""

    def __init__(self, server: Server) -> None:
        self.server = server
        [worker] = server.workers()
        self._folder = Path(f"/proc/{worker}")
        self._least = self._resident()

    def seconds(self) -> float:
        fields = (self._folder / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _resident(self) -> float:
        """Begin to measure a peak; return what is resident now, MB."""
        return self.server.peak_memory(anew=True)

    def send(self, method: str, path: str, **request: Any) -> int:
        """Send a request, and see that it costs no more than it may; return the status."""
        wait_until(lambda: self._resident() - self._least < MAX_KEPT, f"memory is free for {path}")
        began, kept = self.seconds(), self._resident()
        answer = requests.request(
            method, self.server.address + path, timeout=120, stream=True, **request
        )
        for _ in answer.iter_content(1 << 20):
            pass
        assert self.seconds() - began < allowed(MAX_SECONDS)
        assert self.server.peak_memory() - kept < MAX_MEGABYTES, path
        return answer.status_code


@pytest.fixture(name="meter")
def metered_server(start_server: StartServer, fresh_database: Database, tmp_path: Path) -> Meter:
    folder = people.trust(tmp_path / "trust", pki.root(), pki.authority())
    server = start_server(fresh_database.url, WEB_CONCURRENCY="1", TRUST_DIR=str(folder))
    small = {"cms": people.cms(people.ivan())}
    assert requests.post(f"{server.address}/cms/validate", json=small, timeout=60).ok
    return Meter(server)


def test_what_is_refused_leaves_nothing_behind(meter: Meter) -> None:
    refused = [
        (bounds.deep_json(), {}),
        (bounds.wide_json(), {}),
        (bounds.wide_form(), FORM),
        (bounds.escaped_form(), FORM),
        (bounds.long_head(), MULTIPART),
        (bounds.escaped_quotes_outside(), {}),
        (bounds.strings_without_commas(), {}),
        *((b'{"cms":"' + text().encode() + b'"}', {}) for text in REFUSED),
    ]
    for body, headers in refused:
        for _ in range(TIMES):
            assert meter.send("POST", "/cms/validate", data=body, headers=headers) == 400


def test_large_signatures_are_kept_verified_and_opened(
    meter: Meter, fresh_database: Database
) -> None:
    for name in ("zeros", "signatures_with_many_references", "large_timestamps"):
        body = {**DOC, "cms": getattr(bounds, name)()}
        assert meter.send("POST", "/signature", json=body) == 201
        # Else the next request and the background are measured together.
        wait_until(lambda: not fresh_database.execute(LEFT)[0][0], "it was verified")
        for _ in range(2):
            assert meter.send("GET", "/signature/verify", params=DOC) == 200
            assert meter.send("GET", "/signature", params=DOC) == 200
            assert meter.send("POST", "/cms/extract", json=body) in (200, 400)
            assert meter.send("POST", "/cms/validate", json={"cms": body["cms"]}) in (200, 400)
        path, field = LIKE_NCANODE[name]
        assert meter.send("POST", path, json={field: body["cms"]}) in (200, 400)
        assert meter.send("DELETE", "/signature", params=DOC) == 200


@pytest.mark.parametrize("path", ["/cms/validate", "/signature", "/signature/verify"])
def test_a_document_of_wide_letters_is_copied_few_times(meter: Meter, path: str) -> None:
    cms = people.cms(people.ivan(), attached=False)
    assert meter.send("POST", "/signature", json={**DOC, "cms": cms}) == 201
    sent = {"data": bounds.wide_document()}
    sent |= {"cms": cms} if path == "/cms/validate" else DOC
    sent |= {"cms": cms, "thread": "other"} if path == "/signature" else {}
    body = json.dumps(sent, ensure_ascii=False).encode()
    for _ in range(TIMES):
        assert meter.send("POST", path, data=body) == 400


def test_content_is_hashed_once_for_all_that_need_it(meter: Meter) -> None:
    cms, data = bounds.content_of_many_digests()
    assert meter.send("POST", "/signature", json={**DOC, "cms": cms}) == 201
    claimed = {"cms": cms, "data": data}
    asked = {**claimed, "rule": "iin", "iin": "900101300017"}
    for path, body, status in (
        ("/signature", {**DOC, **claimed, "thread": "other"}, (201, 400)),
        ("/signature/verify", {**DOC, "data": data}, (200,)),
        ("/cms/validate", claimed, (400,)),
        ("/validate", asked, (200, 400)),
    ):
        assert meter.send("POST", path, json=body) in status


def test_documents_that_escaping_lengthens_are_not_canonicalised(meter: Meter) -> None:
    xml = {"Content-Type": "application/xml"}
    for name in ("escaped_texts", "half_escaped_texts", "escaped_attributes", "escaped_quotes"):
        document = getattr(bounds, name)()
        asked = {"xml": document, "rule": "iin", "iin": "900101300017"}
        assert meter.send("POST", "/cms/validate", json={"cms": document}) == 400
        assert meter.send("POST", "/cms/validate", data=document.encode(), headers=xml) == 400
        assert meter.send("POST", "/validate", json=asked) in (200, 400)
    assert meter.send("POST", "/cms/validate", data=bounds.wide_xml(), headers=xml) == 400
