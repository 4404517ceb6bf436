"""The statements that find the signings of a person.

Two indexes hold the two lists in order, newest first: threads by their ids, requested signatures by
the ids of packages. A page is made of the newest few of each, so that its cost depends on its place
in the list, not on the length of the list.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import (
    BindParameter,
    CompoundSelect,
    FromClause,
    Select,
    Text,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    or_,
    select,
    union,
    union_all,
)
from sqlalchemy.orm import aliased

from app.store.models import (
    IS_CURRENT,
    Package,
    PackageDocument,
    PackageSigner,
    Signature,
    SignatureTerm,
    Signer,
    Version,
)
from app.store.signatures.carried_contents import carried_content
from app.store.signatures.same_document import signed_the_same
from app.store.signatures.standings import REFUSED, Trusted

#: Signatures of one person in one version that are read.
MAX_OWN = 16

#: Characters of a digest, or of the name of its algorithm, that are read.
_MAX_DIGEST = 1000

#: The kind of number: a person's, or an organisation's.
Kind = Literal["iin", "bin"]

_NUMBER: BindParameter[str] = bindparam("number", type_=Text())
_REACH: BindParameter[int] = bindparam("reach")
_CLAIMED = {"iin": Signer.claimed_iin, "bin": Signer.claimed_bin}
_WANTED = {"iin": PackageSigner.iin, "bin": PackageSigner.bin}

_VERSION_COLUMNS = (
    Version.created_at.label("version_created_at"),
    Version.format,
    Version.method,
    Version.signature_sha256,
    Version.signature_size,
    Version.content_sha256,
    Version.content_size,
)
_SIGNER_COLUMNS = (
    Signer.facts[("certificate", "sha256")].as_string().label("certificate_sha256"),
    Signer.facts[("claimed", "signing_time")].as_string().label("claimed_signing_time"),
    Signer.verified_gen_time,
    Signer.standing,
    Signer.standing_reason,
    # Neither is longer, but what was saved before 1.1 may be.
    func.substr(Signer.digest_algorithm, 1, _MAX_DIGEST).label("digest_algorithm"),
    func.substr(Signer.message_digest, 1, _MAX_DIGEST).label("message_digest"),
    Signer.facts[("claimed", "timestamp", "sha256")].as_string().label("token_sha256"),
    Signer.facts[("claimed", "timestamp", "size")].as_integer().label("token_size"),
)
_SIGNER_KEY = (Signer.signature_id, Signer.version, Signer.number)
_KEY = tuple(column.label(f"signer_{column.name}") for column in _SIGNER_KEY)


@lru_cache(maxsize=8)
def more_statement(kinds: tuple[Kind, ...]) -> Select[int]:
    """Count the signings of a person beyond the threads that are found by each kind of the number.

    These are the requested ones, less the threads that are found by both kinds.
    """
    wanted = _joined([_wanted(kind, kinds, few=False) for kind in kinds]).subquery()
    number = select(func.count()).select_from(wanted).scalar_subquery()
    if len(kinds) == 1:
        return select(number)
    first, second = SignatureTerm, aliased(SignatureTerm)
    twice = select(func.count()).where(
        first.term == bindparam(f"term_{kinds[0]}"),
        second.term == bindparam(f"term_{kinds[1]}"),
        first.signature_id == second.signature_id,
    )
    return select(number - twice.scalar_subquery())


@lru_cache(maxsize=8)
def page_statement(kinds: tuple[Kind, ...], trusted: Trusted) -> Select[Any]:
    """Build the statement of a page: a row for each signer of a thread who is the person.

    One version may have hundreds of them, of which MAX_OWN are read: first those that count, last
    those that are refused, so that neither kind hides the other.
    """
    both = union_all(_newest_signed(kinds), _newest_wanted(kinds)).subquery()
    place = (both.c.moment.desc(), both.c.signed, both.c.major.desc(), both.c.minor)
    page = (
        select(both)
        .order_by(*place)
        .limit(bindparam("limit"))
        .offset(bindparam("offset"))
        .subquery("page")
    )
    thread = (Signature.document == page.c.document) & (Signature.thread == page.c.thread)
    signer = (Signer.signature_id == Version.signature_id) & (Signer.version == Version.version)
    is_person = or_(*[_CLAIMED[kind] == _NUMBER for kind in kinds])
    weight = case((trusted.condition(Signer), 0), (Signer.standing == REFUSED, 2), else_=1)
    rank = func.row_number().over(
        partition_by=(page.c.signed, page.c.major, page.c.minor), order_by=(weight, Signer.number)
    )
    found = (
        select(page, Signature.public_id, *_VERSION_COLUMNS, *_KEY, rank.label("rank"))
        .outerjoin(Signature, thread)
        .outerjoin(Version, IS_CURRENT & (page.c.signed == 1))
        .outerjoin(Signer, signer & is_person)
        .subquery("found")
    )
    return _with_facts(found, trusted)


def _with_facts(found: FromClause, trusted: Trusted) -> Select[Any]:
    """Select the facts of those signers that are read, in the order of the list."""
    mine = and_(*[column == found.c[f"signer_{column.name}"] for column in _SIGNER_KEY])
    order = (found.c.moment.desc(), found.c.signed, found.c.major.desc(), found.c.minor)
    return (
        select(
            found,
            *_SIGNER_COLUMNS,
            signed_the_same(trusted).label("is_same"),
            carried_content().label("carried_sha256"),
        )
        .outerjoin(Signer, mine)
        .where(found.c.rank <= MAX_OWN)
        .order_by(*order, found.c.signer_number)
    )


def _newest_signed(kinds: tuple[Kind, ...]) -> Select[Any]:
    """Select the newest :reach threads that the person signed.

    A row's time is the earliest of all before it in the list, so that clocks set back don't change
    the order: pages fit together.
    """
    signed = SignatureTerm.signature_id
    branches = [
        select(signed.label("id"))
        .where(SignatureTerm.term == bindparam(f"term_{kind}"))
        .order_by(signed.desc())
        .limit(_REACH)
        for kind in kinds
    ]
    ids = _joined(branches).subquery()
    moment = func.min(Signature.created_at).over(order_by=Signature.id.desc())
    columns: list[Any] = [
        moment.label("moment"),
        literal_column("1").label("signed"),
        Signature.id.label("major"),
        literal_column("0").label("minor"),
        Signature.document,
        Signature.thread,
    ]
    return select(*columns).join(ids, ids.c.id == Signature.id)


def _newest_wanted(kinds: tuple[Kind, ...]) -> Select[Any]:
    """Select the newest :reach documents of packages that the person still has to sign."""
    branches = []
    for kind in kinds:
        wanted = _wanted(kind, kinds, few=True)
        number = PackageDocument.number
        branches.append(wanted.order_by(PackageSigner.package_id.desc(), number).limit(_REACH))
    both = _joined(branches).subquery()
    order = (both.c.major.desc(), both.c.minor)
    return select(
        func.min(both.c.created_at).over(order_by=order).label("moment"),
        literal_column("0").label("signed"),
        both.c.major,
        both.c.minor,
        both.c.document,
        both.c.thread,
    )


def _joined(branches: list[Select[Any]]) -> Select[Any] | CompoundSelect[Any]:
    """Combine the rows from two indexes, each once."""
    if len(branches) == 1:
        return branches[0]
    return union(*(select(branch.subquery()) for branch in branches))


def _wanted(kind: Kind, kinds: tuple[Kind, ...], *, few: bool) -> Select[Any]:
    """Select the documents of packages that a person is to sign by one kind of number.

    If `few` of them are needed, PostgreSQL is kept from joining whole tables to find them: it
    evaluates a subquery with an OFFSET for each row.
    """
    columns: list[Any] = [
        PackageSigner.package_id.label("major"),
        PackageDocument.number.label("minor"),
        PackageDocument.document,
        Package.thread,
        Package.created_at,
    ]
    against = [_named_before(kind), _listed_before(), _superseded(), _signed_by(kinds)]
    return (
        select(*columns)
        .join(Package, Package.id == PackageSigner.package_id)
        .join(PackageDocument, PackageDocument.package_id == PackageSigner.package_id)
        .where(
            _WANTED[kind] == _NUMBER,
            Package.opened_at.is_not(None),
            *[~(found.offset(0) if few else found).exists() for found in against],
        )
    )


def _named_before(kind: Kind) -> Select[int]:
    """Find the person again among the signers of a package."""
    signer = aliased(PackageSigner)
    return select(signer.number).where(
        signer.package_id == PackageSigner.package_id,
        getattr(signer, kind) == _NUMBER,
        signer.number < PackageSigner.number,
    )


def _listed_before() -> Select[int]:
    """Find the document again in its package."""
    document = aliased(PackageDocument)
    return select(document.number).where(
        document.package_id == PackageDocument.package_id,
        document.document == PackageDocument.document,
        document.number < PackageDocument.number,
    )


def _superseded() -> Select[int]:
    """Find newer packages, no drafts, that have the same document in the same thread."""
    newer, document = aliased(Package), aliased(PackageDocument)
    return select(newer.id).where(
        document.document == PackageDocument.document,
        document.thread == PackageDocument.thread,
        document.package_id > PackageDocument.package_id,
        newer.id == document.package_id,
        newer.opened_at.is_not(None),
    )


def _signed_by(kinds: tuple[Kind, ...]) -> Select[int]:
    """Find the thread, if the person signed its current version."""
    return select(Signature.id).where(
        Signature.document == PackageDocument.document,
        Signature.thread == Package.thread,
        SignatureTerm.signature_id == Signature.id,
        SignatureTerm.term.in_([bindparam(f"term_{kind}") for kind in kinds]),
    )
