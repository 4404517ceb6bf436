"""Pages of a list: the requested one, and the headers that link the others."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Request
from marshmallow import missing

from app.api.params.fields import Integer
from app.api.params.unread import note
from app.services.errors import ParameterError

NUMBER, SIZE = "page[number]", "page[size]"
DEFAULT_SIZE, LARGEST_SIZE = 10, 1000
#: Far beyond the end of every list, and small enough for the offset to fit.
LAST_NUMBER = 10**9

#: The parameters of a page, by name.
FIELDS = {
    NUMBER: Integer(low=1, high=LAST_NUMBER, load_default=1),
    SIZE: Integer(low=1, high=LARGEST_SIZE, load_default=DEFAULT_SIZE),
}


@dataclass(frozen=True, slots=True)
class Page:
    """`number` counts from 1, `size` is in items."""

    number: int
    size: int

    @property
    def offset(self) -> int:
        """The number of items before it."""
        return (self.number - 1) * self.size

    def headers(self, address: str, total: int) -> dict[str, str]:
        """Return the headers of the whole list, with links to the pages (RFC 8288).

        Args:
            address: of the list, without a query string.
            total: items of all pages.
        """
        last = max(1, -(-total // self.size))
        numbers = {"first": 1, "last": last}
        if self.number > 1:
            numbers["prev"] = min(self.number - 1, last)
        if self.number < last:
            numbers["next"] = self.number + 1
        links = [
            f'<{self._address(address, numbers[relation])}>; rel="{relation}"'
            for relation in ("first", "prev", "next", "last")
            if relation in numbers
        ]
        return {"total": str(total), "per-page": str(self.size), "link": ", ".join(links)}

    def _address(self, address: str, number: int) -> str:
        return f"{address}?{urlencode({NUMBER: number, SIZE: self.size})}"


def read_page(request: Request) -> Page:
    """Read the requested page, by default the first ten items.

    Raises:
        ParameterError: it is no page, or given twice.
    """
    note(request.args, FIELDS)
    return Page(_read(request, NUMBER), _read(request, SIZE))


def _read(request: Request, name: str) -> int:
    given = request.args.getlist(name)
    if len(given) > 1:
        raise ParameterError('"{field}" parameter must be given once', field=name)
    field = FIELDS[name]
    read = field.deserialize(given[0] if given else missing, name, {})
    return field.load_default if read is None else read
