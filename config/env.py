"""Typed reading of an environment's variables: an unusable value is reported in one line."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any, Literal, overload
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

from limits import RateLimitItem, parse_many

from app.store.contents.addresses import read_address

Origins = tuple[str, ...] | Literal["*"]

SWITCH = {
    **dict.fromkeys(("1", "on", "true", "yes"), True),
    **dict.fromkeys(("0", "off", "false", "no"), False),
}

#: Characters of a key: as many hexadecimal digits are 128 bits.
SHORTEST_KEY = 32

#: The largest numbers of requests and seconds in RATE_LIMIT: the range of the counters.
MOST_REQUESTS = 10**15
LONGEST_WINDOW = 366 * 24 * 60 * 60

#: An origin as browsers write it (RFC 6454, section 6.2): without a path or a default port.
_ORIGIN = re.compile(r"https?://[a-z0-9.\[\]:-]+|[a-z][a-z0-9+.-]*://[a-z0-9.-]*").fullmatch


#: A host name, whose last label is no number (RFC 1123 section 2.1).
_HOST = re.compile(r"(?:[a-z0-9_-]{1,63}\.)*(?![0-9]+$)[a-z0-9_-]{1,63}").fullmatch


#: A path below which something is served.
_PATH = re.compile(r"/|(?:/[A-Za-z0-9_-]{1,64}){1,8}/?").fullmatch


class SettingsError(ValueError):
    """A variable has a value that can't be used. The text is one line that names it."""


def is_loopback_name(host: str) -> bool:
    """Return whether a host is this machine's own, by its name or address."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:  # a name
        return False


@contextmanager
def _reaching(name: str, path: object) -> Iterator[None]:
    """Raise SettingsError where the system can't tell what is at a path."""
    try:
        yield
    except (OSError, RuntimeError) as error:  # RuntimeError: links that lead to themselves.
        reason = getattr(error, "strerror", None) or "too many symbolic links"
        raise SettingsError(f"{name} can't be used: {str(path)!r}: {reason}") from error


class Reader:
    """Typed access to the environment. An empty value counts as absent, as in compose files.

    Each method raises SettingsError if a value can't be used.
    """

    def __init__(self, env: Mapping[str, str]) -> None:
        self.env = env

    def text(self, name: str) -> str | None:
        """Return the value of a variable, stripped; None if it is empty.

        Every other method reads it here. Bytes that aren't UTF-8 are lone surrogates in it
        (PEP 383), which would fail where the value is used.
        """
        value = self.env.get(name, "").strip()
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise SettingsError(f"{name} must be text in UTF-8") from error
        return value or None

    def secret(self, name: str) -> str | None:
        """Return a key that is too long to be guessed."""
        value = self.text(name)
        if value is not None and len(value) < SHORTEST_KEY:
            raise SettingsError(f"{name} must have {SHORTEST_KEY} characters or more")
        return value

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        """Return a whole number within bounds, both included."""
        value = self.text(name)
        if value is None:
            return default
        if not re.fullmatch(r"[0-9]{1,18}", value) or not low <= int(value) <= high:
            raise SettingsError(f"{name} must be an integer from {low} to {high}, not {value!r}")
        return int(value)

    def choice(self, name: str, choices: tuple[Any, ...]) -> Any:
        """Return one of the choices, the first by default."""
        value = self.text(name) or choices[0]
        if value not in choices:
            raise SettingsError(f"{name} must be one of {', '.join(choices)}, not {value!r}")
        return value

    def choices(self, name: str, choices: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the listed choices, all if there is no list."""
        value = self.text(name)
        if value is None:
            return choices
        listed = {word.strip() for word in value.split(",") if word.strip()}
        if not listed or not listed.issubset(choices):
            raise SettingsError(
                f"{name} must list some of {', '.join(choices)}, separated by commas, not {value!r}"
            )
        return tuple(choice for choice in choices if choice in listed)

    def uuid(self, name: str) -> str | None:
        """Return a UUID in its usual text form."""
        value = self.text(name)
        if value is None:
            return None
        try:
            return str(UUID(value))
        except ValueError as error:
            raise SettingsError(f"{name} must be a UUID, not {value!r}") from error

    def switch(self, name: str, default: bool) -> bool:
        """Return whether something is on, by any of the words of SWITCH."""
        value = self.text(name)
        if value is None:
            return default
        if value.lower() not in SWITCH:
            raise SettingsError(f"{name} must be on or off, not {value!r}")
        return SWITCH[value.lower()]

    def host(self, name: str, default: str) -> str:
        """Return an address, or a host name, to listen on."""
        value = self.text(name) or default
        try:
            socket.getaddrinfo(value, None)
        except (OSError, UnicodeError) as error:
            raise SettingsError(f"{name} must be an address to listen at, not {value!r}") from error
        return value

    @overload
    def folder(self, name: str, default: Path) -> Path: ...

    @overload
    def folder(self, name: str, default: None) -> Path | None: ...

    def folder(self, name: str, default: Path | None) -> Path | None:
        """Return a folder, which need not exist yet."""
        value = self.text(name)
        with _reaching(name, value or default):
            folder = default if value is None else Path(value).resolve()
            if folder and folder.exists() and not folder.is_dir():
                raise SettingsError(f"{name} must be a folder, not {value!r}")
        return folder

    def file(self, name: str) -> Path | None:
        """Return a file that can be read."""
        value = self.text(name)
        if value is None:
            return None
        with _reaching(name, value):
            file = Path(value).resolve()
            if not (file.is_file() and os.access(file, os.R_OK)):
                raise SettingsError(f"{name} must be a file that can be read, not {value!r}")
        return file

    def path(self, name: str, default: str) -> str:
        """Return the path below which something is served, without a slash at its end."""
        value = self.text(name) or default
        if not _PATH(value):
            raise SettingsError(
                f"{name} must be / or a path of letters, digits, - and _, such as {default}, "
                f"not {value!r}"
            )
        return value.rstrip("/")

    def content_store(self, name: str) -> str | None:
        """Return `file:/folder` or `s3://bucket/prefix`."""
        value = self.text(name)
        try:
            if value is not None:
                read_address(value)
        except ValueError as error:
            raise SettingsError(
                f"{name} must be file:/folder or s3://bucket/prefix, not {value!r}"
            ) from error
        return value

    def address(self, name: str) -> str | None:
        """Return an http or https address, unchanged."""
        value = self.text(name)
        if value is None:
            return None
        try:
            parts = urlsplit(value)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:  # brackets that don't match, a port out of range
            usable = False
        if not usable:
            # Not repeated: it may contain a password.
            raise SettingsError(f"{name} must be an address that begins with http:// or https://")
        return value

    def number(self, name: str) -> str | None:
        """Return the number of a person or an organisation: twelve digits."""
        value = self.text(name)
        if value is not None and not re.fullmatch(r"[0-9]{12}", value):
            raise SettingsError(f"{name} must have twelve digits, not {value!r}")
        return value

    def loopback_socket(self, name: str, default: str) -> str:
        """Return the address of a WebSocket server on the reader's own machine."""
        value = self.text(name) or default
        try:
            parts = urlsplit(value)
            usable = parts.scheme in ("ws", "wss") and is_loopback_name(parts.hostname or "")
            usable = usable and parts.port != 0
        except ValueError:  # brackets that don't match, a port out of range
            usable = False
        if not usable or not value.isprintable() or set(value) & set(" ;,'\""):
            raise SettingsError(
                f"{name} must be an address on loopback that begins with wss:// or ws://, "
                f"not {value!r}"
            )
        return value

    def addresses(self, name: str) -> tuple[str, ...]:
        """Return http or https addresses, separated by blanks or commas, each once."""
        listed = re.split(r"[\s,]+", (self.text(name) or "").strip(" ,\t\r\n"))
        found = [Reader({name: one}).address(name) for one in listed if one]
        return tuple(dict.fromkeys(filter(None, found)))

    def rate(self, name: str, default: str) -> RateLimitItem | None:
        """Return an amount and a window, None if it is off."""
        value = self.text(name) or default
        if value.lower() in SWITCH and not SWITCH[value.lower()]:
            return None
        try:
            [rate] = parse_many(value)
            usable = 0 < rate.amount < MOST_REQUESTS and rate.get_expiry() <= LONGEST_WINDOW
        except ValueError:  # not understood, or several
            usable = False
        if not usable:
            raise SettingsError(f"{name} must be off, or such as 600/minute, not {value!r}")
        return rate

    def origins(self, name: str, default: str) -> Origins | None:
        """Return origins, each once, `*` for all, None if it is off."""
        value = self.text(name) or default
        if value == "*":
            return "*"
        if value.lower() in SWITCH and not SWITCH[value.lower()]:
            return None
        origins = tuple(dict.fromkeys(re.split(r"[\s,]+", value.strip(" ,"))))
        if not all(map(_ORIGIN, origins)):
            raise SettingsError(
                f"{name} must be *, off, or origins such as https://office.example.kz, separated "
                f"by commas, not {value!r}"
            )
        return origins

    def destinations(self, name: str) -> tuple[str, ...]:
        """Return names of hosts, addresses and networks, in lower case; none without a list.

        A name of only digits and dots would be a mistyped address.
        """
        value = self.text(name)
        if value is None:
            return ()
        listed = tuple(dict.fromkeys(re.split(r"[\s,]+", value.lower().strip(" ,"))))
        for one in listed:
            try:
                ip_network(one, strict=False)
            except ValueError as error:
                if not _HOST(one):
                    raise SettingsError(
                        f"{name} must list hosts, addresses or networks such as 10.0.0.0/8, "
                        f"separated by commas, not {value!r}"
                    ) from error
        return listed

    def zone(self, name: str, default: str) -> ZoneInfo:
        """Return a zone from the time zone database of the system or of the package tzdata."""
        value = self.text(name) or default
        try:
            return ZoneInfo(value)
        # ZoneInfoNotFoundError is a KeyError; a malformed key is a ValueError; a directory of
        # the zone database ("Asia") an OSError.
        except (KeyError, ValueError, OSError) as error:
            raise SettingsError(
                f"{name} must be a time zone such as Asia/Almaty, not {value!r}"
            ) from error
