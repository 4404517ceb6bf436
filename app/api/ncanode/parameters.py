"""Parameters of requests of this family: their names, and what all of its schemas share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from flask import Request

from app.api.params.merging import read_parameters, with_names
from app.api.params.schemas import FieldsSchema
from app.api.params.unread import note, note_doubled
from app.services.errors import ParameterError
from app.services.json_bodies import Doubled
from app.services.spooled import Spooling
from app.services.uploads import FILES

#: Names of the API's older generation, and of the vendor's client.
ALIASES = {"chain": "thread", "signature": "cms", "tag": "tags"}


class ParametersSchema(FieldsSchema):
    """Base of the schemas: parameters unknown to the contract are ignored, with a warning."""

    #: Parameters that may be given several times.
    LISTS: ClassVar[tuple[str, ...]] = ("tags", "tag")
    #: The field, one that accepts files, that a body of a single file belongs to; None: there is
    #: none.
    FILE: ClassVar[str | None] = None
    #: The content types of such a body.
    FILES: ClassVar[frozenset[str]] = FILES
    #: Whether a key makes that such a request happens once.
    READS_KEY: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__()
        self._aliases = {old: name for old, name in ALIASES.items() if name in self.known}
        self._parameters_by_kind = dict.fromkeys(self.FILES, self.FILE) if self.FILE else {}

    def read(self, request: Request) -> Any:
        """Read a request, or Flask's proxy of it.

        Raises:
            ParameterError: a parameter is missing or can't be used.
        """
        given = read_parameters(
            request,
            aliases=self._aliases,
            lists=self.LISTS,
            files=self._parameters_by_kind,
            spooling=self.spooling(),
        )
        return self._load(given)

    def read_object(self, given: dict[str, Any]) -> Any:
        """Read the parameters of one part of a request, a JSON object. Raises ParameterError."""
        if isinstance(given, Doubled):
            note_doubled(given.doubled)
        return self._load(with_names(given, self._aliases))

    def _load(self, given: dict[str, Any]) -> Any:
        known = self.known_beside(given)
        note(given, known, reads_key=self.READS_KEY)
        return self.load({name: value for name, value in given.items() if name in known})

    def spooling(self) -> Spooling | None:
        """Return which files of a form may be larger than memory; None: none."""
        return None

    def known_beside(self, given: Mapping[str, Any]) -> frozenset[str]:
        """Return the known names, which may depend on the given ones."""
        del given
        return self.known


def require_thread(data: Mapping[str, Any]) -> None:
    """Require that a thread is named. Raises ParameterError."""
    if not data["document"] or not data["thread"]:
        raise ParameterError('"Thread" and "document" parameters must be set')
