"""What the tests of app.cms share."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.cms.errors import MalformedSignature
from app.cms.parsing import parse

VECTORS = Path(__file__).parents[2].parent / "shared" / "vectors"

Refusal = Callable[[str], str]


@pytest.fixture(name="refusal")
def give_refusal() -> Refusal:
    """Give a function that parses a text which must be refused, and returns the sentence."""

    def refuse(text: str) -> str:
        with pytest.raises(MalformedSignature) as caught:
            parse(text)
        assert str(caught.value).startswith("cms: ")
        return str(caught.value)

    return refuse


@pytest.fixture(name="vectors")
def find_vectors() -> Path:
    """Give the folder of real signatures, which are not part of this project."""
    if not VECTORS.is_dir():
        pytest.skip("the folder of real signatures is not there")
    return VECTORS


@pytest.fixture
def untraced() -> Iterator[None]:
    """Keep coverage from slowing down what a test measures the time of."""
    tracer = sys.gettrace()
    sys.settrace(None)
    yield
    sys.settrace(tracer)
