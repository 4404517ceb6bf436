"""The examples of the API's description: requests that are really made, and what is answered.

`python -m tests.api.examples` rewrites those to which the description of a family refers, at the
end of its file; a test compares them with what is answered now.
"""

from __future__ import annotations

import re
import tempfile
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.api.openapi.document import path_of, read_part
from app.factory import FAMILIES, create_app
from app.pdf.cards.attaching import File, attach
from app.store.migrations import upgrade
from config.settings import Settings
from tests import pki, soap_messages
from tests.api import people
from tests.conftest import opened
from tests.described import document_of
from tests.pdf.writing import Draft
from tests.pki import CONTENT, xml_signer

#: What stands before the examples in the file of a family.
MARK = "  # --- written by `python -m tests.api.examples`\n"


class Recorder:
    """Asks, and keeps the first good request of each operation and its first answer of each status.

    What is kept has the name of the operation with `Request` or the status behind it.
    """

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.client: FlaskClient = app.test_client()
        self.paths = document_of(app)["paths"]
        self.examples: dict[str, Any] = {}
        #: Of each operation, the parameters of its first good request.
        self.parameters: dict[str, dict[str, Any]] = {}

    def ask(self, method: str, path: str, **query: Any) -> TestResponse:
        """Ask by a query string."""
        response = self.client.open(path, method=method, query_string=query)
        operation, variables = self._keep(response, method, path)
        if response.status_code < 300:
            self.parameters.setdefault(operation, {**query, **variables})
        return response

    def send(self, path: str, **body: Any) -> TestResponse:
        """Post JSON."""
        response = self.client.post(path, json=body)
        operation, _ = self._keep(response, "POST", path)
        if response.status_code < 300:
            self.examples.setdefault(f"{operation}Request", body)
        return response

    def _keep(self, response: TestResponse, method: str, path: str) -> tuple[str, dict[str, Any]]:
        adapter = self.app.url_map.bind("")
        rule, variables = adapter.match(path, method, return_rule=True)
        operation: str = self.paths[path_of(rule)][method.lower()]["operationId"]
        self.examples.setdefault(f"{operation}{response.status_code}", response.get_json())
        return operation, dict(variables)


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
    ask.ask("GET", "/signature/evidence", **pair, version=2)
    ask.send("/signature/evidence", **pair, version=2)
    digest = sha256(CONTENT).hexdigest()
    ask.send("/signature/verify", **pair, digest=digest, algorithm="SHA-256")
    made = ask.send("/signature/link", **pair, days=30, files=True).get_json()["content"]["link"]
    ask.ask("GET", "/signature/link", **pair, version=2)
    ask.ask("DELETE", "/signature/link", **pair, version=2, link=made["id"])
    ask.send("/cms/validate", cms=cms, iin=people.IIN, rule=["sign", "individual"])
    ask.send("/cms/validate", cms=cms, iin=people.CHIEF_IIN)
    ask.send("/cms/extract", cms=cms)
    ask.send("/card/verify", card=b64encode(_card()).decode())
    ask.send("/validate", cms=cms, iin=people.IIN, rule=["iin"])
    ask.send("/validate", cms=cms, rule=[])
    ask.send("/origin", method="NODE.info", version="1.0")
    ask.ask("DELETE", "/signature", **pair)
    ask.ask("DELETE", "/signature", **pair)


def _card() -> bytes:
    """Return a card whose signature has no evidence inside."""
    signer = people.ivan()
    cms = pki.signed_data([pki.signer_info(signer)], [signer], None, digests=[pki.SHA256])
    named = {"Договор.txt": CONTENT, "1.cms": cms}
    files = [File(name, data, "", "Source") for name, data in named.items()]
    return attach(Draft().data, files, "Договор.txt", "ru")


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
    [signing] = ask.client.get(f"/v1/persons/{people.IIN}/signings").get_json()
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


def ncanode3(ask: Recorder) -> None:
    """Walk through the family."""
    stamped, asked = people.cms(people.ivan(), stamped=True), ["OCSP", "CRL"]
    ask.send("/ncanode3/cms/verify", cms=stamped, revocationCheck=asked)
    ask.send("/ncanode3/cms/verify", cms="AA==")
    ask.send("/ncanode3/cms/extract", cms=stamped)
    ask.send("/ncanode3/cms/extract", cms=people.cms(people.ivan(), attached=False))
    signed = pki.sign_xml(signers=[people.ivan()])
    ask.send("/ncanode3/xml/verify", xml=signed)
    ask.send("/ncanode3/xml/verify", xml="<a>")
    ask.send("/ncanode3/wsse/verify", xml=_signed_message())
    ask.send("/ncanode3/wsse/verify")
    ask.send("/ncanode3/pdf/verify", pdf=_signed_pdf())
    ask.send("/ncanode3/pdf/verify", pdf="AA==")
    certificate = b64encode(people.ivan().certificate).decode()
    ask.send("/ncanode3/x509/info", certs=[certificate])
    ask.send("/ncanode3/x509/info", certs=["AA=="])
    value = b64encode(people.ivan().key.sign(CONTENT)).decode()
    text = CONTENT.decode()
    ask.send("/ncanode3/x509/verify", certificate=certificate, signature=value, data=text)
    ask.send("/ncanode3/x509/verify", certificate=certificate, signature=value)
    ask.send("/ncanode3/cms/sign")
    ask.ask("GET", "/ncanode3/actuator/health")


def _signed_message() -> str:
    """Return a SOAP message that is signed by the individual."""
    who = people.ivan()
    named = soap_messages.by_key_identifier(value=who.certificate)
    return xml_signer.text(soap_messages.message(named, who=who))


def _signed_pdf() -> str:
    """Return a PDF that is signed by the individual, in base64."""
    draft = Draft()
    draft.sign(people.ivan(), more=b"/Reason (I agree) /M (D:20260301120000+05'00')")
    return b64encode(draft.data).decode()


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
    "ncanode3": ncanode3,
}
#: What the server says of itself in the examples.
SETTINGS = {
    "PUBLIC_URL": "https://signatures.example.kz",
    "LOCALE": "ru",
    "EVIDENCE": "queue",
}


def record(app: Flask, family: str) -> Recorder:
    """Walk through a family on an empty store, and return what was asked and answered."""
    recorder = Recorder(app)
    WALKS[family](recorder)
    return recorder


def kept_in(file: Path) -> dict[str, Any]:
    """Return the examples in a file of the description, by name."""
    examples = read_part(file)["components"].get("examples", {})
    return {name: example["value"] for name, example in examples.items()}


def references_in(file: Path) -> set[str]:
    """Return the names of the examples to which a file of the description refers."""
    text = file.read_text(encoding="utf-8")
    return set(re.findall(r"'#/components/examples/(\w+)'", text))


def outline(value: Any) -> Any:
    """Return what must stay the same of an example: its keys in order, and its types."""
    if isinstance(value, dict):
        return [(key, outline(member)) for key, member in value.items()]
    if isinstance(value, list):
        return [outline(item) for item in value]
    return type(value).__name__


def write_examples(file: Path, recorded: dict[str, Any]) -> None:
    """Write the recorded examples to which a file refers at its end."""
    text, _, _ = file.read_text(encoding="utf-8").partition(MARK)
    wanted = references_in(file)
    examples = {name: {"value": value} for name, value in recorded.items() if name in wanted}
    written = yaml.dump(
        {"examples": examples}, Dumper=Plain, allow_unicode=True, sort_keys=False, width=10**6
    )
    indented = "".join(f"  {line}\n" for line in written.splitlines())
    file.write_text(text + MARK + indented, encoding="utf-8")


class Plain(yaml.SafeDumper):
    """Writes every value where it stands, without anchors."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


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
            examples = record(app, family).examples
        write_examples(FAMILIES[family].openapi, examples)


if __name__ == "__main__":
    main()
