"""The examples of the API's description: requests that are really made, and what is answered.

`python -m tests.api.examples` writes them anew; a test compares them with what is answered now.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.factory import create_app
from app.store.migrations import upgrade
from config.settings import Settings
from tests import pki
from tests.api import people
from tests.conftest import opened
from tests.live.server import PROJECT

#: view -> what was asked, and the answers by status.
Examples = dict[str, dict[str, Any]]


class Recorder:
    """Asks, and keeps the first request that each view took and its first answer of each status."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.client: FlaskClient = app.test_client()
        self.examples: Examples = {}

    def ask(self, method: str, path: str, **query: Any) -> TestResponse:
        """Ask by a query string."""
        response = self.client.open(path, method=method, query_string=query)
        self._keep(response, method, path, {"query": query} if query else {})
        return response

    def send(self, path: str, **body: Any) -> TestResponse:
        """Post JSON."""
        response = self.client.post(path, json=body)
        self._keep(response, "POST", path, {"body": body})
        return response

    def _keep(self, response: TestResponse, method: str, path: str, asked: dict[str, Any]) -> None:
        endpoint, variables = self.app.url_map.bind("").match(path, method)
        example = self.examples.setdefault(self.app.view_functions[endpoint].__name__, {})
        if response.status_code < 300 and not example.keys() - {"answers"}:
            example |= asked | ({"variables": dict(variables)} if variables else {})
        answers = example.setdefault("answers", {})
        answers.setdefault(str(response.status_code), response.get_json())


def ncanode(ask: Recorder) -> None:
    """Walk through the family."""
    cms, other = people.cms(people.ivan()), people.cms(people.chief())
    pair = {"document": "contract-7", "thread": "approval"}
    labels = {"tags": ["customer-1", "loan"], "stage": "draft", "version_created_by": "a.testova"}
    ask.send("/signature", **pair, cms=cms, **labels)
    ask.send("/signature", **pair, cms=cms)
    ask.send("/signature", **pair, version=1, cms=other)
    ask.ask("GET", "/signature", **pair, without="cms")
    ask.ask("GET", "/signature", document="contract-8", thread="approval")
    ask.ask("GET", "/signature/versions", **pair, without="cms", diff=True)
    ask.ask("GET", "/signatures", tags=["loan"], limit=20, count=True, without="cms")
    ask.ask("GET", "/signature/verify", **pair, version=1)
    ask.send("/cms/validate", cms=cms, iin=people.IIN, rule=["sign", "individual"])
    ask.send("/cms/validate", cms=cms, iin=people.CHIEF_IIN)
    ask.send("/cms/extract", cms=cms)
    ask.send("/validate", cms=cms, iin=people.IIN, rule=["iin"])
    ask.send("/validate", cms=cms, rule=[])
    ask.send("/origin", method="NODE.info", version="1.0")
    ask.ask("DELETE", "/signature", **pair)
    ask.ask("DELETE", "/signature", **pair)


def solaris(ask: Recorder) -> None:
    """Walk through the family."""
    _save(ask)
    page = {"page[number]": 1, "page[size]": 10}
    ask.ask("GET", f"/v1/persons/IIN{people.IIN}/signings", **page)
    ask.ask("GET", f"/v1/persons/{people.IIN}/signings", **{"page[number]": 0})
    ask.ask("GET", "/v1/persons/nobody/signings")


def penbox(ask: Recorder) -> None:
    """Walk through the family."""
    _save(ask)
    [signing] = ask.ask("GET", f"/v1/persons/{people.IIN}/signings").get_json()
    public_id = signing["url"].rpartition("/")[2]
    ask.ask("GET", f"/v1/signatures/{public_id}")
    ask.ask("GET", "/v1/signatures/f81d4fae-7dec-11d0-a765-00a0c91e6bf6")


def iinked(ask: Recorder) -> None:
    """Walk through the family."""
    signer = {"firstName": "Иван", "lastName": "Иванов", "email": "ivan@example.kz", "order": 0}
    added = ask.send(
        "/packages/add",
        name="Loan 7",
        type="concurrent",
        state="draft",
        thread="approval",
        timeSignBy="2099-12-31",
        externalData={"loan": 7},
        generateSignerLinks=True,
        documents=[{"externalId": "contract-7", "name": "Contract", "fileName": "contract.pdf"}],
        signers=[{**signer, "iin": people.IIN}],
    )
    one = {"packageId": added.get_json()["packageId"]}
    ask.send("/packages/add", name="Loan 8", type="video")
    ask.send("/packages/send", **one)
    ask.send("/packages/send", **one)
    ask.ask("GET", f"/packages/{one['packageId']}/status")
    ask.ask("GET", "/packages/f81d4fae-7dec-11d0-a765-00a0c91e6bf6/status")
    ask.send("/packages/list", states=["open"], search="loan", sortBy="-name", take=20, skip=0)
    ask.send("/packages/rescind", **one, rescindMessage="The customer has changed his mind")
    ask.send("/packages/delete", **one)
    ask.send("/packages/delete", **one)


def _save(ask: Recorder) -> None:
    ask.client.post(
        "/signature",
        json={"document": "contract-7", "thread": "approval", "cms": people.cms(people.ivan())},
    )


#: Of each family, its walk.
WALKS: dict[str, Callable[[Recorder], None]] = {
    "ncanode": ncanode,
    "solaris": solaris,
    "iinked": iinked,
    "penbox": penbox,
}
#: What the server says of itself in the examples.
SETTINGS = {"PUBLIC_URL": "https://signatures.example.kz", "LOCALE": "ru"}


def record(app: Flask, family: str) -> Examples:
    """Walk through a family on an empty store, and give what was asked and answered."""
    recorder = Recorder(app)
    WALKS[family](recorder)
    own = {
        app.view_functions[rule.endpoint].__name__
        for rule in app.url_map.iter_rules()
        if any(
            rule.endpoint.startswith(f"{blueprint.name}.")
            for one in app.extensions["families"]
            if one.name == family
            for blueprint in one.blueprints
        )
    }
    return {view: example for view, example in recorder.examples.items() if view in own}


def file_of(family: str) -> Path:
    """Give the file of a family's examples."""
    return PROJECT / "app" / "api" / family / "examples.json"


def outline(value: Any) -> Any:
    """Give what must stay the same of an example: its keys in order, and its types."""
    if isinstance(value, dict):
        return [(key, outline(member)) for key, member in value.items()]
    if isinstance(value, list):
        return [outline(item) for item in value]
    return type(value).__name__


def main() -> None:
    """Write the examples of all families."""
    for family in WALKS:
        with tempfile.TemporaryDirectory() as folder:
            anchors = people.trust(Path(folder, "trust"), pki.authority())
            url = f"sqlite:///{folder}/store.sqlite3"
            with opened(url) as engine:
                upgrade(engine)
            app = create_app(
                Settings.from_env({"DATABASE_URL": url, "TRUST_DIR": str(anchors), **SETTINGS})
            )
            examples = record(app, family)
        text = json.dumps(examples, ensure_ascii=False, indent=1)
        file_of(family).write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
