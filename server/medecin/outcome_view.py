"""An outcome, a presence, an absence, in the words and times that the console shows."""

from collections.abc import Mapping, Sequence
from typing import Any

from controle.chaine import Ligne
from controle.conclusion import LIBELLES_CONCLUSION, Choix
from controle.intervalles import Presences
from controle.issue import Issue
from controle.justification import LIBELLES_JUSTIFICATION, LIBELLES_MOTIF, Justification
from controle.motif import LIBELLES_ANTICIPATION, LIBELLES_CORRECTION
from controle.periodes import Periodes
from controle.presence import LIBELLES_FAIT, Fait, Role
from controle.qualification import LIBELLES_QUALIFICATION
from controle.tiers import LIBELLES_QUALITE, PresenceTiers, Qualite
from server.caisse.agent_view import CALL_RESULTS
from server.web.messages import (
    Attempt,
    Choice,
    Fact,
    Interval,
    JustificationGiven,
    Outcome,
    Presence,
    ThirdPresence,
)


def outcome(signed: Issue, signer: str) -> Outcome:
    return Outcome(
        version=signed.version,
        qualification=signed.qualification.value,
        qualification_label=LIBELLES_QUALIFICATION[signed.qualification],
        conclusion=signed.conclusion.value,
        conclusion_label=LIBELLES_CONCLUSION[signed.conclusion],
        date=signed.date_effet.isoformat() if signed.date_effet else None,
        category=signed.categorie,
        sequelae=signed.sequelles,
        correction_reason=signed.motif_correction,
        correction_label=_label(LIBELLES_CORRECTION, signed.motif_correction),
        early_reason=signed.motif_anticipation,
        early_label=_label(LIBELLES_ANTICIPATION, signed.motif_anticipation),
        announced=signed.annonce.faite if signed.annonce else None,
        announced_at=signed.annonce.instant.isoformat()
        if signed.annonce and signed.annonce.instant
        else None,
        signed_by=signer,
        signed_at=signed.instant.isoformat(),
    )


CORRECTIONS = [Choice(code=code, label=label) for code, label in LIBELLES_CORRECTION.items()]
EARLY = [Choice(code=code, label=label) for code, label in LIBELLES_ANTICIPATION.items()]


def _label(labels: Mapping[Any, str], code: str | None) -> str | None:
    """What was signed before there was a list is shown as it was."""
    return None if code is None else labels.get(code, code)


def choice(one: Choix, *, heard: bool) -> Choice:
    """`heard`: the assuré was admitted, and could be told."""
    return Choice(
        code=one.conclusion.value,
        label=one.libelle,
        date=one.exigence.date,
        category=one.exigence.categorie,
        sequelae=one.exigence.sequelles,
        announcement=one.exigence.annonce and heard,
    )


def line(ligne: Ligne) -> Fact:
    return Fact(
        seq=ligne.seq,
        at=ligne.fait.instant.isoformat(),
        kind=ligne.fait.genre.value,
        label=LIBELLES_FAIT[ligne.fait.genre],
        role=ligne.fait.role,
        source=ligne.fait.source.value,
    )


def attempt(fait: Fait) -> Attempt:
    by_doctor = fait.role == Role.MEDECIN_CONSEIL
    return Attempt(
        at=fait.instant.isoformat(),
        result=CALL_RESULTS.get(str(fait.details.get("resultat")), ""),
        by="medecin_conseil" if by_doctor else "caisse",
    )


def justification(one: Justification) -> JustificationGiven:
    return JustificationGiven(
        id=one.id,
        reason=LIBELLES_MOTIF[one.motif],
        submitted=one.depose.isoformat(),
        state=one.etat.value,
        state_label=LIBELLES_JUSTIFICATION[one.etat],
        document=one.piece,
    )


def waits(given: Sequence[Justification]) -> bool:
    """Somebody has still to read one of them."""
    return any(one.est_en_attente for one in given)


def third(there: PresenceTiers) -> ThirdPresence:
    return ThirdPresence(
        seat=there.siege,
        label=LIBELLES_QUALITE.get(Qualite(there.qualite), ""),
        connected=intervals(there.sejours),
        took_part=intervals(there.participations),
    )


def shown(there: Presences, thirds: Sequence[PresenceTiers]) -> Presence:
    return Presence(
        assure=intervals(there.assure.intervalles),
        doctor=intervals(there.medecin_conseil.intervalles),
        together_with_media=intervals(there.ensemble_avec_media),
        held=intervals(there.pauses),
        assure_seconds=there.assure.duree,
        doctor_seconds=there.medecin_conseil.duree,
        waiting_seconds=there.attente,
        together_seconds=there.duree_ensemble,
        held_seconds=there.duree_pause,
        interruptions=there.interruptions,
        thirds=[third(one) for one in thirds],
    )


def intervals(periods: Periodes) -> list[Interval]:
    return [
        Interval(
            start=one.debut.isoformat(),
            end=one.fin.isoformat() if one.fin else None,
            estimated=one.fin_estimee,
        )
        for one in periods
    ]
