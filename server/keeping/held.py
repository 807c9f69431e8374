"""What is held on a person, column by column: what they are given, under which words, and what they
are not given, with the reason.

Every column of every table of the three databases is in one of the two: a test looks, so that a new
column is not forgotten by an access request (RGPD art. 15).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Table

from controle.conclusion import LIBELLES_CONCLUSION
from controle.convocation import LIBELLES_CANAL, LIBELLES_ENVOI, LIBELLES_GENRE
from controle.etats import LIBELLES_CONTEXTE, LIBELLES_ETAT, LIBELLES_ORIGINE
from controle.justification import LIBELLES_JUSTIFICATION, LIBELLES_MOTIF
from controle.motif import LIBELLES_ANTICIPATION, LIBELLES_CORRECTION
from controle.presence import LIBELLES_FAIT
from controle.presentiel import LIBELLES_PRESENTIEL
from controle.qualification import LIBELLES_QUALIFICATION
from controle.tiers import LIBELLES_QUALITE
from server.equipment.words import COLOURS
from server.journal import lines as journal_lines
from server.journal.store import acces
from server.notes.store import note
from server.store import schema as t
from server.store.tasks import LABELS as TASKS

#: How a column is opened: as it is; sealed under their key; a person's or a place's name; what a
#: message said; a document, as a file; needs; a fact or a seal as JSON; without what is a secret.
How = Literal[
    "plain", "sealed", "doctor", "site", "caisse", "message", "file", "needs", "json", "usage"
]


@dataclass(frozen=True, slots=True)
class Told:
    """One column; `words`: of its codes, for a page."""

    label: str
    how: How = "plain"
    words: Mapping[Any, str] | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """One table; `title` says what its rows are."""

    table: Table
    title: str
    columns: Mapping[str, Told]


ROLES = {
    "medecin_conseil": "Médecin-conseil",
    "agent": "Agent de la caisse",
    "assure": "Vous-même",
    "exploitant": "Exploitant du service",
}
WHICH = Told("Contrôle")
HOUR = {"debut": Told("Date et heure"), "fuseau": Told("Fuseau horaire")}

HELD: tuple[Held, ...] = (
    Held(
        t.assure,
        "Identité et coordonnées",
        {
            "id": Told("Identifiant interne"),
            "caisse": Told("Caisse", "caisse"),
            "civilite": Told("Civilité", "sealed"),
            "nom": Told("Nom", "sealed"),
            "courriel": Told("Courriel", "sealed"),
            "telephone": Told("Téléphone", "sealed"),
            "adresse": Told("Adresse", "sealed"),
            "langue": Told("Langue des messages"),
            "reference": Told("Référence donnée par la caisse"),
        },
    ),
    Held(
        t.telecontrole,
        "Rendez-vous",
        {
            "id": WHICH,
            "caisse": Told("Caisse", "caisse"),
            "medecin_conseil": Told("Médecin-conseil", "doctor"),
            "contexte": Told("Objet", words=LIBELLES_CONTEXTE),
            **HOUR,
            "duree_minutes": Told("Durée prévue, en minutes"),
            "etat": Told("État", words=LIBELLES_ETAT),
            "examen_clinique": Told("Examen en personne jugé nécessaire"),
            "serie": Told("Premier rendez-vous de la suite"),
            "sequence": Told("Rang dans la suite"),
            "suite_de": Told("Remplace le contrôle"),
            "code": Told("Code de vérification des messages"),
            "besoins": Told("Besoins déclarés", "needs"),
        },
    ),
    Held(
        t.ligne,
        "Faits inscrits au relevé",
        {
            "telecontrole": WHICH,
            "seq": Told("N°"),
            "genre": Told("Fait", words=LIBELLES_FAIT),
            "contenu": Told("Détail", "json"),
            "empreinte": Told("Empreinte"),
        },
    ),
    Held(t.sceau, "Sceaux du relevé", {"telecontrole": WHICH, "contenu": Told("Sceau", "json")}),
    Held(
        t.envoi,
        "Messages",
        {
            "id": Told("Message"),
            "telecontrole": WHICH,
            "genre": Told("Sorte", words=LIBELLES_GENRE),
            "canal": Told("Par", words=LIBELLES_CANAL),
            "destinataire": Told("À", "sealed"),
            "langue": Told("Langue"),
            "etat": Told("État", words=LIBELLES_ENVOI),
            "du": Told("Prévu"),
            "limite": Told("Au plus tard"),
            "cree": Told("Préparé"),
            "envoye": Told("Envoyé"),
            "remis": Told("Remis"),
            "motif": Told("Raison d'un échec"),
            "version": Told("Version du texte"),
            "contenu": Told("Texte", "message"),
        },
    ),
    Held(
        t.justification,
        "Absences justifiées",
        {
            "id": Told("Justification"),
            "telecontrole": WHICH,
            "motif": Told("Raison donnée", words=LIBELLES_MOTIF),
            "depose": Told("Déposée"),
            "etat": Told("Décision", words=LIBELLES_JUSTIFICATION),
            "decide": Told("Décidée"),
        },
    ),
    Held(
        t.piece,
        "Documents que vous avez joints",
        {
            "justification": Told("Justification"),
            "type": Told("Type"),
            "taille": Told("Taille, en octets"),
            "contenu": Told("Fichier", "file"),
        },
    ),
    Held(
        t.issue,
        "Issue (partie administrative)",
        {
            "telecontrole": WHICH,
            "version": Told("Version"),
            "qualification": Told("Déroulement", words=LIBELLES_QUALIFICATION),
            "conclusion": Told("Conclusion administrative", words=LIBELLES_CONCLUSION),
            "date_effet": Told("Date d'effet"),
            "categorie": Told("Catégorie"),
            "sequelles": Told("Séquelles"),
            "motif_correction": Told("Motif d'une correction", words=LIBELLES_CORRECTION),
            "motif_anticipation": Told(
                "Motif d'une signature avant l'heure", words=LIBELLES_ANTICIPATION
            ),
            "annonce": Told("Résultat annoncé oralement"),
            "annonce_instant": Told("Annoncé le"),
            "signataire": Told("Signée par", "doctor"),
            "instant": Told("Signée le"),
        },
    ),
    Held(
        t.essai_materiel,
        "Dernier test de votre matériel",
        {
            "telecontrole": WHICH,
            "couleur": Told("Résultat", words=COLOURS),
            "parties": Told("Ce qui a été testé", "json"),
            "mesures": Told("Mesures", "json"),
            "navigateur": Told("Famille du navigateur"),
            "instant": Told("Le"),
            "essais": Told("Nombre de tests"),
        },
    ),
    Held(
        t.demande_presentiel,
        "Demande d'un rendez-vous en personne",
        {
            "telecontrole": WHICH,
            "origine": Told("Pourquoi", words=LIBELLES_ORIGINE),
            "instant": Told("Le"),
        },
    ),
    Held(
        t.rendez_vous,
        "Rendez-vous en personne",
        {
            "id": Told("Rendez-vous"),
            "telecontrole": WHICH,
            "site": Told("Lieu", "site"),
            "medecin_conseil": Told("Médecin-conseil", "doctor"),
            **HOUR,
            "duree_minutes": Told("Durée prévue, en minutes"),
            "etat": Told("État", words=LIBELLES_PRESENTIEL),
            "sequence": Told("Rang"),
        },
    ),
    Held(
        t.tache,
        "Ce que le secrétariat avait à faire",
        {
            "telecontrole": WHICH,
            "genre": Told("Tâche", words=TASKS),
            "cree": Told("Depuis"),
            "faite": Told("Faite"),
        },
    ),
    Held(
        t.lien,
        "Liens d'accès qui vous ont été donnés",
        {"telecontrole": WHICH, "cree": Told("Créé"), "revoque": Told("Révoqué")},
    ),
    Held(
        t.tiers,
        "Tiers invités à votre rendez-vous",
        {
            "telecontrole": WHICH,
            "qualite": Told("Qualité", words=LIBELLES_QUALITE),
            "par": Told("Invité par", words=ROLES),
            "cree": Told("Invité le"),
            "revoque": Told("Invitation retirée le"),
            "entre": Told("Premier accès"),
            "information": Told("Version de l'information acceptée"),
            "siege": Told("Place"),
        },
    ),
    Held(
        t.code_acces,
        "Codes d'accès",
        {
            "telecontrole": WHICH,
            "usage": Told("Pour", "usage"),
            "envoye": Told("Envoyé"),
            "expire": Told("Valable jusqu'au"),
            "essais": Told("Essais erronés"),
            "envois": Told("Codes envoyés"),
            "depuis": Told("Compté depuis"),
            "verrou": Told("Bloqué jusqu'au"),
        },
    ),
    Held(
        t.session,
        "Sessions ouvertes avec votre code",
        {
            "telecontrole": WHICH,
            "vue": Told("Utilisée en dernier"),
            "expire": Told("Valable jusqu'au"),
            "revoquee": Told("Fermée"),
        },
    ),
)

#: Of another database: who (as a role) read what.
JOURNAL = Held(
    acces,
    "Qui a consulté vos données",
    {
        "instant": Told("Le"),
        "role": Told("Qui", words=ROLES),
        "genre": Told("Quoi", words=journal_lines.LABELS),
        "telecontrole": WHICH,
        "objet": Told("Lequel, s'il y en a plusieurs"),
    },
)
#: Of the service médical's, for who has its keys.
NOTES = Held(
    note,
    "Notes médicales",
    {
        "telecontrole": WHICH,
        "version": Told("Version"),
        "auteur": Told("Écrite par", "doctor"),
        "instant": Told("Le"),
        "contenu": Told("Texte"),
    },
)

HIDDEN = "secret technique : le donner ouvrirait un accès, et il ne dit rien de vous"
TECHNICAL = "technique : ne dit rien de vous"
COLLEAGUE = (
    "identité d'un agent : votre droit porte sur ce qui a été fait, quand et à quel titre "
    "(CJUE, 22 juin 2023, C-579/21) ; le relevé signé n'en porte qu'un identifiant interne"
)
SAID = "déjà dit ailleurs dans ce dossier"
STAFF = "ne porte que sur les professionnels et le service"

#: « table.column », or a whole table, and why.
EXCLUDED: Mapping[str, str] = {
    "assure.cle": HIDDEN,
    "telecontrole.assure": SAID,
    "ligne.marque": TECHNICAL,
    "ligne.attestee": TECHNICAL,
    "sceau.id": TECHNICAL,
    **{
        f"envoi.{name}": TECHNICAL
        for name in ("rang", "prochain", "essais", "incertains", "porteur", "bail", "reference")
    },
    "envoi.sujet": SAID,
    "justification.decide_par": COLLEAGUE,
    "tache.caisse": SAID,
    "tache.faite_par": COLLEAGUE,
    "lien.empreinte": HIDDEN,
    "lien.scelle": HIDDEN,
    "tiers.id": TECHNICAL,
    "tiers.empreinte": HIDDEN,
    "tiers.code": HIDDEN,
    "tiers.essais": TECHNICAL,
    "tiers.essais_en_tout": TECHNICAL,
    "tiers.verrou": TECHNICAL,
    "code_acces.empreinte": HIDDEN,
    "session.empreinte": HIDDEN,
    "session.reference": TECHNICAL,
    "session.genre": TECHNICAL,
    "session.sujet": SAID,
    "acces.qui": COLLEAGUE,
    "acces.session": COLLEAGUE,
    **{f"acces.{name}": TECHNICAL for name in ("seq", "precedent", "cle", "marque")},
    "note.revision": TECHNICAL,
    "dossier": HIDDEN,
    "efface": "ne garde que des télécontrôles effacés, que rien ne rattache plus à personne",
    "requete": (
        "réponse gardée quelques jours pour le système de la caisse, chiffrée et sans lien vers "
        "vous ; ce qu'elle dit est dans les rendez-vous"
    ),
    "tete": TECHNICAL,
    "temoin": TECHNICAL,
    "horodatage": TECHNICAL,
    "purge": TECHNICAL,
    "marque": TECHNICAL,
    "jeton_utilise": TECHNICAL,
    "version": TECHNICAL,
    **dict.fromkeys(
        (
            "caisse", "agent", "medecin_conseil", "disponibilite", "absence", "site", "cle_api",
            "connexion", "professionnel", "connexion_en_cours", "session_fournisseur",
        ),
        STAFF,
    ),
}  # fmt: skip
