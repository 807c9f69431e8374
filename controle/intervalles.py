"""Des faits aux presences: qui etait la, combien de temps, ensemble, avec image et son."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from controle.chronologie import FaitSitue, situer
from controle.periodes import Intervalle, Periodes, croiser, retrancher, total, unir
from controle.presence import Fait, GenreFait, Role, finit_l_admission
from controle.sejours import Sejour, derniere_vue, sejours

__all__ = ["Intervalle", "PresenceDe", "Presences", "presences"]


@dataclass(frozen=True)
class PresenceDe:
    """La presence d'une personne; `duree` en secondes."""

    intervalles: Periodes
    media: Periodes
    premiere_arrivee: datetime | None
    derniere_vue: datetime | None
    duree: float


@dataclass(frozen=True)
class Presences:
    """Qui etait la; les durees, en secondes, comptent ce qui dure encore jusqu'a `jusqua`."""

    assure: PresenceDe
    medecin_conseil: PresenceDe
    admissions: Periodes
    ensemble_avec_media: Periodes
    #: Les moments que l'un ou l'autre a mis en pause, pendant l'admission: comptes a part.
    pauses: Periodes
    #: Les moments ou une personne ou son media a manque, sans depart voulu ni pause.
    coupures: Periodes
    admis_a: datetime | None
    fin: datetime | None
    attente: float
    duree_ensemble: float
    duree_pause: float
    jusqua: datetime | None

    @property
    def interruptions(self) -> int:
        """Combien de coupures; une panne qui touche tout n'en fait qu'une."""
        return len(self.coupures)

    def de(self, role: Role) -> PresenceDe:
        """La presence de cette personne."""
        return self.assure if role is Role.ASSURE else self.medecin_conseil


def presences(faits: Sequence[Fait], jusqua: datetime | None = None) -> Presences:
    """Les presences que disent ces faits, dans l'ordre de la chaine.

    `jusqua`: jusqu'ou compter ce qui dure encore (par defaut, le dernier fait).
    """
    situes = _jusqu_a_la_fin(situer(faits))
    limite = jusqua or (situes[-1].instant if situes else None)
    fin = situes[-1].instant if situes and situes[-1].fait.genre is GenreFait.FIN else None
    admissions = _admissions(situes)
    par_role = {role: sejours(situes, role) for role in Role}
    pauses = croiser(_pauses(situes), admissions)
    medias = {role: _media(situes, role, par_role[role]) for role in Role}
    liaison = croiser(croiser(medias[Role.ASSURE], medias[Role.MEDECIN_CONSEIL]), admissions)
    ensemble = retrancher(liaison, pauses)
    assure, medecin = (
        _presence_de(situes, role, par_role[role], retrancher(medias[role], pauses), limite)
        for role in Role
    )
    return Presences(
        assure=assure,
        medecin_conseil=medecin,
        admissions=admissions,
        ensemble_avec_media=ensemble,
        pauses=pauses,
        coupures=_coupures(situes, par_role, medias, retrancher(admissions, pauses), fin),
        admis_a=admissions[0].debut if admissions else None,
        fin=fin,
        attente=_secondes(retrancher(assure.intervalles, admissions), limite),
        duree_ensemble=_secondes(ensemble, limite),
        duree_pause=_secondes(pauses, limite),
        jusqua=limite,
    )


def _jusqu_a_la_fin(situes: list[FaitSitue]) -> list[FaitSitue]:
    """Apres la fin, il n'y a plus de salle."""
    for rang, situe in enumerate(situes, start=1):
        if situe.fait.genre is GenreFait.FIN:
            return situes[:rang]
    return situes


def _presence_de(
    situes: Sequence[FaitSitue],
    role: Role,
    passages: Sequence[Sejour],
    media: Periodes,
    limite: datetime | None,
) -> PresenceDe:
    intervalles = tuple(sejour.intervalle for sejour in passages)
    return PresenceDe(
        intervalles=intervalles,
        media=media,
        premiere_arrivee=passages[0].debut.instant if passages else None,
        derniere_vue=derniere_vue(situes, role),
        duree=_secondes(intervalles, limite),
    )


def _secondes(periodes: Iterable[Intervalle], limite: datetime | None) -> float:
    return 0.0 if limite is None else total(periodes, limite)


def _admissions(situes: Iterable[FaitSitue]) -> Periodes:
    """Les moments ou l'assure est admis: la place perdue le reste; qui est sorti attend de nouveau,
    s'il revient."""
    periodes: list[Intervalle] = []
    debut: datetime | None = None
    for situe in situes:
        if debut is None and situe.fait.genre is GenreFait.ADMISSION:
            debut = situe.instant
        elif debut is not None and finit_l_admission(situe.fait):
            periodes.append(Intervalle(debut, situe.instant))
            debut = None
    return tuple(periodes if debut is None else [*periodes, Intervalle(debut, None)])


def _pauses(situes: Iterable[FaitSitue]) -> Periodes:
    """Les moments ou l'un au moins avait mis en pause; la fin de l'admission les finit."""
    periodes: list[Intervalle] = []
    ouvertes: dict[str | None, datetime] = {}
    for situe in situes:
        fait = situe.fait
        if fait.genre is GenreFait.PAUSE:
            ouvertes.setdefault(fait.role, situe.instant)
        finies = {fait.role} if fait.genre is GenreFait.REPRISE_ENTRETIEN else set()
        if finit_l_admission(fait):
            finies = set(ouvertes)
        for role in finies & set(ouvertes):
            periodes.append(Intervalle(ouvertes.pop(role), situe.instant))
    return unir([*periodes, *(Intervalle(debut, None) for debut in ouvertes.values())])


# --- le media -----------------------------------------------------------------------------------

_MEDIA_OUVERT = {GenreFait.MEDIA_ETABLI, GenreFait.MEDIA_MAINTENU}
#: Une page plus recente reprend la place sans le media de l'ancienne.
_MEDIA_FERME = {GenreFait.MEDIA_PERDU, GenreFait.REPRISE}


def _media(situes: Iterable[FaitSitue], role: Role, passages: Sequence[Sejour]) -> Periodes:
    """Quand cette personne recevait l'autre, d'apres elle, pendant qu'elle etait la."""
    departs = {sejour.fin.rang: sejour for sejour in passages if sejour.fin is not None}
    periodes: list[Intervalle] = []
    debut: datetime | None = None
    for situe in situes:
        genre, sien = situe.fait.genre, situe.fait.role == role
        if sien and genre in _MEDIA_OUVERT:
            debut = debut or situe.instant
        depart = departs.get(situe.rang)
        ferme = (sien and genre in _MEDIA_FERME) or depart is not None
        if debut is not None and (ferme or finit_l_admission(situe.fait)):
            estime = depart is not None and depart.estime
            periodes.append(Intervalle(debut, situe.instant, estime))
            debut = None
    if debut is not None:
        periodes.append(Intervalle(debut, None))
    return croiser(periodes, (sejour.intervalle for sejour in passages))


# --- les coupures -------------------------------------------------------------------------------


def _coupures(
    situes: Sequence[FaitSitue],
    par_role: dict[Role, list[Sejour]],
    medias: dict[Role, Periodes],
    attendu: Periodes,
    fin: datetime | None,
) -> Periodes:
    """`attendu`: quand l'image et le son devaient passer."""
    manques: list[Intervalle] = []
    for role in Role:
        manques += _absences(par_role[role], fin)
        manques += croiser(_media_perdus(situes, role, medias[role], fin), attendu)
    # Qui est sorti de lui-meme n'est interrompu par rien.
    return retrancher(unir(manques), _sorti(par_role[Role.ASSURE], fin))


def _sorti(passages: Sequence[Sejour], fin: datetime | None) -> list[Intervalle]:
    """Du depart voulu au retour, ou a la fin."""
    retours = [sejour.debut.instant for sejour in passages[1:]]
    return [
        Intervalle(sejour.fin.instant, retour)
        for sejour, retour in zip(passages, [*retours, fin], strict=False)
        if sejour.fin is not None and sejour.cause is GenreFait.SORTIE
    ]


def _absences(passages: Sequence[Sejour], fin: datetime | None) -> list[Intervalle]:
    """Du depart subi au retour, ou a la fin."""
    retours = [sejour.debut.instant for sejour in passages[1:]]
    return [
        Intervalle(sejour.fin.instant, retour)
        for sejour, retour in zip(passages, [*retours, fin], strict=False)
        if sejour.fin is not None and sejour.cause not in {GenreFait.SORTIE, GenreFait.FIN}
    ]


def _media_perdus(
    situes: Sequence[FaitSitue], role: Role, media: Periodes, fin: datetime | None
) -> list[Intervalle]:
    """D'une perte du media a son retour, ou a la fin; un arret voulu n'en est pas une."""
    pertes = {
        situe.instant
        for situe in situes
        if situe.fait.role == role
        and situe.fait.genre is GenreFait.MEDIA_PERDU
        and situe.fait.details.get("cause") != "closed"
    }
    retours = [periode.debut for periode in media[1:]]
    return [
        Intervalle(periode.fin, retour)
        for periode, retour in zip(media, [*retours, fin], strict=False)
        if periode.fin is not None and periode.fin in pertes
    ]
