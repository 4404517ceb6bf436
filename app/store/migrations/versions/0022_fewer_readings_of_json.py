"""A save reads the JSON of its signers once, and is given the pairs of its tags.

Each column of a signer was read out of the whole JSON, eleven times a signer, and pairs were computed
in PL/pgSQL. The step changes only the function. Programs of before call it without the new argument:
for these it still computes the pairs itself.
"""

from importlib import import_module
from typing import Any

from alembic import op

revision = "0022"
down_revision = "0020"

_LAST_ARGUMENT = "    new_evidence integer DEFAULT NULL,\n"
#: What changes in the function of step 0014. With OFFSET the planner doesn't write the array out once
#: for each column.
_CHANGES = (
    (_LAST_ARGUMENT, _LAST_ARGUMENT + "    given_pairs bigint[] DEFAULT NULL,\n"),
    (
        """(signer->>0)::integer, signer->>1, signer->>2, signer->>3,
        signer->>4, signer->>5, (signer->>6)::timestamp AT TIME ZONE 'UTC', signer->7,
        (signer->>8)::bigint, signer->>9, (signer->>10)::bigint
    FROM json_array_elements(new_signers) AS signer;
""",
        """of_one[1]::integer, of_one[2], of_one[3], of_one[4],
        of_one[5], of_one[6], of_one[7]::timestamp AT TIME ZONE 'UTC', of_one[8]::json,
        of_one[9]::bigint, of_one[10], of_one[11]::bigint
    FROM (
        SELECT ARRAY(SELECT json_array_elements_text(signer)) AS of_one
        FROM json_array_elements(new_signers) AS signer OFFSET 0) AS listed;
""",
    ),
    ("FROM unnest(tag_pairs(new_tags))", "FROM unnest(coalesce(given_pairs, tag_pairs(new_tags)))"),
    ("new_pairs := tag_pairs(new_tags)", "new_pairs := coalesce(given_pairs, tag_pairs(new_tags))"),
)


def _function_of_before() -> str:
    step: Any = import_module("app.store.migrations.versions.0014_evidence")
    function = str(step._function_of_before())  # noqa: SLF001 - a step of the same history
    for before, after in step._CHANGES:  # noqa: SLF001
        function = function.replace(before, after)
    return function


def upgrade() -> None:
    """Replace the function."""
    if op.get_bind().dialect.name != "postgresql":
        return
    function = _function_of_before()
    for before, after in _CHANGES:
        function = function.replace(before, after)
    op.execute("DROP FUNCTION save_version")
    op.execute(function)


def downgrade() -> None:
    """Restore the function of before."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION save_version")
        op.execute(_function_of_before())
