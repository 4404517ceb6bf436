"""Clients of the server, alone and in crowds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from types import TracebackType
from typing import Any, Self, TypeVar

import requests

from tests.live.server import CODE, PATIENCE
from tests.pki import usual_cms

T = TypeVar("T")


class Client:
    """One client with connections of its own, which are kept alive."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.session = requests.Session()
        self.session.trust_env = False  # no proxy between us and the server

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.session.close()

    def get(self, path: str, **query: Any) -> requests.Response:
        return self.session.get(self.address + path, params=query, timeout=PATIENCE)

    def save(self, document: str, thread: str = "story", **more: Any) -> requests.Response:
        body = {"document": CODE + document, "thread": thread, "cms": signature(), **more}
        return self.session.post(self.address + "/signature", json=body, timeout=PATIENCE)

    def saved(self, document: str, thread: str = "story", **more: Any) -> dict[str, Any]:
        """Save, and return the signature object of the answer."""
        answer = self.save(document, thread, **more)
        assert answer.status_code == 201, answer.text
        saved: dict[str, Any] = content(answer, "signature")
        return saved

    def read(self, document: str, thread: str = "story", **query: Any) -> requests.Response:
        return self.get("/signature", document=CODE + document, thread=thread, **query)

    def delete(self, document: str, thread: str = "story") -> requests.Response:
        query = {"document": CODE + document, "thread": thread}
        return self.session.delete(self.address + "/signature", params=query, timeout=PATIENCE)

    def versions(self, document: str, thread: str = "story") -> list[dict[str, Any]]:
        """Return all versions, newest first. `document` is the whole code here."""
        answer = self.get("/signature/versions", document=document, thread=thread)
        versions: list[dict[str, Any]] = content(answer, "versions")
        return versions

    def listed(self, **query: Any) -> list[dict[str, Any]]:
        """Return the rows of a list, having compared their number with the counted one."""
        answer = self.get("/signatures", count=1, without="cms", **query)
        rows: list[dict[str, Any]] = content(answer, "signatures")
        assert content(answer, "nb_results") == len(rows)
        return rows


@cache
def signature() -> str:
    """Return a good signature, the same in all tests."""
    return usual_cms()


def signature_number(number: int) -> str:
    """Return a good signature whose text is another one for each of 4,000 numbers."""
    text = signature()
    at = 1 + number % (len(text) - 100)
    return text[:at] + "\r\n" + text[at:]


def content(answer: requests.Response, key: str) -> Any:
    """Take a part out of a successful answer."""
    assert answer.status_code in {200, 201}, answer.text[:500]
    return answer.json()["content"][key]


def together(address: str, number: int, work: Callable[[Client, int], T]) -> list[T]:
    """Let `number` clients begin their work at the same moment; return what each brought back."""
    barrier = threading.Barrier(number)
    signature()  # so that not each of them makes one

    def run(index: int) -> T:
        with Client(address) as client:
            client.get("/health/live")  # so that the connection is open before
            barrier.wait(PATIENCE)
            return work(client, index)

    with ThreadPoolExecutor(number) as pool:
        futures = [pool.submit(run, index) for index in range(number)]
        return [future.result(4 * PATIENCE) for future in futures]


def assert_whole(client: Client) -> None:
    """Look at all that the server keeps: no gap, no half-written thread, no tag astray."""
    rows = client.listed()
    tags: set[str] = set()
    for row in rows:
        versions = client.versions(row["document"], row["thread"])
        numbers = [version["version"] for version in versions]
        assert numbers == list(range(row["version"], 0, -1))
        assert {version["id"] for version in versions} == {row["id"]}
        assert versions[0]["tags"] == row["tags"]
        tags.update(_tags(versions))
    for tag in sorted(tags):
        expected = [row["id"] for row in rows if tag in row["tags"]]
        assert [row["id"] for row in client.listed(tags=tag)] == expected, tag


def _tags(rows: Iterable[dict[str, Any]]) -> set[str]:
    return {tag for row in rows for tag in row["tags"]}
