"""The search index of pairs of tags, for lists of threads that have both."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the table, and fill it from the tags that threads have."""
    row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    code = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

    op.create_table(
        "signature_tag_pairs",
        sa.Column("first_tag", code, primary_key=True),
        sa.Column("second_tag", code, primary_key=True),
        sa.Column("signature_id", row_id, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )
    op.execute(
        """
        INSERT INTO signature_tag_pairs (first_tag, second_tag, signature_id)
        SELECT a.tag, b.tag, a.signature_id FROM signature_tags a
        JOIN signature_tags b ON b.signature_id = a.signature_id AND a.tag < b.tag
        """
    )
