"""The samples of GET /metrics, parsed by the library's own parser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

#: A name with its labels as they are written, in alphabetical order.
Samples = dict[str, float]


def samples(text: str) -> Samples:
    """Return every number of an answer."""
    return {
        sample.name + _labels(sample.labels): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def _labels(labels: dict[str, str]) -> str:
    inner = ",".join(f"{name}={value}" for name, value in sorted(labels.items()))
    return f"{{{inner}}}" if inner else ""


def metrics(client: FlaskClient) -> Samples:
    """Ask for them."""
    answer = client.get("/metrics")
    assert answer.status_code == 200, answer.text
    return samples(answer.text)


@contextmanager
def counted(client: FlaskClient) -> Iterator[Samples]:
    """Give, when the block is left, how much each number has grown in it; what hasn't is absent."""
    before = metrics(client)
    grown: Samples = {}
    yield grown
    for name, value in metrics(client).items():
        if value != before.get(name, 0):
            grown[name] = value - before.get(name, 0)
    # Asking for the numbers is a request, too.
    for name in [name for name in grown if "route=/metrics" in name]:
        del grown[name]
