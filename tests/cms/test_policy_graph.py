"""The graph of policies (RFC 9618) answers as the tree of RFC 5280 does, in thousands of paths."""

import random
from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType

import pytest

from app.cms.budget import Budget
from app.cms.path.policies import PolicyInputs, check_policies
from app.cms.verdict import Answer
from app.cms.x509.certificate import Certificate, Extension
from tests import der
from tests.cms.judging import IVAN, NCA, ROOT, read
from tests.cms.policy_tree import ANY, Said, is_valid

PATHS = 4000
POLICIES = ("1.2.3.1", "1.2.3.2", "1.2.3.3")


def say(chance: random.Random) -> Said:
    """Make up what a certificate says."""
    policies: frozenset[str] | None = None
    if chance.random() < 0.92:
        policies = frozenset(chance.sample(POLICIES, chance.choice((1, 1, 2, 3))))
        if chance.random() < 0.4:
            policies = frozenset(list(policies)[: chance.choice((0, 1, 2))]) | {ANY}
    mappings: dict[str, frozenset[str]] = {}
    if chance.random() < 0.5:
        for policy in chance.sample(POLICIES, chance.choice((1, 2))):
            mappings[policy] = frozenset(chance.sample(POLICIES, chance.choice((1, 1, 2))))

    def skip(likely: float) -> int | None:
        return chance.choice((0, 1, 2)) if chance.random() < likely else None

    return Said(policies, mappings, skip(0.15), skip(0.15), skip(0.2), chance.random() < 0.2)


def encode(said: Said) -> dict[str, Extension]:
    """Encode that as extensions."""
    found: dict[str, bytes] = {}
    if said.policies is not None:
        listed = sorted(said.policies)
        found["2.5.29.32"] = der.sequence(*[der.sequence(der.oid(oid)) for oid in listed])
    if said.mappings:
        pairs = [(one, other) for one, many in said.mappings.items() for other in sorted(many)]
        found["2.5.29.33"] = der.sequence(
            *[der.sequence(der.oid(one), der.oid(other)) for one, other in pairs]
        )
    limits = [
        der.implicit(number, der.integer(skip)[2:])
        for number, skip in enumerate((said.explicit, said.inhibit_mapping))
        if skip is not None
    ]
    if limits:
        found["2.5.29.36"] = der.sequence(*limits)
    if said.inhibit_any is not None:
        found["2.5.29.54"] = der.integer(said.inhibit_any)
    return {oid: Extension(True, value) for oid, value in found.items()}


def chain(path: Sequence[Said], number: int) -> list[Certificate]:
    """Make certificates that say so; nothing else of them counts here."""
    person, issuer, root = read(IVAN, NCA, ROOT)
    made = [
        replace(
            person,
            der=f"{number}/{depth}".encode(),
            subject=issuer.subject if said.self_issued else person.subject,
            issuer=issuer.subject,
            extensions=MappingProxyType(encode(said)),
        )
        for depth, said in enumerate(path)
    ]
    return [*made[::-1], root]


@pytest.mark.slow
def test_the_graph_answers_as_the_tree_does() -> None:
    chance = random.Random("RFC 9618")
    seen = {True: 0, False: 0}
    for number in range(PATHS):
        path = [say(chance) for _ in range(chance.choice((1, 2, 3, 4, 5)))]
        some = frozenset(chance.sample(POLICIES, chance.choice((1, 2))))
        inputs = PolicyInputs(
            some if chance.random() < 0.5 else None,
            explicit=chance.random() < 0.7,
            inhibit_mapping=chance.random() < 0.1,
            inhibit_any=chance.random() < 0.1,
        )
        expected = is_valid(
            path,
            inputs.acceptable,
            explicit=inputs.explicit,
            inhibit_mapping=inputs.inhibit_mapping,
            inhibit_any=inputs.inhibit_any,
        )
        verdict = check_policies(chain(path, number), inputs, Budget())
        assert (verdict.answer is Answer.YES) is expected, (number, path, inputs)
        seen[expected] += 1
    assert min(seen.values()) > PATHS // 4
