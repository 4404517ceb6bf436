"""marshmallow fields for the input of clients of PHP servers.

They raise `ParameterError`, with one sentence, instead of collecting messages, since an answer has
room for one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, ClassVar

from marshmallow import fields

from app.api.params.values import (
    BLANKS,
    MAX_INTEGER,
    MAX_TEXT,
    as_integer,
    as_list,
    as_text,
    check_text,
    is_blank,
    is_media_type,
    refuse_moment,
)
from app.services.errors import ParameterError
from app.store.signatures.current_tags import MAX_TAGS


class Text(fields.Field[str | None]):
    """Unicode text; a number is taken as its decimal text, surrounding blanks are dropped."""

    def __init__(self, *, limit: int | None = MAX_TEXT, strip: bool = True, **options: Any) -> None:
        super().__init__(load_default=None, allow_none=True, **options)
        self.limit = limit
        self.strip = strip

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_kw: Any
    ) -> str | None:
        text = as_text(value, str(attr))
        return check_text(text.strip(BLANKS) if self.strip else text, str(attr), self.limit)


class MediaType(Text):
    """A media type, without its parameters (RFC 6838 section 4.2)."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kw: Any
    ) -> str | None:
        given = (super()._deserialize(value, attr, data, **kw) or "").lower()
        if given and not is_media_type(given):
            raise ParameterError(
                '"{field}" parameter must be a media type such as application/pdf', field=attr
            )
        return given or None


class Integer(fields.Field[int | None]):
    """A whole number or its decimal text, within bounds."""

    def __init__(self, *, low: int, high: int = MAX_INTEGER, **options: Any) -> None:
        super().__init__(allow_none=True, **options)
        self.low = low
        self.high = high

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_kw: Any
    ) -> int | None:
        if is_blank(value):
            return None
        number = as_integer(value, str(attr))
        if not self.low <= number <= self.high:
            raise ParameterError(
                '"{field}" parameter must be from {low} to {high}',
                field=attr,
                low=self.low,
                high=self.high,
            )
        return number


class VersionNumber(fields.Field[int | None]):
    """A version's number. Any integer is accepted: one that no thread can have is not found."""

    UNREACHABLE: ClassVar[int] = 2**31 - 1

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_kw: Any
    ) -> int | None:
        if is_blank(value):
            return None
        number = as_integer(value, str(attr))
        return number if abs(number) < self.UNREACHABLE else self.UNREACHABLE


class Flag(fields.Field[bool]):
    """A boolean, in the words that query strings use."""

    WORDS: ClassVar[dict[str, bool]] = {
        **dict.fromkeys(("true", "1", "1.0", "on", "yes"), True),
        **dict.fromkeys(("false", "0", "0.0", "off", "no", ""), False),
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_none=True, **options)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_kw: Any
    ) -> bool:
        word = str(value).lower() if isinstance(value, bool | int | float | str) else None
        if word not in self.WORDS:
            raise ParameterError('"{field}" parameter must be true or false', field=attr)
        return self.WORDS[word]


class Digits(fields.Field[str | None]):
    """A fixed number of hexadecimal, or decimal, digits."""

    def __init__(self, digits: int, *, hexadecimal: bool = False, **options: Any) -> None:
        super().__init__(load_default=None, allow_none=True, **options)
        self.digits = digits
        self.hexadecimal = hexadecimal
        self.pattern = re.compile(f"[{'0-9A-Fa-f' if hexadecimal else '0-9'}]{{{digits}}}")

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_kw: Any
    ) -> str | None:
        text = as_text(value, str(attr)).strip(BLANKS)
        if not text:
            return None
        if not self.pattern.fullmatch(text):
            raise ParameterError(
                '"{field}" parameter must be {digits} hexadecimal digits'
                if self.hexadecimal
                else '"{field}" parameter must be {digits} digits',
                field=attr,
                digits=self.digits,
            )
        return text


class Moment(fields.Field[datetime | date | None]):
    """A date, or a date and a time, with or without an offset (ISO 8601, or as answers have it)."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_kw: Any
    ) -> datetime | date | None:
        text = as_text(value, str(attr)).strip(BLANKS)
        if not text:
            return None
        try:
            return date.fromisoformat(text)
        except ValueError:  # It has a time, or it is no date.
            pass
        try:
            return datetime.fromisoformat(text)
        except ValueError as error:
            refuse_moment(str(attr), error)


class Choice(fields.Field[str | None]):
    """One of a few words.

    Args:
        any_case: whether upper case is converted to lower case, in which the words are.
    """

    def __init__(self, *choices: str, any_case: bool = False, **options: Any) -> None:
        super().__init__(allow_none=True, **options)
        self.choices = choices
        self.any_case = any_case

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_kw: Any
    ) -> str | None:
        if value == "":
            return None
        if self.any_case and isinstance(value, str):
            value = value.lower()
        if value not in self.choices:
            raise ParameterError(
                '"{field}" parameter must be one of {choices}',
                field=attr,
                choices=", ".join(self.choices),
            )
        return str(value)


class Choices(fields.Field[tuple[str, ...]]):
    """Some of a few words: a list, or text with commas between them."""

    #: Characters of all texts together: each comma in them makes another word.
    LONGEST: ClassVar[int] = 1_000

    def __init__(self, *choices: str, **options: Any) -> None:
        super().__init__(load_default=(), allow_none=True, **options)
        self.choices = choices

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_kw: Any
    ) -> tuple[str, ...]:
        given = as_list(value)
        items = given if isinstance(given, list) else [given]
        texts = [item if isinstance(item, str) else "?" for item in items]
        if sum(map(len, texts)) > self.LONGEST:
            raise ParameterError(
                '"{field}" parameter must be at most {limit} characters long',
                field=attr,
                limit=self.LONGEST,
            )
        words = [word.strip(BLANKS) for text in texts for word in text.split(",") if text]
        if not set(words).issubset(self.choices):
            raise ParameterError(
                '"{field}" parameter must be one of {choices}',
                field=attr,
                choices=", ".join(self.choices),
            )
        return tuple(words)


class Tags(fields.Field[tuple[str, ...]]):
    """A list of tags, each once, in the order sent. A single one is a list of one.

    Args:
        wanted: whether tags are search criteria: an empty one in a list is then a tag that no
            thread has. The limit for a save depends on the thread (`tag_limits`).
    """

    def __init__(self, *, wanted: bool = False, **options: Any) -> None:
        super().__init__(load_default=(), allow_none=True, **options)
        self.wanted = wanted

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_kw: Any
    ) -> tuple[str, ...]:
        given = as_list(value)
        items = given if isinstance(given, list) else [given]
        if given == "" or (items == [""] and not self.wanted):  # an empty form field
            return ()
        tags = tuple(dict.fromkeys(self._tag(item, str(attr)) for item in items))
        if self.wanted and len(tags) > MAX_TAGS:
            raise ParameterError(
                '"{field}" parameter must have at most {limit} items', field=attr, limit=MAX_TAGS
            )
        return tags

    def _tag(self, item: Any, name: str) -> str:
        tag = check_text(as_text(item, name).strip(BLANKS), name, MAX_TEXT)
        if not tag and not self.wanted:
            raise ParameterError('"{field}" parameter must not have empty items', field=name)
        return tag
