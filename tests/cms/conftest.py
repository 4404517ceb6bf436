"""What the tests of app.cms share."""

import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.cms import budget
from app.cms.algorithms import registry as algorithms
from app.cms.algorithms.gost.implementations import DIGESTS, PLAIN_CURVES, PLAIN_DIGESTS
from app.cms.errors import MalformedSignature
from app.cms.parsing import parse

VECTORS = Path(__file__).parents[2].parent / "shared" / "vectors"

Refusal = Callable[[str], str]


@pytest.fixture(name="refusal")
def give_refusal() -> Refusal:
    """Provide a function that parses a text which must be refused, and returns the sentence."""

    def refuse(text: str) -> str:
        with pytest.raises(MalformedSignature) as caught:
            parse(text)
        assert str(caught.value).startswith("cms: ")
        return str(caught.value)

    return refuse


@pytest.fixture(name="vectors")
def find_vectors() -> Path:
    """Provide the folder of real signatures, which are not part of this project."""
    if not VECTORS.is_dir():
        pytest.skip("the folder of real signatures is not there")
    return VECTORS


@pytest.fixture
def untraced() -> Iterator[None]:
    """Keep coverage from slowing down what a test measures the time of."""
    tracer, of_threads = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)
    yield
    sys.settrace(tracer)
    threading.settrace(of_threads)


@pytest.fixture
def plain_gost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compute GOST in plain Python, as where no library is there."""
    plain = dict(zip(DIGESTS.functions(), PLAIN_DIGESTS.functions(), strict=True))
    for oid, function in algorithms.DIGESTS.items():
        monkeypatch.setitem(algorithms.DIGESTS, oid, plain.get(function, function))
    # In the order of PLAIN_CURVES.
    kinds = algorithms.GOST_2004, algorithms.GOST_2015_256, algorithms.GOST_2015_512
    for kind, curve in zip(kinds, PLAIN_CURVES.curves(), strict=True):
        named = algorithms._GOST_CURVES[kind][0]
        monkeypatch.setitem(algorithms._GOST_CURVES, kind, (named, curve))
    monkeypatch.setattr(budget, "CURVES", PLAIN_CURVES)
