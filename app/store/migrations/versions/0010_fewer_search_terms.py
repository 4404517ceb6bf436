"""Fewer rows for what threads are found by: few beginnings of names, everybody's whole name.

The step adds the whole names of up to 16 characters, which had no row. What nothing is found by any
more is removed after step 0013, with all other terms of before it.
"""

from __future__ import annotations

import sqlalchemy as sa

from app.store.migrations import term_lists
from app.store.migrations.term_lists import HEAD, IS_OF_HEAD, LIST, SIGNER, TERM, Person, Thread

revision = "0010"
down_revision = "0009"
#: Steps at which `add` can be used.
PREPARED_AT = ("0009",)

#: Lengths of the beginnings of a name that were terms before; characters of a whole name.
_LENGTHS_BEFORE, _WHOLE_NAME = range(1, 17), 200
#: Whole names of more had a term before.
_SHORT = 16

#: A list of before names a decade, where it names any moment.
_IS_OLD = LIST.contains('"decade:')
_LACKS_NAME = sa.exists().where(
    IS_OF_HEAD,
    SIGNER.c.claimed_name != "",
    sa.func.length(SIGNER.c.claimed_name) <= _SHORT,
    ~sa.exists().where(
        TERM.c.term == sa.literal("person:").concat(SIGNER.c.claimed_name),
        TERM.c.signature_id == SIGNER.c.signature_id,
    ),
)


def _with_names(thread: Thread) -> list[str]:
    """Add the whole names that have no term."""
    names = [f"person:{one.name[:_WHOLE_NAME]}" for one in thread.people if one.name]
    return list(dict.fromkeys([*thread.terms, *names]))


def _more(thread: Thread) -> list[str]:
    """Make the list of before."""
    found = [term for one in thread.people for term in _of_person(one)]
    for term in thread.terms:
        kind, _, value = term.partition(":")
        if kind == "year":
            found.append(f"decade:{value[:3]}")
        if kind not in ("iin", "bin", "name", "person", "decade"):
            found.append(term)
    return list(dict.fromkeys(found))


def _of_person(one: Person) -> list[str]:
    found = [f"iin:{one.iin}"] if one.iin else []
    found += [f"bin:{one.bin}"] if one.bin else []
    if one.name:
        lengths = [size for size in _LENGTHS_BEFORE if size <= len(one.name)]
        found += [f"name:{one.name[:size]}" for size in lengths]
        found += [f"person:{one.name[:_WHOLE_NAME]}"] if len(one.name) > _SHORT else []
    return found


def add(connection: sa.Connection, after: int) -> int | None:
    """Add the whole names that threads behind an id lack, of a batch; return its last id.

    None at the end. Inside `database.transaction`.
    """
    return term_lists.rewrite(connection, after, _LACKS_NAME, _with_names)


def upgrade() -> None:
    """Add the names that are still missing, while nothing is saved."""
    term_lists.rewrite_all(add)


def downgrade() -> None:
    """Replace the rows and lists by those of before."""
    is_lean = LIST.contains('"year:') & ~_IS_OLD
    term_lists.rewrite_all(
        lambda connection, after: term_lists.rewrite(connection, after, is_lean, _more)
    )
