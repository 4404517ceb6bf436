"""What one signature may cost, whatever it is made of: memory and CPU time, measured apart."""

from __future__ import annotations

import gc
import resource
import subprocess
import sys
from base64 import b64encode
from pathlib import Path
from types import FrameType

import pytest

from app.cms.errors import MalformedSignature
from app.cms.parsing import parse
from tests.cpu import allowed

pytestmark = pytest.mark.attacks

PROJECT = Path(__file__).parents[2]
#: Megabytes on top of what the program takes, and CPU seconds. The aims are 200 and 2; a machine
#: that is busy counts more.
MAX_MEGABYTES, MAX_SECONDS = 200, 3.0

PROGRAM = """
import sys, time
from datetime import UTC, datetime
from app.services.sent_content import content_given
from app.services.json_bodies import MalformedJson, parse as parse_json
from app.services.errors import ParameterError
from app.services.uploads import as_text, read_multipart
from app.cms.budget import ContentBudget
from app.cms.errors import MalformedSignature
from app.cms.parsing import parse
from app.cms.claims import describe
from app.cms.verification.verifier import Verifier
from app.cms.x509.certificate import read_certificate
from tests import bounds, pki
from tests.memory import peak

given = getattr(bounds, sys.argv[1])()
before, began = peak(), time.process_time()
try:
    if isinstance(given, bytes) and given.startswith(b"<"):
        parse(as_text(given, "cms"))
    elif isinstance(given, bytes) and given.startswith(b"--"):
        read_multipart([given], "X")
    elif isinstance(given, bytes):
        parse_json(given, fractions=False)
    elif isinstance(given, tuple):
        signature, budget = parse(given[0]), ContentBudget()
        content = content_given(signature, given[1], budget)
        statuses = Verifier().verify(
            signature, content, at=datetime.now(UTC), content_budget=budget
        )
        if any(str(one.intact.answer) == "yes" for one in statuses):
            print("a yes")
    else:
        signature = parse(given)
        describe(signature)
        parsed = time.process_time() - began
        statuses = Verifier([read_certificate(pki.root().certificate)]).verify(
            signature, at=datetime.now(UTC)
        )
        if any(str(one.valid.answer) == str(one.path.answer) == "yes" for one in statuses[1:]):
            print("a yes")
except (MalformedJson, MalformedSignature, ParameterError):
    pass
print(time.process_time() - began, peak() - before)
"""


@pytest.mark.parametrize(
    "name",
    [
        "percent_encoded_uri",
        "millions_of_strings",
        "signatures_with_many_references",
        "gost_signers",
        "large_timestamps",
        "content_of_many_digests",
        "escaped_texts",
        "escaped_texts_exclusive",
        "half_escaped_texts",
        "escaped_attributes",
        "escaped_quotes",
        "short_attributes",
        "attributes_alike",
        "long_attributes_alike",
        "attributes_and_two_certificates",
        "identifiers_alike",
        "prefixes_alike",
        "prefixes_alike_within_budget",
        "names_twice",
        "long_namespace",
        "prefix_list",
        "wide_xml",
        "wide_by_reference",
        "long_head",
        "many_heads",
        "escaped_quotes_outside",
        "strings_without_commas",
        "wide_armour",
        "foreign_armour_in_uri",
        "wide_uri",
        "document_of_single_bytes",
    ],
)
def test_a_request_is_bounded_whatever_it_brings(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, name],
        cwd=PROJECT,
        capture_output=True,
        check=True,
        text=True,
        timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30)),
    )
    [line] = done.stdout.splitlines()
    seconds, megabytes = map(float, line.split())
    assert seconds < allowed(MAX_SECONDS)
    assert megabytes < MAX_MEGABYTES


def test_a_refusal_keeps_nothing_of_what_was_refused() -> None:
    text = "\n" + b64encode(b"0\x80" * 50_000).decode()
    gc.collect()
    gc.disable()
    try:
        with pytest.raises(MalformedSignature):
            parse(text)
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        assert [one for one in gc.garbage if isinstance(one, FrameType)] == []
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
