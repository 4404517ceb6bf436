"""What is generated from the description can be used: every operation, with typed answers."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
import sysconfig
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, get_args, get_type_hints

import httpx
import pytest
from flask import Flask

from app.api.openapi.document import Json
from tests import pki
from tests.api import people
from tests.conftest import AppMaker
from tests.described import resolve
from tests.docs.pages import blocks, read
from tests.pki import CONTENT

#: Seconds that a generator may take.
PATIENCE = 120
#: Where `npm install` puts the programs of the test of TypeScript.
NODE = Path(__file__).with_name("typescript") / "node_modules" / ".bin"
#: The name of the package that is generated; no other test has one.
PACKAGE = "tanbahana_client_of_tests"


def operations_of(document: Json) -> Iterator[Json]:
    """Yield each operation, its references to answers followed."""
    for operations in document["paths"].values():
        for operation in operations.values():
            answers = operation["responses"].items()
            resolved = {status: resolve(document, answer) for status, answer in answers}
            yield {**operation, "responses": resolved}


def run(*command: str | Path, folder: Path) -> str:
    """Run a generator, and return what it says."""
    scripts = sysconfig.get_path("scripts")
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        check=False,
        text=True,
        timeout=PATIENCE,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


@pytest.fixture(name="generated")
def generated_package(
    document: Json, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """Provide the name of the package that openapi-python-client makes of the description."""
    source = tmp_path / "openapi.json"
    source.write_text(json.dumps(document), encoding="utf-8")
    settings = tmp_path / "settings.yaml"
    [block] = blocks(read("clients.md"), "yaml")
    settings.write_text(block.text, encoding="utf-8")
    generator = (
        *(sys.executable, "-m", "openapi_python_client", "generate", "--meta=none"),
        f"--config={settings}",
    )
    said = run(*generator, f"--path={source}", f"--output-path={PACKAGE}", folder=tmp_path)
    assert "Warning" not in said, said
    monkeypatch.syspath_prepend(str(tmp_path))
    yield PACKAGE
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


def module_of(package: str, operation: Json) -> Any:
    """Return the generated module of an operation."""
    name = re.sub(r"(?<=[a-z])([A-Z])", r"_\1", operation["operationId"]).lower()
    return importlib.import_module(f"{package}.api.{operation['tags'][0]}.{name}")


@pytest.mark.slow
def test_a_python_client_has_every_operation_with_typed_answers(
    document: Json, generated: str
) -> None:
    found = 0
    for operation in operations_of(document):
        [answer] = get_args(get_type_hints(module_of(generated, operation).sync_detailed)["return"])
        types = set(get_args(answer)) or {answer}
        # What has no body has no type; it is the only answer that may be anything.
        empty = [status for status, one in operation["responses"].items() if "content" not in one]
        assert (Any in types) is bool(empty), (operation["operationId"], types)
        assert len(types - {Any}) >= 2, operation["operationId"]
        found += 1
    assert found > 25


@contextmanager
def asking(app: Flask, document: Json, package: str) -> Iterator[Callable[..., Any]]:
    """Yield a function that calls a generated function, by the id of its operation."""
    client = importlib.import_module(f"{package}.client").Client("http://localhost")
    modules = {one["operationId"]: module_of(package, one) for one in operations_of(document)}
    transport = httpx.WSGITransport(app=app)
    with httpx.Client(transport=transport, base_url="http://localhost") as inner:
        client.set_httpx_client(inner)
        yield lambda name, **fields: modules[name].sync(client=client, **fields)


@pytest.mark.slow
def test_a_python_client_saves_finds_and_verifies(
    sqlite_app: Flask, document: Json, generated: str
) -> None:
    models = importlib.import_module(f"{generated}.models")
    with asking(sqlite_app, document, generated) as ask:
        body = models.SaveSignatureRequest(
            document="contract-7",
            thread="approval",
            cms=people.cms(people.ivan()),
            tags=["loan", "customer-1"],
        )
        saved = ask("saveSignature", body=body)
        assert isinstance(saved, models.SavedSignature)
        assert saved.content.signature.version == 1
        again = ask("saveSignature", body=body)
        assert isinstance(again, models.NcanodeError)

        found = ask("searchSignatures", tags=["loan"], count=True, with_=list(models.AddedPart))
        assert found.content.nb_results == 1
        [signature] = found.content.signatures
        assert signature.tags == ["loan", "customer-1"]
        assert signature.signers[0].claimed.iin == people.IIN

        pair = {"document": "contract-7", "thread": "approval"}
        verified = ask("verifySignature", **pair)
        assert verified.content.verification.intact.answer.value == "yes"
        deleted = ask("deleteSignature", **pair)
        assert deleted.status is True


@pytest.mark.slow
def test_a_python_client_sends_files_in_forms_and_as_bodies(
    start_app: AppMaker, sqlite_url: str, tmp_path: Path, document: Json, generated: str
) -> None:
    anchors = people.trust(tmp_path / "trust", pki.authority())
    app = start_app(DATABASE_URL=sqlite_url, TRUST_DIR=str(anchors))
    models, types = (importlib.import_module(f"{generated}.{name}") for name in ("models", "types"))
    attached = people.cms(people.ivan())
    detached = people.cms(people.ivan(), attached=False)
    pair = {"document": "contract-7", "thread": "approval"}

    def file(content: bytes) -> Any:
        return types.File(payload=BytesIO(content), file_name="a.bin")

    with asking(app, document, generated) as ask:
        form = models.SaveSignatureForm(
            **pair,
            cms=file(b64decode(detached)),
            data=file(CONTENT),
            tags=["loan", "customer-1"],
            without=models.SaveSignatureFormWithout.CMS,
        )
        signature = ask("saveSignature", body=form).content.signature
        assert (signature.version, signature.tags) == (1, ["loan", "customer-1"])
        body = file(b64decode(detached))
        saved = ask("saveSignature", body=body, **pair, version=1, tags=["a", "b"], stage="x")
        signature = saved.content.signature
        assert (signature.version, signature.tags, signature.cms) == (2, ["a", "b"], detached)

        form = models.VerifySignatureForm(**pair, data=file(CONTENT))
        for found in (
            ask("verifySignatureOf", body=form),
            ask("verifySignatureOf", body=file(CONTENT), **pair, version=1),
        ):
            verification = found.content.verification
            assert verification.intact.answer.value == "yes"
            assert verification.compared.to_dict() == {"what": "data", "size": len(CONTENT)}

        rule = [models.Rule.IIN, models.Rule.INDIVIDUAL]
        form = models.ValidateCmsForm(
            cms=detached, data=file(CONTENT), iin=people.IIN, rule=rule, revoke=False
        )
        for found in (
            ask("validateCms", body=form),
            ask("validateCms", body=file(b64decode(attached)), iin=people.IIN, rule=rule),
        ):
            assert found.content.signer.iin == people.IIN
        form = models.ExtractContentForm(cms=file(b64decode(attached)))
        for body in (form, file(b64decode(attached)), models.ExtractContentRequest(cms=attached)):
            assert ask("extractContent", body=body).content.data == CONTENT.decode()


@pytest.mark.slow
def test_a_python_client_saves_many_and_reads_each_answer(
    sqlite_app: Flask, document: Json, generated: str
) -> None:
    models, types = (importlib.import_module(f"{generated}.{name}") for name in ("models", "types"))
    cms = people.cms(people.ivan())
    lines = [models.SaveBatchLine(document=name, thread="t", cms=cms) for name in ("a", "b", "a")]
    body = "\n".join(json.dumps(line.to_dict()) for line in lines)
    with asking(sqlite_app, document, generated) as ask:
        answer = ask("saveBatch", body=types.File(payload=BytesIO(body.encode())))
        saved = [models.SavedBatchLine.from_dict(json.loads(line)) for line in answer.payload]
    assert [line.code for line in saved] == [201, 201, 400]
    assert saved[1].content.signature.document == "b"


CHECK = """\
import type { operations } from "./openapi";
type Typed<T> = unknown extends T ? false : true;
type Answers<Name extends keyof operations> = operations[Name]["responses"];
type Bodies<Name extends keyof operations> =
  NonNullable<operations[Name]["requestBody"]>["content"];
"""


@pytest.mark.live
def test_typescript_types_have_every_operation_with_typed_answers(
    document: Json, tmp_path: Path
) -> None:
    if not (NODE / "openapi-typescript").exists():
        pytest.skip("openapi-typescript is missing: npm install --prefix tests/api/typescript")
    source = tmp_path / "openapi.json"
    source.write_text(json.dumps(document), encoding="utf-8")
    run(NODE / "openapi-typescript", source, "-o", "openapi.d.ts", folder=tmp_path)
    answers = [
        f'Answers<"{operation["operationId"]}">[{status}]["content"]["{kind}"]'
        for operation in operations_of(document)
        for status, answer in operation["responses"].items()
        for kind in answer.get("content", {})
    ]
    bodies = [
        f'Bodies<"{operation["operationId"]}">["{kind}"]'
        for operation in operations_of(document)
        for kind in operation.get("requestBody", {}).get("content", {})
    ]
    lines = [f"export const a{at}: Typed<{one}> = true;" for at, one in enumerate(answers + bodies)]
    success = 'Answers<"saveSignature">[201]["content"]["application/json"]["status"]'
    lines.append(f"export const literal: {success} extends true ? true : false = true;")
    lines += [
        f"export const {name}: {lines_of} extends string ? true : false = true;"
        for name, lines_of in (
            ("sent", 'Bodies<"saveBatch">["application/x-ndjson"]'),
            ("answered", 'Answers<"saveBatch">[200]["content"]["application/x-ndjson"]'),
        )
    ]
    (tmp_path / "check.ts").write_text(CHECK + "\n".join(lines), encoding="utf-8")
    run(NODE / "tsc", "--noEmit", "--strict", "check.ts", folder=tmp_path)
    assert len(answers) > 200
    assert len(bodies) > 15
