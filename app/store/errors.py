"""Errors of requests to the store. No HTTP here: `app.api.errors` maps them."""

from __future__ import annotations

from typing import ClassVar

from app.cms import Reason


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


class LinkNotFound(StoreError):
    """There is no such link to a version."""

    template = "Link was not found"


class ContentNotKept(StoreError):
    """The document of a version isn't here: neither kept, nor attached to the signature."""

    template = "The document of this version is not kept here, only its signature"


class RecordNotMade(StoreError):
    """A version is in no tree of evidence records that has its timestamp."""

    template = (
        "There is no evidence record of this version yet: records are made for versions whose"
        " evidence was obtained, once an hour"
    )


class SearchesBusy(StoreError):
    """Enough searches take long, and enough others wait for their end."""

    template = "Other searches take long here, try again in {seconds} seconds"

    def __init__(self, seconds: int = 5) -> None:
        super().__init__(seconds=seconds)
        self.headers = {"Retry-After": str(seconds)}


class NoRoom(StoreError):
    """There is no space, in memory or on disk, for another large answer."""

    template = "There is no room here for another large answer, try again in {seconds} seconds"

    def __init__(self, seconds: int = 5) -> None:
        super().__init__(seconds=seconds)
        #: RFC 9110 section 10.2.3.
        self.headers = {"Retry-After": str(seconds)}


class BatchTooSlow(StoreError):
    """A request with many items took too long; those that follow were not looked at."""

    template = "The request took more than {seconds} seconds: send the rest in another one"


class IdempotencyKeyInUse(StoreError):
    """A save with the same key is still at work. `field` is where the key was sent."""

    template = 'A save with the same "{field}" is still at work, try again in {seconds} seconds'

    def __init__(self, field: str, seconds: int = 1) -> None:
        super().__init__(field=field, seconds=seconds)
        #: RFC 9110 section 10.2.3.
        self.headers = {"Retry-After": str(seconds)}


class IdempotencyKeyReused(StoreError):
    """A save with other parameters had the same key."""

    template = '"{field}" was sent before with other parameters: another save needs another key'


class EvidenceUnavailable(StoreError):
    """With EVIDENCE=require: the evidence of a signature can't be had in time, so it isn't saved.

    `reason` is the first of why.
    """

    template = (
        "Evidence for the signature can't be obtained now, so it was not saved: {reason}; try again"
        " in {seconds} seconds"
    )

    def __init__(self, reason: Reason, seconds: int = 10) -> None:
        super().__init__(reason=reason, seconds=seconds)
        #: RFC 9110 section 10.2.3.
        self.headers = {"Retry-After": str(seconds)}


class EvidenceImpossible(StoreError):
    """With EVIDENCE=require: there never will be evidence for a signature, so it isn't saved."""

    template = "cms: signer {number}: there can be no evidence of the signature: {reason}"


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
