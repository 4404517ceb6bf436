"""A signer whose signature is another's too is told apart by whether its value was valid (-4, not -3).

Of a valid one it is known that its digest is that of the document of its version. Rows of before
have -3, which proves nothing now. The step changes the function of saves on PostgreSQL, and no row;
programs of before take -4 for pending.
"""

from importlib import import_module
from typing import Any

from alembic import op

revision = "0027"
down_revision = "0026"

_BEFORE = "former.standing IN (-2, -3)"
_AFTER = "former.standing IN (-2, -4)"


def _function_of_before() -> str:
    step: Any = import_module("app.store.migrations.versions.0026_digests_by_function")
    function = str(step._function_of_before())  # noqa: SLF001 - a step of the same history
    return function.replace(step._BEFORE, step._AFTER)  # noqa: SLF001


def upgrade() -> None:
    """Replace the function."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_function_of_before().replace(_BEFORE, _AFTER))


def downgrade() -> None:
    """Restore the function of before."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_function_of_before())
