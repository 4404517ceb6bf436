"""Errors of requests to the store. No HTTP here: `app.api.errors` maps them."""

from __future__ import annotations

from typing import ClassVar


class StoreError(Exception):
    """A request that the store refuses. `template` is the English sentence for the caller."""

    template: ClassVar[str]

    def __init__(self, **values: object) -> None:
        super().__init__(self.template.format(**values))
        #: Values of the template's placeholders.
        self.values = values


class SignatureNotFound(StoreError):
    """There is no such thread, or no such version of it."""

    template = "Signature was not found"


class NoRoom(StoreError):
    """There is no space, in memory or on disk, for another large answer."""

    template = "There is no room here for another large answer, try again in {seconds} seconds"

    def __init__(self, seconds: int = 5) -> None:
        super().__init__(seconds=seconds)
        #: RFC 9110 section 10.2.3.
        self.headers = {"Retry-After": str(seconds)}


class PersonNotFound(StoreError):
    """The number that was requested can't be a person's."""

    template = "There is no such person: a number is 12 digits, with or without IIN or BIN before"


class VersionNotSet(StoreError):
    """The thread exists, so a save must say which version it supersedes."""

    template = "Version must be set"


class VersionConflict(StoreError):
    """Another caller saved since the caller looked: the version is not the current one."""

    template = "Version provided is not equal to actual signature version"


class CosignersLost(StoreError):
    """A version lacks a signer of the previous version."""

    template = "cms: the new version loses the signature of {signers}"


class ContentChanged(StoreError):
    """A version signs other content than the previous version."""

    template = "cms: the new version signs other content"


class PackageNotFound(StoreError):
    """There is no such package, and no thread of that name."""

    template = "Package was not found"


class PackageNotDraft(StoreError):
    """Only a draft can be sent."""

    template = "Package was sent already"


class PackageNotSent(StoreError):
    """Only a package that was sent can be rescinded."""

    template = "Package is a draft, which can be deleted"


class PackageRescinded(StoreError):
    """It can be neither sent nor rescinded again."""

    template = "Package was rescinded already"


class PackageExpired(StoreError):
    """The time to sign it is over."""

    template = "Package has expired"


class PackageTooLarge(StoreError):
    """An unregistered thread has too many documents to be shown as a package."""

    template = "Thread has more than {limit} documents, so it is no package"


class TokenError(Exception):
    """An operation on a token failed. Only operators see it: no answer of the API contains it."""


class TokenExists(TokenError):
    """A name is used for one token only, even after that has ended."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is, or was, a token named {name!r}")


class TokenNotFound(TokenError):
    """There is no token of that name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no token named {name!r}")


class TokenRevoked(TokenError):
    """A token was revoked, which can't be undone."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the token named {name!r} was revoked, which is for good")
