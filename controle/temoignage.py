"""Le temoignage: ce que le service atteste de tout son registre, tete apres tete.

Une tete est courte et signee; a cote d'elle, ses changements: ou finissait chaque chaine qui a
bouge depuis la precedente. Chacune porte l'empreinte de la precedente: qui en detient une seule,
ailleurs, detient tout ce qui la precede. Le cout d'une tete ne depend que de ce qui a change.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from controle import forme
from controle.verification import SignatureValide, lire_signature

FORMAT = "telecontrole-tete/1"
_DOMAINE = b"telecontrole-tete/1\n"
_DOMAINE_TETE = "telecontrole-empreinte-tete/1"
_DOMAINE_CHANGEMENTS = "telecontrole-changements/1"
_DOMAINE_ORIGINE = "telecontrole-registre/1"

EFFACE = "efface"
_CLES = frozenset(
    {
        "format", "registre", "numero", "instant", "motif", "precedente", "telecontroles",
        "lignes", "nombre", "racine", "cle", "signature",
    }
)  # fmt: skip


class MotifTete(StrEnum):
    """Pourquoi une tete a ete faite a ce moment."""

    OUVERTURE = "ouverture"
    MINUTE = "minute"
    FIN = "fin"
    REPOS = "repos"
    ARRET = "arret"


@dataclass(frozen=True, slots=True)
class Changement:
    """Ou finit la chaine d'un telecontrole; `efface`: detruite au terme de sa conservation."""

    telecontrole: str
    longueur: int
    tete: str
    efface: bool = False

    def en_liste(self) -> list[object]:
        fin = [EFFACE] if self.efface else []
        return [self.telecontrole, self.longueur, self.tete, *fin]

    @classmethod
    def depuis_liste(cls, valeur: object) -> "Changement":
        """Relu strictement (`FormeIllisible`)."""
        if not isinstance(valeur, list) or len(valeur) not in (3, 4) or valeur[3:] not in _FINS:
            raise forme.FormeIllisible
        return cls(
            telecontrole=forme.lire_texte(valeur[0], 64),
            longueur=forme.lire_entier(valeur[1]),
            tete=forme.lire_hex(valeur[2]),
            efface=len(valeur) == 4,
        )


_FINS: tuple[list[object], ...] = ([], [EFFACE])


@dataclass(frozen=True)
class TeteRegistre:
    """Une attestation du registre entier: combien de telecontroles et de lignes ont ete attestes
    jusque-la; `nombre` et `racine`: combien de changements, et leur empreinte."""

    registre: str
    numero: int
    instant: datetime
    motif: str
    precedente: str
    telecontroles: int
    lignes: int
    nombre: int
    racine: str
    cle: str = ""
    signature: str = ""

    def octets(self) -> bytes:
        """Ce que la signature et l'horodatage couvrent."""
        return _DOMAINE + forme.canonique(self._contenu())

    @property
    def empreinte(self) -> str:
        """Ce que la tete suivante porte de celle-ci."""
        return forme.empreinte(_DOMAINE_TETE, self.octets())

    def signee(self, cle: str, signature: str) -> "TeteRegistre":
        return replace(self, cle=cle, signature=signature)

    def en_dict(self) -> dict[str, object]:
        """Telle qu'elle s'envoie."""
        return self._contenu() | {"cle": self.cle, "signature": self.signature}

    @classmethod
    def depuis_dict(cls, valeur: object) -> "TeteRegistre":
        """Relue, strictement (`FormeIllisible`)."""
        objet = forme.lire_objet(valeur, _CLES)
        if objet["format"] != FORMAT:
            raise forme.FormeIllisible
        return cls(
            registre=forme.lire_texte(objet["registre"], 64),
            numero=forme.lire_entier(objet["numero"], minimum=1),
            instant=forme.lire_instant(objet["instant"]),
            motif=forme.lire_texte(objet["motif"], 32),
            precedente=forme.lire_hex(objet["precedente"]),
            telecontroles=forme.lire_entier(objet["telecontroles"]),
            lignes=forme.lire_entier(objet["lignes"]),
            nombre=forme.lire_entier(objet["nombre"]),
            racine=forme.lire_hex(objet["racine"]),
            cle=forme.lire_texte(objet["cle"], 256),
            signature=forme.lire_texte(objet["signature"], 256),
        )

    def _contenu(self) -> dict[str, object]:
        return {
            "format": FORMAT,
            "registre": self.registre,
            "numero": self.numero,
            "instant": forme.ecrire_instant(self.instant),
            "motif": self.motif,
            "precedente": self.precedente,
            "telecontroles": self.telecontroles,
            "lignes": self.lignes,
            "nombre": self.nombre,
            "racine": self.racine,
        }


def origine(registre: str) -> str:
    """La `precedente` de la premiere tete: propre a ce registre."""
    return forme.empreinte(_DOMAINE_ORIGINE, registre.encode())


def racine(changements: Iterable[Changement]) -> str:
    """L'empreinte de ces changements, dans leur ordre."""
    listes = [changement.en_liste() for changement in changements]
    return forme.empreinte(_DOMAINE_CHANGEMENTS, forme.canonique({"changements": listes}))


def suivante(
    derniere: TeteRegistre | None,
    registre: str,
    changements: Sequence[Changement],
    *,
    nouveaux: int,
    nouvelles: int,
    instant: datetime,
    motif: str,
) -> TeteRegistre:
    """La tete d'apres, pas encore signee. `nouveaux` telecontroles, `nouvelles` lignes depuis
    `derniere`."""
    return TeteRegistre(
        registre=registre,
        numero=derniere.numero + 1 if derniere else 1,
        instant=instant,
        motif=motif,
        precedente=derniere.empreinte if derniere else origine(registre),
        telecontroles=(derniere.telecontroles if derniere else 0) + nouveaux,
        lignes=(derniere.lignes if derniere else 0) + nouvelles,
        nombre=len(changements),
        racine=racine(changements),
    )


# --- ce qui s'en verifie ------------------------------------------------------------------------


@dataclass(frozen=True)
class Constat:
    """Ce qui ne va pas: ou (un telecontrole et sa ligne, une tete), et quoi."""

    ou: str
    raison: str

    def __str__(self) -> str:
        return f"{self.ou} : {self.raison}"


@dataclass(frozen=True, slots=True)
class Jalon:
    """Ce que la tete `numero` a atteste d'une chaine: sa ligne `longueur` portait `tete`."""

    longueur: int
    tete: str
    numero: int
    efface: bool = False


@dataclass
class Suite:
    """Des tetes relues dans leur ordre, et ce qu'elles attestent.

    `nom` les designe dans les constats: « du registre », « du témoin ».
    """

    nom: str
    signature_valide: SignatureValide
    derniere: TeteRegistre | None = None
    empreintes: dict[int, str] = field(default_factory=dict)
    jalons: dict[str, list[Jalon]] = field(default_factory=dict)
    #: La premiere qui ne tient pas; la suite n'est plus lue.
    rupture: Constat | None = None

    def ajouter(self, tete: TeteRegistre, changements: Sequence[Changement]) -> None:
        """La suivante. Deux fois la meme n'est qu'une fois."""
        if self.rupture is not None or self.empreintes.get(tete.numero) == tete.empreinte:
            return
        reproche = self._reproche(tete, changements)
        if reproche:
            self.rupture = Constat(f"Tête {tete.numero} {self.nom}", reproche)
            return
        self.derniere = tete
        self.empreintes[tete.numero] = tete.empreinte
        for un in changements:
            jalon = Jalon(un.longueur, un.tete, tete.numero, un.efface)
            self.jalons.setdefault(un.telecontrole, []).append(jalon)

    def rompre(self, numero: int, raison: str) -> None:
        """Ce qui a ete lu a cette place n'est meme pas une tete."""
        if self.rupture is None:
            self.rupture = Constat(f"Tête {numero} {self.nom}", raison)

    @property
    def attendue(self) -> int:
        return self.derniere.numero + 1 if self.derniere else 1

    def _reproche(self, tete: TeteRegistre, changements: Sequence[Changement]) -> str:
        if not est_signee(tete, self.signature_valide):
            return "sa signature n'est pas d'une clé du service"
        if tete.nombre != len(changements) or tete.racine != racine(changements):
            return "ses changements ne sont pas ceux qu'elle a signés"
        if self.derniere is None:
            # Un temoin peut commencer apres le registre.
            debut = tete.numero > 1 or tete.precedente == origine(tete.registre)
            return "" if debut else "elle ne commence pas ce registre"
        return _rupture(self.derniere, tete)


def _rupture(derniere: TeteRegistre, tete: TeteRegistre) -> str:
    """Ce qui empeche `tete` de suivre `derniere`."""
    attendue = derniere.numero + 1
    if tete.registre != derniere.registre:
        return "elle est d'un autre registre"
    if tete.numero > attendue:
        return f"la tête {attendue} manque avant elle"
    if tete.numero < attendue:
        return "elle contredit celle du même numéro : le registre a été ramené en arrière"
    return "" if tete.precedente == derniere.empreinte else "elle ne suit pas la précédente"


def est_signee(tete: TeteRegistre, signature_valide: SignatureValide) -> bool:
    """Par une des cles; ce qui est mal forme ne l'est pas."""
    try:
        return signature_valide(tete.cle, tete.octets(), lire_signature(tete.signature)) is True
    except Exception:  # d'ou que vienne le refus, une signature qui ne se lit pas ne vaut rien
        return False


def comparer(registre: Suite, temoin: Suite) -> Constat | None:
    """Le registre est-il celui que le temoin a connu?"""
    ici, la = registre.derniere, temoin.derniere
    if la is None:
        return None
    if ici is None:
        return Constat("Tête 1 du registre", "elle manque : le registre n'en a aucune")
    if la.registre != ici.registre:
        return Constat(f"Tête {la.numero} {temoin.nom}", "elle est d'un autre registre")
    for numero in sorted(registre.empreintes.keys() & temoin.empreintes.keys()):
        if registre.empreintes[numero] != temoin.empreintes[numero]:
            raison = f"elle n'est pas celle que le {temoin.nom.removeprefix('du ')} a reçue"
            return Constat(f"Tête {numero} du registre", f"{raison} : le registre a été réécrit")
    if la.numero > ici.numero and registre.rupture is None:
        return Constat(
            f"Tête {ici.numero + 1} du registre",
            f"elle manque. Copie antérieure : le registre s'arrête à la tête {ici.numero} du "
            f"{_dit(ici.instant)}, le témoin en a reçu jusqu'à la tête {la.numero} du "
            f"{_dit(la.instant)}",
        )
    return None


def _dit(instant: datetime) -> str:
    return forme.ecrire_instant(instant)[:19].replace("T", " à ") + " UTC"
