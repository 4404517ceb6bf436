"""Requirements on a signer: rules over what the certificate claims about its subject.

A claim becomes a fact once the certificate was verified, which is not done here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.cms import Claims, CmsError

#: In the order in which the contract lists them.
RULES = ("iin", "bin", "auth", "sign", "individual", "employee", "ceo", "organisation")

_USAGES = {"auth": "AUTH", "sign": "SIGN"}
_ROLES = {
    "individual": "INDIVIDUAL",
    "employee": "EMPLOYEE",
    "ceo": "CEO",
    "organisation": "ORGANIZATION",
}


class CheckFailed(CmsError):  # It is named for what it says.
    """A signature, or a certificate, does not meet the requirements."""


@dataclass(frozen=True, slots=True)
class SignerRequirements:
    """The requirements on one signer: values of RULES, and the numbers of the certificate."""

    iin: str | None = None
    bin: str | None = None
    rules: tuple[str, ...] = ()

    @property
    def all_rules(self) -> tuple[str, ...]:
        """The rules, with those implied by a given number."""
        given = [name for name in ("iin", "bin") if getattr(self, name) is not None]
        return tuple(dict.fromkeys((*given, *self.rules)))

    def failures(self, claims: Claims) -> tuple[str, ...]:
        """Return the rules that don't hold."""
        return tuple(rule for rule in self.all_rules if not self._holds(rule, claims))

    def holds_all(self, claims: Claims) -> bool:
        """Return whether all of `rules` hold. A number without its rule changes nothing."""
        return all(self._holds(rule, claims) for rule in self.rules)

    def holds_any(self, claims: Claims) -> bool:
        """Return whether one of `rules` holds. A number without its rule changes nothing."""
        return any(self._holds(rule, claims) for rule in self.rules)

    def _holds(self, rule: str, claims: Claims) -> bool:
        if rule in _USAGES:
            return _USAGES[rule] in claims.usage
        if rule in _ROLES:
            return _ROLES[rule] in claims.roles
        claimed = claims.iin if rule == "iin" else claims.bin
        return claimed is not None and claimed == (self.iin if rule == "iin" else self.bin)


def choose_signer(
    signers: Sequence[Claims],
    asked: SignerRequirements,
    alternatives: Sequence[SignerRequirements] = (),
) -> int:
    """Return the position of the first signer that meets all requirements.

    If there are alternatives, one of them must be met, too.

    Raises:
        CheckFailed: there is none; with the failures of the closest signer.
    """
    closest: tuple[int, tuple[str, ...]] | None = None
    for place, claims in enumerate(signers):
        for failures in _failures(claims, asked, alternatives):
            if not failures:
                return place
            if closest is None or len(failures) < len(closest[1]):
                closest = place, failures
    place, failures = closest or (0, asked.all_rules)
    raise CheckFailed(
        "cms: signer {number} does not pass: {rules}", number=place + 1, rules=", ".join(failures)
    )


def _failures(
    claims: Claims, asked: SignerRequirements, alternatives: Sequence[SignerRequirements]
) -> Iterator[tuple[str, ...]]:
    """Return the failures for each alternative."""
    own = asked.failures(claims)
    for alternative in alternatives or (SignerRequirements(),):
        yield tuple(dict.fromkeys((*own, *alternative.failures(claims))))
