"""Digests of a version and the one before are compared by the hash function, not by its identifier.

What a version was compared with is taken over for signers with the same digest. Rows of before have
the identifier that the SignerInfo has; rows from now on have one for each function. The step
changes the function of saves on PostgreSQL, and no row; programs of before go on.
"""

from importlib import import_module
from typing import Any

from alembic import op

revision = "0026"
down_revision = "0025"

_BEFORE = "former.digest_algorithm = own.digest_algorithm"
_NAMED = """CASE {signer}.digest_algorithm
                WHEN '1.2.398.3.10.1.3.1.1.0' THEN '1.2.398.3.10.1.3.1'
                WHEN '1.2.643.7.1.1.2.2' THEN '1.2.398.3.10.1.3.2'
                WHEN '1.2.643.7.1.1.2.3' THEN '1.2.398.3.10.1.3.3'
                ELSE {signer}.digest_algorithm END"""
_AFTER = f"{_NAMED.format(signer='former')} = {_NAMED.format(signer='own')}"


def _function_of_before() -> str:
    step: Any = import_module("app.store.migrations.versions.0024_proven_before")
    function = str(step._function_of_before())  # noqa: SLF001 - a step of the same history
    return function.replace(step._BEFORE, step._CARRY + step._BEFORE)  # noqa: SLF001


def upgrade() -> None:
    """Replace the function."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_function_of_before().replace(_BEFORE, _AFTER))


def downgrade() -> None:
    """Restore the function of before."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_function_of_before())
