"""A course: one patient, the lesions, the doses that the physician wrote, the first day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, NamedTuple, get_args

from planner.core.protocol.protocol import SULFITE_ALLERGY
from planner.core.values.quantities import Dose

Indication = Literal["severe", "ulcerated", "before-surgery"]
Sex = Literal["female", "male", "other"]
Side = Literal["left", "right", "midline"]
SIDES: tuple[Side, ...] = get_args(Side)
# Words of a lesion's detail that name a finger, or a toe.
DIGITS = ("thumb", "index", "middle", "ring", "little")


class Patient(NamedTuple):
    """The patient; `sulfite_allergy` is None where it was not asked.

    `address` has its lines between commas, as the window of an envelope shows them.
    """

    id: str
    name: str | None = None
    birth_date: date | None = None
    sulfite_allergy: bool | None = None
    address: str | None = None


class Lesion(NamedTuple):
    """One calcification. `doses` is empty where the physician left them open.

    `doses` has one for each injection, or a single one where `same_dose` says that it is for
    all of them; in a course under way some of them may be None, still open. `regimen` is the
    physician's own choice.
    """

    id: str
    site: str
    size_mm: Decimal
    ulcerated: bool
    side: Side | None = None
    site_detail: str | None = None
    doses: tuple[Dose | None, ...] = ()
    same_dose: bool = False
    regimen: str | None = None
    measured_by: str | None = None


class Move(NamedTuple):
    """A visit at a time of the physician's choice; `to` is the clinic's wall clock."""

    due: date
    to: datetime


class Confirmation(NamedTuple):
    """A physician's word for findings; it holds as long as `value` is what the plan says."""

    finding: str
    value: str
    by: str
    reason: str
    lesions: tuple[str, ...] = ()
    due: tuple[date, ...] = ()


class Screened(NamedTuple):
    """The answer to a question of the protocol, by its id."""

    screen: str
    answer: bool


class Background(NamedTuple):
    """What reports of a series ask of a patient, as far as it was written; no plan hangs on it.

    `disease_years` is how long the disease was there before the first visit, `consecutive` whether
    nobody who came before was passed over, `ethics` the number of the committee's decision.
    """

    sex: Sex | None = None
    disease_years: Decimal | None = None
    serology: str | None = None
    co_treatments: str | None = None
    earlier_treatment: str | None = None
    consecutive: bool | None = None
    consent_to_publish: bool | None = None
    ethics: str | None = None


class Course(NamedTuple):
    """What a plan is made from; `first_visit` is the clinic's wall clock, without an offset.

    `screening` has the answers to the protocol's own questions, as far as somebody asked them;
    what was asked of a sulfite allergy stands with the patient.
    """

    id: str
    first_visit: datetime
    patient: Patient
    lesions: tuple[Lesion, ...]
    diagnosis: str
    revision: int = 0
    indication: Indication | None = None
    prescriber: str | None = None
    moves: tuple[Move, ...] = ()
    confirmations: tuple[Confirmation, ...] = ()
    screening: tuple[Screened, ...] = ()
    background: Background | None = None

    @property
    def answers(self) -> Mapping[str, bool]:
        """What was answered to each question, that of the sulfite allergy too."""
        own = {one.screen: one.answer for one in self.screening}
        stated = self.patient.sulfite_allergy
        return own if stated is None else {SULFITE_ALLERGY.id: stated, **own}

    def beginning(self, start: datetime) -> Course:
        """It with another first visit; what is confirmed of a visit goes with that visit's day."""
        later = start.date() - self.first_visit.date()
        said = tuple(
            one._replace(due=tuple(day + later for day in one.due)) for one in self.confirmations
        )
        return self._replace(first_visit=start, confirmations=said)
