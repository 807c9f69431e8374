"""The bodies of the API of the caisse's own system, both directions (docs/api.md).

The words on the wire are the domain's, in French. `/api/v1/openapi.json` is built from here.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from controle.besoins import Besoin
from controle.conclusion import Conclusion
from controle.convocation import Canal, EtatEnvoi, GenreEnvoi
from controle.presentiel import EtatPresentiel
from controle.qualification import Qualification
from controle.recours import Commission
from controle.remise import Remise
from controle.telecontrole import Etat, OriginePresentiel

#: The agents' words (server/caisse/contacts.py CONTEXTS): nothing medical outside of the service
#: médical.
Contexte = Literal["arret_de_travail", "risque_professionnel", "pension", "autre_prestation"]

#: No control character: a name is one line. The look-ahead is for `$`, which is content before
#: a last line feed.
LINE = r"^[^\u0000-\u001f\u007f]*$(?!\n)"
HOUR = "Heure locale, au fuseau de la caisse : « 2026-12-01T14:30 »."

Name = Annotated[str, Meta(min_length=1, max_length=120, pattern=LINE)]
Line = Annotated[str, Meta(max_length=400, pattern=LINE)]
Short = Annotated[str, Meta(max_length=200, pattern=LINE)]
Brief = Annotated[str, Meta(max_length=32, pattern=LINE)]
Reference = Annotated[
    str,
    Meta(
        max_length=64,
        pattern=LINE,
        description="Le nom de cette personne dans votre système ; jamais son NIR.",
    ),
]
Id = Annotated[str, Meta(min_length=1, max_length=36, pattern=r"^[A-Za-z0-9_-]+$(?!\n)")]
Local = Annotated[
    str,
    Meta(
        pattern=r"^2[01][0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}$(?!\n)",
        description=HOUR,
        examples=["2026-12-01T14:30"],
    ),
]
Day = Annotated[
    str, Meta(pattern=r"^2[01][0-9]{2}-[0-9]{2}-[0-9]{2}$(?!\n)", examples=["2026-12-01"])
]
Instant = Annotated[
    str,
    Meta(description="RFC 3339, en UTC.", examples=["2026-12-01T13:30:00Z"]),
]
Minutes = Annotated[int, Meta(ge=10, le=120)]
Cursor = Annotated[
    str, Meta(max_length=256, description="Rendu par la page d'avant, à renvoyer tel quel.")
]


class Taken(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What comes in: a field that is not known is refused, not ignored."""


class Given(Struct, frozen=True, kw_only=True):
    """What goes out; new fields may come with time."""


# --- in -----------------------------------------------------------------------------------------


class NouveauTelecontrole(Taken, frozen=True):
    """Un rendez-vous à donner ; les deux messages partent aussitôt."""

    civilite: Annotated[str, Meta(max_length=16, pattern=LINE)]
    nom: Name
    contexte: Contexte
    medecin_conseil: Id
    debut_local: Local
    courriel: Short = ""
    telephone: Brief = ""
    adresse: Line = ""
    langue: Annotated[
        str,
        Meta(
            max_length=8,
            pattern=LINE,
            description="Vide : celle que l'on connaît de cette personne, sinon le français.",
        ),
    ] = ""
    reference: Reference = ""
    duree_minutes: Minutes | None = None


class Deplacement(Taken, frozen=True):
    """Une autre date ; un autre médecin-conseil si l'un est nommé."""

    debut_local: Local
    medecin_conseil: Id | None = None


class Rien(Taken, frozen=True):
    """Rien à donner ; le corps peut manquer."""


class RechercheTelecontroles(Taken, frozen=True):
    """Jours de la caisse, compris tous deux."""

    de: Day | None = None
    a: Day | None = None
    etat: Etat | None = None
    reference: Reference | None = None
    curseur: Cursor | None = None
    limite: Annotated[int, Meta(ge=1, le=200)] = 100


class RechercheIssues(Taken, frozen=True):
    """Sans curseur, depuis le début."""

    curseur: Cursor | None = None
    limite: Annotated[int, Meta(ge=1, le=200)] = 100


class RechercheCreneaux(Taken, frozen=True):
    """`de` : premier jour à regarder ; sans lui, le premier possible."""

    medecin_conseil: Id
    de: Day | None = None
    duree_minutes: Minutes | None = None


# --- out ----------------------------------------------------------------------------------------


class Message(Given, frozen=True):
    """Un message à l'assuré : où il en est, ni ses mots, ni son destinataire."""

    genre: GenreEnvoi
    canal: Canal
    etat: EtatEnvoi
    prevu: Instant
    envoye: Instant | None
    remis: Instant | None
    essais: int


class Lieu(Given, frozen=True):
    """Où se rendre."""

    id: str
    nom: str
    adresse: str
    acces: str
    horaires: str


class RendezVous(Given, frozen=True):
    """Un rendez-vous en personne."""

    id: str
    debut: Instant
    debut_local: Local
    fuseau: str
    duree_minutes: int
    etat: EtatPresentiel
    medecin_conseil: Id
    lieu: Lieu


class Presentiel(Given, frozen=True):
    """La suite en personne ; `rendez_vous` une fois qu'une date est donnée."""

    origine: OriginePresentiel
    demande: Instant
    rendez_vous: RendezVous | None


class ResumeTelecontrole(Given, frozen=True):
    """Un télécontrôle dans une liste."""

    id: str
    #: Shown in the compte ameli, and in the message: the same.
    code: Annotated[
        str,
        Meta(
            pattern=r"^[0-9A-Z]{4}-[0-9A-Z]{4}$",
            description="Le code de la convocation, à montrer dans le compte ameli.",
            examples=["K7QF-2M9D"],
        ),
    ]
    reference: str
    contexte: Contexte
    medecin_conseil: Id
    debut: Instant
    debut_local: Local
    fuseau: str
    duree_minutes: int
    etat: Etat


class Telecontrole(ResumeTelecontrole, frozen=True):
    """Un télécontrôle en entier ; sans le nom ni les coordonnées, que vous avez."""

    remise: Remise
    besoins: list[Besoin]
    presentiel: Presentiel | None
    #: The one that this one replaces, the one that replaces it.
    precedent: str | None
    suivant: str | None
    messages: list[Message]


class PageTelecontroles(Given, frozen=True):
    """Par heure de début ; `suite` : le curseur de la page suivante, s'il y en a une."""

    elements: list[ResumeTelecontrole]
    suite: str | None


class Recours(Given, frozen=True):
    """Ce que la décision de la caisse doit dire du recours ; le délai court de sa notification."""

    commission: Commission
    delai_mois: int
    texte: str


class Prescripteur(Given, frozen=True):
    """Le prescripteur et le médecin traitant sont à informer : une tâche des agents de la caisse.

    `fait` : un agent l'a dit fait ; null : c'est encore à faire."""

    demande: Instant
    fait: Instant | None


class Notification(Given, frozen=True):
    """De quoi écrire la décision, que la caisse notifie elle-même : ce service n'envoie rien."""

    #: The result was told to the assuré by the médecin-conseil; null: nothing was to be told.
    annonce_orale: bool | None
    annonce: Instant | None
    #: Null: nothing in it can be contested.
    recours: Recours | None
    #: Null: what they prescribed is not changed by it.
    prescripteur: Prescripteur | None


class Issue(Given, frozen=True):
    """Une version signée de la conclusion administrative ; la plus grande version fait foi."""

    telecontrole: str
    reference: str
    version: Annotated[int, Meta(ge=1)]
    qualification: Qualification
    conclusion: Conclusion
    #: In words, as the caisse's letter may have them.
    libelle: str
    date_effet: Day | None
    categorie: int | None
    signee: Instant
    fonction_signataire: str
    notification: Notification


class PageIssues(Given, frozen=True):
    """Dans l'ordre des signatures ; `curseur` : d'où reprendre, maintenant ou demain."""

    elements: list[Issue]
    curseur: str
    #: There are more already: ask again at once.
    encore: bool


class Creneau(Given, frozen=True):
    """Un début libre."""

    debut: Instant
    debut_local: Local


class Creneaux(Given, frozen=True):
    """Libres, et assez tôt pour convoquer."""

    creneaux: list[Creneau]
    premiere_date: Day
    fuseau: str


class ErreurDeChamp(Given, frozen=True):
    """`pointeur` : RFC 6901, dans le corps ou la requête : « #/debut_local »."""

    pointeur: str
    code: str
    detail: str


class Probleme(Given, frozen=True):
    """RFC 9457 : pourquoi une demande n'a pas abouti. `code` est pour les programmes."""

    type: Annotated[str, Meta(examples=["/problemes/creneau_pris"])]
    title: str
    status: int
    detail: str
    code: str
    errors: list[ErreurDeChamp] | UnsetType = UNSET
    premiere_date: (
        Annotated[
            Day, Meta(description="Le premier jour où l'on peut encore convoquer à cette heure.")
        ]
        | UnsetType
    ) = UNSET
