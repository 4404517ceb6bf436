"""The files of the description are sound, each on its own and together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from app.api.openapi.document import COMMON, Json, read_part
from tests.api.describing import (
    FILES,
)

NAMES = [str(file.relative_to(COMMON.parents[1])) for file in FILES]


class Strict(yaml.SafeLoader):
    """Refuses a key that occurs twice, of which YAML would use the last."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        keys = [key.value for key, _ in node.value]
        assert len(keys) == len(set(keys)), f"twice: {keys} {node.start_mark}"
        return node


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_no_key_of_a_file_stands_twice(file: Path) -> None:
    yaml.load(file.read_text(encoding="utf-8"), Loader=Strict)  # noqa: S506  # a SafeLoader


def test_a_key_that_stands_twice_is_noticed() -> None:
    with pytest.raises(AssertionError, match="twice"):
        yaml.load("a: {b: 1, b: 2}", Loader=Strict)  # noqa: S506


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_a_file_has_nothing_that_json_has_not(file: Path) -> None:
    rest: list[Any] = [read_part(file)]
    while rest:
        one = rest.pop()
        if isinstance(one, dict):
            assert all(isinstance(key, str) for key in one), list(one)
            rest += one.values()
        elif isinstance(one, list):
            rest += one
        else:  # An unquoted date would be one.
            assert one is None or isinstance(one, bool | int | float | str), one


def test_no_two_files_name_a_component_alike() -> None:
    named = [
        (kind, name)
        for file in FILES
        for kind, components in read_part(file)["components"].items()
        for name in components
    ]
    assert sorted(named) == sorted(set(named))


def test_every_component_is_referred_to(document: Json) -> None:
    text = str(document)
    unused = [
        f"{kind}/{name}"
        for kind, components in document["components"].items()
        for name in components
        if kind != "securitySchemes" and f"'#/components/{kind}/{name}'" not in text
    ]
    assert unused == []
