"""The office's first page: the very search of the API, with its cursors and its access."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.extensions import db
from app.store.search import counts
from tests.api import people
from tests.api.asking import filled, save
from tests.asking_tokens import make_token
from tests.store.test_statements import counted_statements
from tests.web.browsing import ACCEPT, see, sign_in, words

QUERIES = {
    "": ["&lt;b&gt;odd&lt;/b&gt; &amp; co", "act", "contract"],
    f"iin={people.IIN}": ["contract"],
    f"bin={people.BIN}&tag=b": ["act"],
    "signer=ИВАНОВ": ["contract"],
    "document=contract&thread=main": ["contract"],
    "signed_from=2025-06-01&signed_to=2025-06-01&tag=a": ["contract"],
    "signed_from=2025-06-02&tag=a": [],
    "sha256=" + "0" * 64: [],
    "evidence=pending": [],
    "tag=": ["&lt;b&gt;odd&lt;/b&gt; &amp; co", "act", "contract"],
}


def found(html: str) -> list[str]:
    """Return the documents that a page lists."""
    return re.findall(r'<td><a href="[^"]*">(.*?)</a>', html)


def test_it_finds_what_was_asked_for(either: Flask) -> None:
    client = either.test_client()
    save(client, document="contract", cms=people.cms(people.ivan()), tags=["a"])
    save(client, document="act", cms=people.cms(people.chief()), tags=["b"])
    save(client, document="<b>odd</b> & co", thread="x/y?z=1", cms=people.cms(people.chief()))
    for query, documents in QUERIES.items():
        html = see(client, f"/app?{query}")
        assert found(html) == documents, query
        assert ("No thread matches." in html) is not bool(documents)
    assert "Threads 3" in words(see(client, "/app"))
    assert "Found: 1" in words(see(client, "/app?tag=a"))


@pytest.mark.parametrize(
    "query",
    [
        "iin=12",
        "bin=x",
        "sha256=zz",
        "signed_from=2025-13-01",
        "signed_to=9999-12-31",
        "signed_to=2025-01-01&signed_from=2025-01-02",
        "evidence=all",
        "document=" + "x" * 256,
        "tag=%00",
        "cursor=nonsense",
    ],
)
def test_what_can_t_be_used_is_named_at_its_field(pages: FlaskClient, query: str) -> None:
    html = see(pages, f"/app?{query}", 400)
    name = query.partition("=")[0]
    assert name == "cursor" or f'id="wrong-{name}"' in html
    assert 'class="refusal" role="alert"' in html
    assert "<title>This search can&#39;t be made – Signatures" in html
    assert html.count(" autofocus") == (name != "cursor")
    assert found(html) == []


def test_who_signed_an_earlier_version_alone_is_not_found_as_the_form_says(
    office: FlaskClient,
) -> None:
    save(office, cms=people.cms(people.ivan()), tags=["old"])
    sent = filled(cms=people.cms(people.chief()), version=1, tags=["new"])
    assert office.post("/signature", json=sent).status_code == 201
    for query in (f"iin={people.IIN}", "tag=old"):
        html = see(office, f"/app?{query}&lang=en")
        assert found(html) == []
        assert "Only current versions are searched" in words(html)
    timeline = see(office, "/app/thread?document=doc&thread=main")
    assert '<span class="badge">old</span>' in timeline
    assert 'tag=new">new</a>' in timeline
    earlier = see(office, "/app/thread?document=doc&thread=main&before=2")
    assert '<span class="badge">old</span>' in earlier


def test_what_no_page_reads_in_its_address_is_told_there(office: FlaskClient) -> None:
    save(office, document="contract", cms=people.cms(people.ivan()))
    for path in ("/app?", "/app/thread?document=contract&thread=main&", "/app/packages?"):
        told = "Not read in the address, since this page knows nothing of that name: iinn, <b>"
        assert told in words(see(office, f"{path}iinn=900101300017&lang=en&%3Cb%3E=1"))
        assert "Not read" not in words(see(office, path))


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("card?document=contract&thread=main&version=1&lang=en", 409),
        ("card?document=none&thread=main&version=1&lang=en", 404),
        ("card?document=contract&thread=main&version=x", 400),
        ("file?document=contract&thread=main&version=9", 404),
        ("file?document=contract&thread=main&version=1&profile=LT", 409),
        ("content?document=none&thread=main&version=1", 404),
        ("evidence-record?document=contract&thread=main&version=1", 409),
        ("version?document=contract&thread=main&version=x&signer=1", 404),
        ("nothing?document=contract", 404),
    ],
)
def test_an_error_page_does_not_tell_names_that_are_read(
    office: FlaskClient, path: str, status: int
) -> None:
    save(office, document="contract", cms=people.cms(people.ivan()))
    assert "Not read" not in words(see(office, f"/app/{path}", status))


def test_an_error_page_of_a_file_tells_what_its_view_did_not_read(office: FlaskClient) -> None:
    html = see(office, "/app/file?document=none&thread=main&version=1&lang=en&iinn=1", 404)
    assert "knows nothing of that name: iinn" in words(html)


def test_a_parameter_with_two_values_is_refused(office: FlaskClient) -> None:
    save(office, document="contract", cms=people.cms(people.ivan()))
    version = "/app/version?document=contract&thread=main"
    for path, name in (
        ("/app?iin=900101300017&iin=000000000000", "iin"),
        (f"{version}&version=1&version=2", "version"),
        (f"{version}&thread=other", "thread"),
        ("/verify?lang=en&lang=ru", "lang"),
    ):
        html = see(office, path, 400, **{"Accept-Language": "en"})
        assert f'"{name}" parameter must be given once' in words(html)
    see(office, "/app?iin=900101300017&iin=900101300017")


def test_pages_follow_each_other_by_the_api_s_cursor(office: FlaskClient) -> None:
    for number in range(23):
        save(office, document=f"d{number:02}")
    first = see(office, "/app?thread=main")
    assert len(found(first)) == 20
    [more] = re.findall(r'class="button" href="([^"]+)"', first)
    cursor = office.get("/signatures?thread=main&limit=20&cursor=").get_json()["content"]
    assert f"cursor={cursor['next_cursor']}" in more
    second = see(office, more.replace("&amp;", "&"))
    assert found(second) == ["d02", "d01", "d00"]
    assert 'class="button" href' not in second
    assert "<h2>Older ones</h2>" in second
    [back] = re.findall(r'<a href="([^"]+)">To the beginning</a>', second)
    assert found(see(office, back.replace("&amp;", "&"))) == found(first)
    assert "To the beginning" not in first


def test_the_number_of_statements_is_constant(either: Flask) -> None:
    office = either.test_client()
    save(office, document="first")
    see(office, "/app")  # It reads the anchors of the database.
    numbers = set()
    with either.app_context():
        engine = db.engine
    for number in range(4):
        with counted_statements(engine) as statements:
            see(office, "/app")
        numbers.add(len([one for one in statements if "SELECT" in one]))
        save(office, document=f"d{number}", cms=people.cms(people.ivan(), people.chief()))
    assert len(numbers) == 1
    assert max(numbers) <= 5


def test_a_bound_token_sees_its_threads_alone(locked: Flask) -> None:
    writer = {"Authorization": "Bearer " + make_token(locked, "all", "write", "read")}
    client = locked.test_client()
    cms = people.cms(people.ivan())
    for document, tag in (("mine", "a-1"), ("other", "b-1")):
        sent = {"document": document, "thread": "t", "cms": cms, "tags": [tag]}
        assert client.post("/signature", json=sent, headers=writer).status_code == 201
    sign_in(client, make_token(locked, "bound", "read", tag_prefix="a-"))
    html = see(client, "/app")
    assert "threads that have a tag beginning with a-" in html
    assert "may only search by tags" in see(client, "/app?tag=b-1")
    assert found(html) == []
    assert found(see(client, "/app?tag=a-1")) == ["mine"]
    assert found(see(client, "/app?tag=b-1")) == []
    for path in ("thread", "version", "file"):
        see_status = {
            document: client.get(f"/app/{path}?document={document}&thread=t").status_code
            for document in ("mine", "other", "missing")
        }
        assert see_status == {"mine": 200, "other": 404, "missing": 404}


def test_many_threads_are_counted_after_the_first_answer(
    either: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts, "MANY", 2)
    office = either.test_client()
    for number in range(4):
        save(office, document=f"doc-{number}")
    assert "Threads 2+" in words(see(office, "/app"))
    response = office.get("/app", headers={"Accept": ACCEPT})
    response.close()
    assert "Threads 4" in words(see(office, "/app"))
