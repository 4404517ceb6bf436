"""Whether a link to a version offers its files, too.

Links of before did, and so do those that programs of before make while the step has run.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Add the column."""
    op.add_column(
        "public_links",
        sa.Column("with_files", sa.Boolean(), nullable=False, server_default=sa.true()),
    )


def downgrade() -> None:
    """Drop the column: all links offer files then."""
    op.drop_column("public_links", "with_files")
