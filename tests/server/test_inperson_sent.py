"""What is sent about an in-person appointment, whichever way led to it: the words that arrive."""

import re
from dataclasses import dataclass

import pytest
from outbox_scenes import ORIGIN, Provider
from planning_people import Office

from controle.convocation import Canal
from controle.telecontrole import Etat, OriginePresentiel, Telecontrole
from server.notify.drafts import Drafts
from server.notify.endings import Endings
from server.notify.parcel import Parcel
from server.notify.postman import Postman
from server.web.agent_messages import InPersonForm

FIRST, SECOND, THIRD = "2027-01-18T10:00", "2027-01-19T11:00", "2027-01-20T15:00"


@dataclass
class Post:
    """Two providers that take everything, and what they took last."""

    office: Office
    mail: Provider
    sms: Provider

    async def take(self) -> tuple[Parcel | None, Parcel | None]:
        """By mail and by SMS, the one of each that this round carried."""
        self.mail.taken.clear()
        self.sms.taken.clear()
        await Postman(
            registre=self.office.registre,
            senders={Canal.COURRIEL: self.mail, Canal.SMS: self.sms},
            drafts=Drafts(self.office.links, ORIGIN),
            endings=Endings(self.office.recorder),
            clock=self.office.clock,
            config=self.office.config,
        ).once()
        return tuple((one.taken or [None])[-1] for one in (self.mail, self.sms))  # type: ignore[return-value]

    async def book(self, un: Telecontrole, start: str) -> tuple[Parcel, Parcel]:
        async with self.office.changing(un.id) as (unite, stored):
            form = InPersonForm(site="site-1", start=start)
            await self.office.in_person.book(unite, stored, form, "agent-1")
        mail, sms = await self.take()
        assert mail is not None
        assert sms is not None
        return mail, sms

    async def cancel(self, un: Telecontrole) -> Parcel:
        async with self.office.changing(un.id) as (unite, stored):
            await self.office.in_person.cancel(unite, stored, "agent-1")
        mail, _ = await self.take()
        assert mail is not None
        return mail


@pytest.fixture
def post(office: Office) -> Post:
    return Post(office, Provider(Canal.COURRIEL), Provider(Canal.SMS))


def sequence(mail: Parcel) -> int:
    found = re.search(r"^SEQUENCE:(\d+)", mail.calendar, re.MULTILINE)
    assert found
    return int(found[1])


async def refused(office: Office) -> Telecontrole:
    un = await office.plan()
    async with office.changing(un.id) as (unite, stored):
        stored.refuser_visio(office.clock())
        await unite.enregistrer(stored)
    return un


@pytest.mark.row("IP-01")
@pytest.mark.row("IP-02")
@pytest.mark.parametrize("ended", [Etat.NON_CONNECTE, Etat.ABSENCE_INJUSTIFIEE])
async def test_who_did_not_come_and_is_to_be_examined_is_convoked_in_person(
    office: Office, post: Post, ended: Etat
) -> None:
    un = await office.plan()
    async with office.changing(un.id) as (unite, stored):
        stored.cloturer(office.clock(), ended, OriginePresentiel.EXAMEN_CLINIQUE)
        await unite.enregistrer(stored)
    await post.take()

    mail, sms = await post.book(un, FIRST)

    assert (mail.kind, sms.kind) == ("presentiel", "presentiel")


@pytest.mark.row("CN-06")
@pytest.mark.row("IP-02")
async def test_another_date_in_person_says_which_it_replaces(office: Office, post: Post) -> None:
    un = await refused(office)
    first, _ = await post.book(un, FIRST)

    second, sms = await post.book(un, SECOND)

    told = " ".join(second.text.split())
    assert "remplace" not in first.text
    assert "Ce rendez-vous remplace celui du lundi 18 janvier 2027 à 10 h 00." in told
    assert second.subject == "Nouvelle date pour votre rendez-vous : mardi 19 janvier 2027"
    assert "en personne changé : mardi 19/01/2027" in sms.text


@pytest.mark.row("CN-06")
@pytest.mark.row("CN-07")
async def test_a_date_given_after_a_cancellation_comes_after_it_in_calendars(
    office: Office, post: Post
) -> None:
    un = await refused(office)
    booked = [await post.book(un, start) for start in (FIRST, SECOND)]
    cancelled = await post.cancel(un)
    again, _ = await post.book(un, THIRD)

    numbers = [sequence(mail) for mail in (*(mail for mail, _ in booked), cancelled, again)]

    assert numbers == sorted(numbers)
    assert sequence(again) > sequence(cancelled)
    assert "remplace" not in again.text
