"""Certificate policies along a path (RFC 5280 section 6.1), as a graph (RFC 9618).

The tree of RFC 5280 can be made to double with each certificate, by a CA that intends it. In the
graph a policy occurs once in each level, so the cost of a certificate is linear in its bytes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from app.cms.budget import Budget
from app.cms.errors import TooCostly
from app.cms.path.rules import doubt_broken, title
from app.cms.verdict import YES, Verdict, every, no, unknown
from app.cms.x509 import certificate as x509
from app.cms.x509 import extensions
from app.cms.x509.certificate import Certificate, MalformedExtension
from app.cms.x509.extensions import PolicyConstraints

ANY_POLICY = "2.5.29.32.0"

# Certificates whose extensions are remembered.
_REMEMBERED = 256
# Cost of processing a byte of a certificate, in the unit of `budget`.
_COST_OF_BYTE = 2
# Qualifiers that require nothing of the application (section 4.2.1.4).
_HARMLESS_QUALIFIERS = {"1.3.6.1.5.5.7.2.1", "1.3.6.1.5.5.7.2.2"}


@dataclass(frozen=True, slots=True)
class PolicyInputs:
    """The inputs of the processing (section 6.1.1, c to g).

    `acceptable` is the user-initial-policy-set, None for any policy; `explicit`: a policy is
    required; `inhibit_mapping`, `inhibit_any`: mappings, and anyPolicy, are ignored.
    """

    acceptable: frozenset[str] | None = None
    explicit: bool = False
    inhibit_mapping: bool = False
    inhibit_any: bool = False


DEFAULT = PolicyInputs()
"""Any policy, or none, unless a CA of the path requires one."""


@dataclass(frozen=True, slots=True)
class _Rules:
    """What the extensions of one certificate say. `policies`: None if the extension is missing.

    `mappings`: policy of the issuer -> policies of the subject that it maps to.
    """

    verdict: Verdict = YES
    policies: frozenset[str] | None = None
    mappings: Mapping[str, frozenset[str]] = field(default_factory=dict)
    explicit: int | None = None
    inhibit_mapping: int | None = None
    inhibit_any: int | None = None


def check_policies(chain: Sequence[Certificate], inputs: PolicyInputs, budget: Budget) -> Verdict:
    """Process the policies of a chain, from the subject to the anchor.

    The anchor's own extensions count too (RFC 5937 section 3.2): it is processed as a certificate
    before the first, and without a policies extension it means any policy.
    """
    try:
        budget.spend(_COST_OF_BYTE * sum(len(certificate.der) for certificate in chain))
    except TooCostly as error:
        return unknown(error.template, **error.values)
    anchor, *below = [(one, _read_rules(one)) for one in reversed(chain)]
    read = every(anchor[1].verdict, *(rules.verdict for _, rules in below))
    if read != YES or not below:
        return read
    process = _Process(inputs, len(below))
    process.begin(anchor[1])
    for certificate, rules in below[:-1]:
        process.enter(rules, exempt=certificate.self_issued)
        process.leave(rules, counts=not certificate.self_issued)
    process.enter(below[-1][1], exempt=False)
    if process.conclude(below[-1][1]):
        return YES
    return no(
        "no certificate policy is valid for the whole path from {anchor} to {subject}, and one is "
        "required",
        anchor=title(chain[-1].subject),
        subject=title(chain[0].subject),
    )


@dataclass(slots=True)
class _Node:
    """A policy in one level: the policies above that lead to it, and those it leads to.

    The former are of the previous level, the latter of the next.
    """

    parents: tuple[str, ...]
    expected: frozenset[str]


class _Process:
    """The state of section 6.1.2 and the steps that change it; the names are the RFC's."""

    def __init__(self, inputs: PolicyInputs, length: int) -> None:
        """Begin with anyPolicy above all `length` certificates (d to f)."""
        self._acceptable = inputs.acceptable
        self._levels = [{ANY_POLICY: _Node((), frozenset({ANY_POLICY}))}]
        self._explicit_policy = 0 if inputs.explicit else length + 1
        self._policy_mapping = 0 if inputs.inhibit_mapping else length + 1
        self._inhibit_any_policy = 0 if inputs.inhibit_any else length + 1

    def begin(self, anchor: _Rules) -> None:
        """Apply what an anchor says about certificates below it."""
        if anchor.policies is not None:
            self.enter(anchor, exempt=True)
        self.leave(anchor, counts=False)

    def enter(self, rules: _Rules, *, exempt: bool) -> None:
        """Add a level for a certificate (section 6.1.3, d to f); `exempt` if it is self-issued."""
        level: dict[str, _Node] = {}
        if rules.policies is not None:
            above = self._levels[-1]
            leading = _invert(above)
            for policy in rules.policies - {ANY_POLICY}:
                parents = leading.get(policy) or ([ANY_POLICY] if ANY_POLICY in above else [])
                if parents:
                    level[policy] = _Node(tuple(parents), frozenset({policy}))
            if ANY_POLICY in rules.policies and (self._inhibit_any_policy > 0 or exempt):
                for policy in leading.keys() - level.keys():
                    level[policy] = _Node(tuple(leading[policy]), frozenset({policy}))
        self._levels.append(level)

    def leave(self, rules: _Rules, *, counts: bool) -> None:
        """Prepare for the next certificate (section 6.1.4, b and h to j)."""
        self._map(rules.mappings)
        step = 1 if counts else 0
        self._explicit_policy = _lower(self._explicit_policy - step, rules.explicit)
        self._policy_mapping = _lower(self._policy_mapping - step, rules.inhibit_mapping)
        self._inhibit_any_policy = _lower(self._inhibit_any_policy - step, rules.inhibit_any)

    def _map(self, mappings: Mapping[str, frozenset[str]]) -> None:
        """Connect policies of the issuer to those of the subject, or drop them (b)."""
        level = self._levels[-1]
        for policy, subjects in mappings.items():
            if not self._policy_mapping:
                level.pop(policy, None)
            elif policy in level:
                level[policy].expected = subjects
            elif ANY_POLICY in level:
                level[policy] = _Node((ANY_POLICY,), subjects)

    def conclude(self, last: _Rules) -> bool:
        """Return whether the path is good (section 6.1.5).

        If no policy is left in a level, none is left below it: step f of section 6.1.3, which
        checks each certificate, would find nothing more.
        """
        is_required = self._explicit_policy <= 1 or last.explicit == 0
        return not is_required or self._has_acceptable()

    def _has_acceptable(self) -> bool:
        """Return whether a policy that the caller accepts is valid for the whole path (g).

        That is one that is a child of anyPolicy, and so not a mapped one, and leads to the last
        level.
        """
        last = self._levels[-1]
        if self._acceptable is None or ANY_POLICY in last:
            return bool(last)
        wanted: Iterable[str] = last
        for level in reversed(self._levels):
            reached: set[str] = set()
            for policy in wanted:
                parents = level[policy].parents
                if ANY_POLICY in parents and policy in self._acceptable:
                    return True
                reached.update(parents)
            wanted = reached
        return False


def _lower(left: int, limit: int | None) -> int:
    """Return the remaining number of certificates, or a limit if that is lower."""
    return max(left, 0) if limit is None else min(max(left, 0), limit)


def _invert(level: Mapping[str, _Node]) -> dict[str, list[str]]:
    """Return, for each policy of the next level, those that lead to it."""
    leading: dict[str, list[str]] = {}
    for policy, node in level.items():
        for expected in node.expected:
            leading.setdefault(expected, []).append(policy)
    return leading


@lru_cache(maxsize=_REMEMBERED)
def _read_rules(certificate: Certificate) -> _Rules:
    """Read all policy extensions of a certificate."""
    try:
        policies = x509.read_extension(certificate, x509.POLICIES, extensions.read_all_policies)
        mappings = x509.read_extension(
            certificate, x509.POLICY_MAPPINGS, extensions.read_policy_mappings
        )
        constraints = x509.read_extension(
            certificate, x509.POLICY_CONSTRAINTS, extensions.read_policy_constraints
        ) or PolicyConstraints(None, None)
        inhibit_any = x509.read_extension(
            certificate, x509.INHIBIT_ANY_POLICY, extensions.read_inhibit_any_policy
        )
        verdict = every(_check_qualifiers(certificate), _check_mappings(certificate, mappings))
    except MalformedExtension as error:
        return _Rules(doubt_broken(certificate, error))
    collected: dict[str, set[str]] = {}
    for issuers, subjects in mappings or ():
        collected.setdefault(issuers, set()).add(subjects)
    return _Rules(
        verdict,
        policies,
        {policy: frozenset(subjects) for policy, subjects in collected.items()},
        constraints.explicit,
        constraints.inhibit_mapping,
        inhibit_any,
    )


def _check_qualifiers(certificate: Certificate) -> Verdict:
    """Make the answer unknown for unknown critical qualifiers. Raises MalformedExtension."""
    extension = certificate.extensions.get(x509.POLICIES)
    if extension is None or not extension.critical:
        return YES
    kinds = x509.read_extension(certificate, x509.POLICIES, extensions.read_policy_qualifiers)
    for oid in kinds or ():
        if oid not in _HARMLESS_QUALIFIERS:
            return unknown(
                "the policies of {subject} have a critical qualifier that is unknown here: {oid}",
                subject=title(certificate.subject),
                oid=oid,
            )
    return YES


def _check_mappings(
    certificate: Certificate, mappings: Sequence[tuple[str, str]] | None
) -> Verdict:
    """Refuse what section 6.1.4 (a) forbids."""
    if any(ANY_POLICY in mapping for mapping in mappings or ()):
        return no(
            "{subject} maps policies from or to anyPolicy, which is forbidden",
            subject=title(certificate.subject),
        )
    return YES
