"""What can be wrong with a request to the store. No HTTP here: `app.api.errors` maps it."""

from __future__ import annotations

from typing import ClassVar


class StoreError(Exception):
    """A request that the store refuses. `template` is the English sentence for the caller."""

    template: ClassVar[str]

    def __init__(self, **values: object) -> None:
        super().__init__(self.template.format(**values))
        #: What fills the template's placeholders.
        self.values = values


class SignatureNotFound(StoreError):
    """There is no such thread, or no such version of it."""

    template = "Signature was not found"


class NoRoom(StoreError):
    """There is no room, in memory or on the disk, for another large answer."""

    template = "There is no room here for another large answer, try again in {seconds} seconds"

    def __init__(self, seconds: int = 5) -> None:
        super().__init__(seconds=seconds)
        #: RFC 9110 section 10.2.3.
        self.headers = {"Retry-After": str(seconds)}


class PersonNotFound(StoreError):
    """What a person is asked for by is no number that a person could have."""

    template = "There is no such person: a number is 12 digits, with or without IIN or BIN before"


class VersionNotSet(StoreError):
    """The thread exists, so a save must say which version it supersedes."""

    template = "Version must be set"


class VersionConflict(StoreError):
    """Another caller saved since the caller looked: the version is not the current one."""

    template = "Version provided is not equal to actual signature version"


class CosignersLost(StoreError):
    """A version lacks a signer that the one before it has."""

    template = "cms: the new version loses the signature of {signers}"


class ContentChanged(StoreError):
    """A version signs other content than the one before it."""

    template = "cms: the new version signs other content"


class PackageNotFound(StoreError):
    """There is no such package, and no thread of that name."""

    template = "Package was not found"


class PackageNotDraft(StoreError):
    """Only a draft can be sent."""

    template = "Package was sent already"


class PackageNotSent(StoreError):
    """Only what was sent can be rescinded."""

    template = "Package is a draft, which can be deleted"


class PackageRescinded(StoreError):
    """It can be neither sent nor rescinded again."""

    template = "Package was rescinded already"


class PackageExpired(StoreError):
    """There is no time left to sign it."""

    template = "Package has expired"


class PackageTooLarge(StoreError):
    """A thread that was not registered is in too many documents to be shown as a package."""

    template = "Thread has more than {limit} documents, so it is no package"


class TokenError(Exception):
    """What can't be done with a token. Only operators are told: no answer of the API says it."""


class TokenExists(TokenError):
    """A name is given to one token only, also after that has ended."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is, or was, a token named {name!r}")


class TokenNotFound(TokenError):
    """There is no token of that name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no token named {name!r}")


class TokenRevoked(TokenError):
    """A token was revoked, which is for good."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the token named {name!r} was revoked, which is for good")
