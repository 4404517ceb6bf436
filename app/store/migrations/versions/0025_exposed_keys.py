"""Of revocations that were proven: whose key it was, below which anchor, and when a hold was lifted.

The step adds columns and changes no row: what was noted before is found by the certificate alone,
and when a hold was lifted is noted when it is found to be. Programs of before go on.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"

_CODE = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_COLUMNS: dict[str, Any] = {
    "public_key": _CODE,
    "anchor_key": _CODE,
    "lifted_at": sa.DateTime(timezone=True),
}


def upgrade() -> None:
    """Add the columns, and an index by which a key is found."""
    for name, kind in _COLUMNS.items():
        op.add_column("revocations", sa.Column(name, kind))
    op.create_index("ix_revocations_public_key", "revocations", ["public_key"])


def downgrade() -> None:
    """Drop the columns."""
    op.drop_index("ix_revocations_public_key", "revocations")
    for name in _COLUMNS:
        op.drop_column("revocations", name)
