"""Ten thousand invented people who sign, one of them much more often than the others."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from app.cms.claims import describe
from app.cms.parsing import parse
from app.cms.signed_data.signer_info import SignerInfo
from app.cms.x509.nca_profile import Claims

#: Many surnames begin alike, as in a real country: half of them with the same letter.
SURNAMES = [
    "АХМЕТОВ",
    "АХМЕТОВА",
    "АХМЕТЖАНОВ",
    "АХМЕТЖАНОВА",
    "АХМЕДОВ",
    "АХМЕДОВА",
    "АБДРАХМАНОВ",
    "АБДРАХМАНОВА",
    "АБДРАШЕВ",
    "АБДУЛЛАЕВ",
    "АБИШЕВ",
    "АЙТБАЕВ",
    "АЙТЖАНОВА",
    "АЛИЕВ",
    "АЛИЕВА",
    "АМАНЖОЛОВ",
    "АСКАРОВ",
    "АСКАРОВА",
    "АУБАКИРОВ",
    "АУЭЗОВА",
    "БАЙЖАНОВ",
    "БЕКОВ",
    "БЕКТУРОВА",
    "ГАЛИЕВ",
    "ДЖУМАБАЕВ",
    "ЕРМЕКОВ",
    "ЖУМАБАЕВА",
    "ИБРАГИМОВ",
    "ИВАНОВА",
    "КАСЫМОВ",
    "КИМ",
    "НУРГАЛИЕВ",
    "НУРЛАНОВА",
    "ОМАРОВ",
    "ПЕТРОВ",
    "РАХИМОВ",
    "САДЫКОВА",
    "СЕЙТКАЛИЕВ",
    "ТУЛЕГЕНОВ",
    "ШАРИПОВА",
]
GIVEN_NAMES = [
    "НУРЛАН",
    "НУРСУЛТАН",
    "НУРБОЛ",
    "АЙГУЛЬ",
    "АЙНУР",
    "АСЕЛЬ",
    "АСХАТ",
    "БОЛАТ",
    "ГУЛЬНАРА",
    "ДАНИЯР",
    "ДИНАРА",
    "ЕРБОЛ",
    "ЕРЛАН",
    "ЖАННА",
    "ИРИНА",
    "КАНАТ",
    "МАРАТ",
    "МАДИНА",
    "ОЛЬГА",
    "РУСЛАН",
    "САУЛЕ",
    "СЕРИК",
    "ТИМУР",
    "ШОЛПАН",
    "ЮРИЙ",
]
PATRONYMICS = [
    "БОЛАТОВИЧ",
    "БОЛАТҰЛЫ",
    "АСКАРОВИЧ",
    "АСКАРОВНА",
    "ЕРЛАНОВИЧ",
    "ЕРЛАНҚЫЗЫ",
    "МАРАТОВИЧ",
    "МАРАТОВНА",
    "СЕРИКОВИЧ",
    "ҚАЙРАТҰЛЫ",
]
COUNT = len(SURNAMES) * len(GIVEN_NAMES) * len(PATRONYMICS)
ORGANISATIONS = 1_000


@dataclass(frozen=True, slots=True)
class Person:
    """One of them, counted from 0; the first is the one who signs most."""

    number: int

    @property
    def iin(self) -> str:
        """Twelve digits; the last isn't the check digit."""
        return f"{700101 + self.number % 28:06d}3{self.number:05d}"

    @property
    def bin(self) -> str | None:
        """The organisation, for people with an even number."""
        if self.number % 2:
            return None
        return f"0501400{self.number % ORGANISATIONS:05d}"

    @property
    def surname(self) -> str:
        """In capitals, as certificates have it."""
        return SURNAMES[self.number % len(SURNAMES)]

    @property
    def given_name(self) -> str:
        """In capitals."""
        return GIVEN_NAMES[self.number // len(SURNAMES) % len(GIVEN_NAMES)]

    @property
    def patronymic(self) -> str:
        """In capitals."""
        return PATRONYMICS[self.number // len(SURNAMES) // len(GIVEN_NAMES) % len(PATRONYMICS)]

    @property
    def name(self) -> str:
        """All three."""
        return f"{self.surname} {self.given_name} {self.patronymic}"

    def claims(self, of: Claims) -> Claims:
        """Return the claims of the person's certificate, based on those of another certificate."""
        return replace(
            of,
            iin=self.iin,
            bin=self.bin,
            common_name=f"{self.surname} {self.given_name}",
            surname=self.surname,
            given_name=self.given_name,
            patronymic=self.patronymic,
            organisation=f"ТОО {self.bin}" if self.bin else None,
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class _Signer(SignerInfo):
    """A signer whose certificate would have these claims."""

    own: Claims

    @property
    def claims(self) -> Claims:
        return self.own


def signers(cms: str) -> list[SignerInfo]:
    """Return each person as signer of `cms`, in place of the person who signed it."""
    (signer,) = describe(parse(cms))
    known = {one.name: getattr(signer, one.name) for one in fields(signer)}
    return [_Signer(**known, own=Person(number).claims(signer.claims)) for number in range(COUNT)]
