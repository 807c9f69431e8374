"""Who is written to, and how: what an agent or another system gives, checked at the door."""

import re
import unicodedata
from dataclasses import dataclass, replace

from controle.refus import Refus
from controle.telecontrole import Contexte
from server.notify.courriel import mail_address
from server.notify.phones import can_receive_sms, normalize
from server.notify.wording import LANGUAGES
from server.store.people import Assure
from server.web.agent_messages import ContactForm, PlanForm

#: What agents read and write instead of the domain's contexts: no medical word (row CA-03).
CONTEXTS: dict[str, Contexte] = {
    "arret_de_travail": Contexte.ARRET_MALADIE,
    "risque_professionnel": Contexte.AT_MP,
    "pension": Contexte.INVALIDITE,
    "autre_prestation": Contexte.MALADIE_AUTRE,
}
CONTEXT_LABELS: dict[str, str] = {
    "arret_de_travail": "Arrêt de travail",
    "risque_professionnel": "Risque professionnel",
    "pension": "Pension",
    "autre_prestation": "Autre prestation",
}
WORDS = {contexte: word for word, contexte in CONTEXTS.items()}

CIVILITIES = {
    "": "", "m": "M.", "m.": "M.", "mr": "M.", "monsieur": "M.",
    "mme": "Mme", "mme.": "Mme", "madame": "Mme",
}  # fmt: skip
#: 13 or 15 digits of a social security number, Corsica's letters too: never a reference.
NIR = re.compile(r"[12]\d{4}(?:\d{2}|2[AB])\d{6}(?:\d{2})?", re.IGNORECASE)
UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


class CourrielInvalide(Refus):
    """No mail can be sent there."""

    code = "courriel_invalide"
    phrase = "Cette adresse de courriel n'est pas valable."
    champ = "mail"


class TelephoneInvalide(Refus):
    """No such number, or one that could be two people's."""

    code = "telephone_invalide"
    phrase = "Ce numéro de téléphone n'est pas valable : écrivez-le avec son indicatif (+33…)."
    champ = "phone"


class SansContact(Refus):
    """Nobody could tell this person."""

    code = "sans_contact"
    phrase = "Indiquez un courriel, un téléphone mobile ou une adresse postale."
    champ = "mail"


class LangueInconnue(Refus):
    """No message exists in this language."""

    code = "langue_inconnue"
    phrase = f"Langue inconnue : choisissez parmi {', '.join(LANGUAGES)}."
    champ = "language"


class ContexteInconnu(Refus):
    """Not one of the reasons for an appointment."""

    code = "contexte_inconnu"
    phrase = f"Contexte inconnu : choisissez parmi {', '.join(CONTEXTS)}."
    champ = "context"


class CiviliteInconnue(Refus):
    """Neither « Mme » nor « M. »."""

    code = "civilite_inconnue"
    phrase = "Civilité inconnue : écrivez « Mme » ou « M. »."
    champ = "civility"


class NomVide(Refus):
    """A name of blanks."""

    code = "nom_vide"
    phrase = "Indiquez le nom."
    champ = "name"


class ReferenceInterdite(Refus):
    """A social security number has no place here."""

    code = "reference_interdite"
    phrase = "N'utilisez pas le numéro de sécurité sociale : donnez une référence de dossier."
    champ = "reference"


class ReferenceDAutrui(Refus):
    """The reference is known, under another name: the message would go to somebody else."""

    code = "reference_d_autrui"
    phrase = "Cette référence est celle d'une personne d'un autre nom."
    champ = "reference"


@dataclass(frozen=True, slots=True)
class Contact:
    """How somebody can be told; each may be empty, which says nothing about it."""

    courriel: str
    telephone: str
    adresse: str
    langue: str


@dataclass(frozen=True, slots=True)
class Written:
    """The same as a person wrote it, not read yet."""

    mail: str
    phone: str
    address: str
    language: str


def corrected(before: Assure, form: ContactForm) -> Assure:
    """With what the form says; the rest stays.

    :raises Refus: something is not valid, or nothing is left to reach them by.
    """
    whole = Written(
        mail=before.courriel if form.mail is None else form.mail,
        phone=before.telephone if form.phone is None else form.phone,
        address=before.adresse if form.address is None else form.address,
        language=before.langue if form.language is None else form.language,
    )
    contact, wrong = read_contact(whole)
    if wrong:
        raise wrong[0]
    if not reachable(contact):
        raise SansContact
    return replace(
        before,
        courriel=contact.courriel,
        telephone=contact.telephone,
        adresse=contact.adresse,
        langue=contact.langue or before.langue,
    )


def read_contact(form: PlanForm | Written) -> tuple[Contact, list[Refus]]:
    """What the form says, and all that is wrong with it."""
    wrong: list[Refus] = []
    mail, phone = form.mail.strip(), form.phone.strip()
    courriel = (mail_address(mail) or "") if mail else ""
    telephone = (normalize(phone) or "") if phone else ""
    if mail and not courriel:
        wrong.append(CourrielInvalide())
    if phone and not telephone:
        wrong.append(TelephoneInvalide())
    langue = form.language.strip().lower()
    if langue and langue not in LANGUAGES:
        wrong.append(LangueInconnue())
    return Contact(courriel, telephone, tidy(form.address), langue), wrong


def contact_of(assure: Assure) -> Contact:
    return Contact(assure.courriel, assure.telephone, assure.adresse, assure.langue)


def read_civility(text: str) -> str | None:
    return CIVILITIES.get(text.strip().lower())


def read_context(word: str) -> Contexte | None:
    """The agents' word, or the domain's own, which a caisse's system may use."""
    if word in CONTEXTS:
        return CONTEXTS[word]
    return Contexte(word) if word in list(Contexte) else None


def is_nir(reference: str) -> bool:
    return NIR.fullmatch(re.sub(r"[\s.\-]", "", reference)) is not None


def tidy(text: str) -> str:
    """On one line, without signs that are not seen."""
    spaced = (" " if unicodedata.category(c) in {"Cc", "Zl", "Zp"} else c for c in text)
    return " ".join("".join(c for c in spaced if unicodedata.category(c) not in UNSEEN).split())


def same_name(one: str, other: str) -> bool:
    """Whatever the case and the accents."""
    return _bare(one) == _bare(other)


def _bare(name: str) -> str:
    split = unicodedata.normalize("NFKD", name.casefold())
    return "".join(c for c in split if c.isalnum())


def by_sms_or_mail(assure: Assure) -> Assure:
    """As the outbox may write to them: a landline is no channel."""
    return assure if can_receive_sms(assure.telephone) else replace(assure, telephone="")


def reachable(who: Assure | Contact) -> bool:
    """By at least one channel; a landline rings, but receives no convocation."""
    return bool(who.courriel or who.adresse or can_receive_sms(who.telephone))


def needs_letter(assure: Assure) -> bool:
    """No message can leave by itself: a person posts a letter."""
    return not assure.courriel and not can_receive_sms(assure.telephone)
