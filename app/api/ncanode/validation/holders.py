"""The subject of a certificate, as it claims, in the original's format."""

from __future__ import annotations

from typing import Any

from app.cms import Claims, birthday, gender


def write_holder(claims: Claims) -> dict[str, Any]:
    """Return what a certificate claims about its subject."""
    born = birthday(claims.iin) if claims.iin else None
    return {
        "iin": claims.iin,
        "bin": claims.bin,
        "org_name": claims.organisation,
        "first_name": claims.given_name,
        "last_name": claims.surname,
        "mid_name": claims.patronymic,
        "gender": gender(claims.iin) if claims.iin else None,
        "email": claims.email,
        "birthday": born and born.isoformat(),
    }
