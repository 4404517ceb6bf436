"""How Solaris's clients name a person: by the number that a certificate claims."""

from __future__ import annotations

import re

from app.store.errors import PersonNotFound
from app.store.persons.signings import Person

_PERSON_ID = re.compile(r"(IIN|BIN)?([0-9]{12})")


def read_person(person_id: str) -> Person:
    """Read an IIN or BIN, with or without prefix; without one it may be either.

    Raises:
        PersonNotFound: it is no such number, so no person has it.
    """
    match = _PERSON_ID.fullmatch(person_id)
    if match is None:
        raise PersonNotFound
    if match[1] == "IIN":
        return Person(match[2], ("iin",))
    if match[1] == "BIN":
        return Person(match[2], ("bin",))
    return Person(match[2], ("iin", "bin"))
