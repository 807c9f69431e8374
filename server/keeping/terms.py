"""What has passed its time, as data: one rule for each kind that goes by itself.

A whole télécontrôle, which goes with all that hangs on it, is in whole.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from sqlalchemy import ColumnElement, Table, and_, case, exists, func, or_, select

from controle.convocation import EtatEnvoi
from controle.justification import JUSTIFIABLES
from server.config import Config
from server.store import schema as t
from server.store.sql import written


class Kind(StrEnum):
    """What goes, as the report names it."""

    DOCUMENTS = "documents"
    MESSAGES = "messages"
    LINK_SECRETS = "secrets_de_liens"
    LINKS = "liens"
    EQUIPMENT = "essais_de_materiel"
    CODES = "codes"
    SESSIONS = "sessions"
    LOGINS = "connexions"
    TOKENS = "jetons"
    ANSWERS = "reponses_api"
    NOTES = "notes_medicales"
    WHOLE = "telecontroles"
    PEOPLE = "personnes"
    JOURNAL = "journal_des_acces"


LABELS: Mapping[Kind, str] = {
    Kind.DOCUMENTS: "Documents joints à une justification",
    Kind.MESSAGES: "Textes et destinataires de messages",
    Kind.LINK_SECRETS: "Secrets de liens d'accès",
    Kind.LINKS: "Liens d'accès",
    Kind.EQUIPMENT: "Essais de matériel",
    Kind.CODES: "Codes d'accès et leurs essais",
    Kind.SESSIONS: "Sessions",
    Kind.LOGINS: "Liens et tentatives de connexion",
    Kind.TOKENS: "Jetons de salle utilisés",
    Kind.ANSWERS: "Réponses gardées de l'API",
    Kind.NOTES: "Dossiers de notes médicales",
    Kind.WHOLE: "Télécontrôles entiers",
    Kind.PEOPLE: "Personnes oubliées",
    Kind.JOURNAL: "Lignes du journal des accès",
}


#: Documents of some megabytes each, which are written over as they go.
HEAVY = 4


@dataclass(frozen=True, slots=True)
class Terms:
    """What is older than its instant goes."""

    now: datetime
    record: datetime
    documents: datetime
    messages: datetime
    links: datetime
    equipment: datetime
    spent: datetime
    notes: datetime
    journal: datetime

    @classmethod
    def at(cls, now: datetime, config: Config) -> Self:
        return cls(
            now=now,
            record=now - config.keep_record,
            documents=now - config.keep_documents,
            messages=now - config.keep_messages,
            links=now - config.keep_links,
            equipment=now - config.keep_equipment,
            spent=now - config.keep_spent,
            notes=now - config.keep_notes,
            journal=now - config.journal_keep,
        )

    def told(self) -> dict[str, str]:
        """Before which instant each kind went, as the report says it."""
        spent = dict.fromkeys(
            (
                Kind.LINK_SECRETS, Kind.CODES, Kind.SESSIONS, Kind.LOGINS, Kind.TOKENS,
                Kind.ANSWERS,
            ),
            self.spent,
        )  # fmt: skip
        limits = spent | {
            Kind.DOCUMENTS: self.documents,
            Kind.MESSAGES: self.messages,
            Kind.LINKS: self.links,
            Kind.EQUIPMENT: self.equipment,
            Kind.NOTES: self.notes,
            Kind.WHOLE: self.record,
            Kind.PEOPLE: self.record,
            Kind.JOURNAL: self.journal,
        }
        return {str(kind): written(instant) for kind, instant in limits.items()}


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows of one table that are due; `values`: what they are emptied to; none: they are gone.
    `most`: rows in one transaction, where they are heavy."""

    kind: Kind
    table: Table
    due: ColumnElement[bool]
    values: Mapping[str, Any] = field(default_factory=dict)
    most: int | None = None


def rules(terms: Terms) -> tuple[Rule, ...]:
    spent = written(terms.spent)
    return (
        Rule(Kind.DOCUMENTS, t.piece, documents_due(written(terms.documents)), most=HEAVY),
        _messages(terms),
        Rule(
            Kind.LINK_SECRETS,
            t.lien,
            and_(t.lien.c.scelle != "", or_(_over(t.lien, spent), t.lien.c.revoque < spent)),
            {"scelle": ""},
        ),
        Rule(
            Kind.LINKS,
            t.lien,
            or_(_over(t.lien, written(terms.links)), t.lien.c.revoque < spent),
        ),
        Rule(
            Kind.LINKS,
            t.tiers,
            or_(_over(t.tiers, written(terms.links)), t.tiers.c.revoque < spent),
        ),
        Rule(
            Kind.EQUIPMENT,
            t.essai_materiel,
            _over(t.essai_materiel, written(terms.equipment)),
        ),
        Rule(
            Kind.CODES,
            t.code_acces,
            and_(*(_past(t.code_acces.c[name], spent) for name in ("depuis", "expire", "verrou"))),
        ),
        Rule(
            Kind.SESSIONS,
            t.session,
            or_(t.session.c.expire < spent, t.session.c.revoquee < spent),
        ),
        Rule(
            Kind.LOGINS,
            t.connexion,
            or_(
                t.connexion.c.expire < spent,
                and_(t.connexion.c.unique, t.connexion.c.utilise < spent),
            ),
        ),
        Rule(Kind.LOGINS, t.connexion_en_cours, t.connexion_en_cours.c.expire < spent),
        Rule(Kind.LOGINS, t.session_fournisseur, t.session_fournisseur.c.expire < spent),
        Rule(Kind.TOKENS, t.jeton_utilise, t.jeton_utilise.c.expire < int(terms.spent.timestamp())),
        Rule(Kind.ANSWERS, t.requete, t.requete.c.instant < spent),
    )


def documents_due(before: str) -> ColumnElement[bool]:
    """Once the outcome was signed; where none came, once somebody decided and the hour is past.

    An absence may still be explained after its outcome was signed, by a document of today: what
    nobody has decided on stays, and what was decided stays as long again."""
    of, un = t.justification, t.telecontrole
    last = select(func.max(t.issue.c.instant)).where(t.issue.c.telecontrole == un.c.id)
    signed = last.scalar_subquery()
    moot = and_(of.c.decide.is_(None), un.c.etat.not_in([str(etat) for etat in JUSTIFIABLES]))
    decided = of.c.decide < before
    done = or_(
        and_(signed < before, or_(decided, moot)),
        and_(signed.is_(None), decided, un.c.debut < before),
    )
    return exists(
        select(1)
        .select_from(of.join(un, un.c.id == of.c.telecontrole))
        .where(of.c.id == t.piece.c.justification, done)
    )


def _messages(terms: Terms) -> Rule:
    """The words, to whom, and what the provider calls it; that it left, and when, stays."""
    c, before = t.envoi.c, written(terms.messages)
    filled = or_(c.contenu != "", c.destinataire != "", c.reference.is_not(None))
    in_hand = and_(c.etat == str(EtatEnvoi.CONFIE), c.bail > written(terms.now))
    due = and_(func.coalesce(c.envoye, c.cree) < before, _over(t.envoi, before))
    waiting = case((c.etat == str(EtatEnvoi.PREPARE), str(EtatEnvoi.RETIRE)), else_=c.etat)
    return Rule(
        Kind.MESSAGES,
        t.envoi,
        # A row in nobody's hands has no lease: `not` of nothing would be nothing.
        and_(filled, due, or_(c.bail.is_(None), ~in_hand)),
        {"contenu": "", "destinataire": "", "reference": None, "etat": waiting},
    )


def _over(table: Table, before: str) -> ColumnElement[bool]:
    """The télécontrôle of this row was before, and so was whatever followed in person."""
    un, later = t.telecontrole, t.rendez_vous
    in_person = exists(
        select(1).where(later.c.telecontrole == table.c.telecontrole, later.c.debut >= before)
    )
    hour = select(1).where(un.c.id == table.c.telecontrole, un.c.debut < before)
    return and_(exists(hour), ~in_person)


def _past(column: ColumnElement[str], before: str) -> ColumnElement[bool]:
    return or_(column.is_(None), column < before)


def whole_due(before: str) -> ColumnElement[bool]:
    """Of `telecontrole`: its hour, those of its series, what followed in person, its last outcome:
    all are before."""
    un, other = t.telecontrole, t.telecontrole.alias("autre")
    later = (
        select(1).where(other.c.serie == un.c.serie, other.c.debut >= before),
        select(1).where(t.rendez_vous.c.telecontrole == un.c.id, t.rendez_vous.c.debut >= before),
        select(1).where(t.issue.c.telecontrole == un.c.id, t.issue.c.instant >= before),
    )
    return and_(un.c.debut < before, *(~exists(one.correlate(un)) for one in later))
