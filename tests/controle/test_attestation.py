"""L'attestation: qui peut l'avoir, ce qu'elle dit, et la forme qui tient dans un code."""

import hashlib
import json
from base64 import b32decode, b32encode
from dataclasses import replace
from typing import Any

import pytest
from scenes import ASSURE, FENETRE, MEDECIN, G, Scene, a, un_telecontrole

from controle.attestation import (
    AttenteTropCourte,
    Attestation,
    Cote,
    Emission,
    EntretienNonFini,
    Genre,
    RienAAttester,
    attester,
    delivrees,
)
from controle.attestation_forme import (
    CHAMPS,
    AttestationSignee,
    contenu,
    lire_document,
    lire_jeton,
    octets_a_signer,
)
from controle.attestation_mots import MOTIFS, PHRASES, TITRES, duree, lignes
from controle.etats import Etat
from controle.forme import FormeIllisible
from controle.intervalles import presences
from controle.presence import GenreFait
from controle.qualification import INCIDENTS, TABLE, Motif

pytestmark = [pytest.mark.row("OP-04"), pytest.mark.row("DO-05")]

TETE = (12, hashlib.sha256(b"tete").hexdigest())
CLE = "uJ8yLx0Hq2m9Zk3vWc5sTn7aRb1dEf4gIh6jKl8oPqs"


def emission(minutes: float = 60) -> Emission:
    return Emission("CPAM de Bretagne", "Mme Camille Zwijnaarde", a(minutes), CLE)


def atteste(
    scene: Scene, etat: Etat = Etat.TERMINE, minutes: float = 40, **autres: Any
) -> Attestation:
    controle = un_telecontrole(etat, code="K7QF-2M9D")
    vues = presences(scene.faits, a(minutes))
    emise = emission(minutes)
    return attester(controle, vues, scene.faits, a(minutes), FENETRE, TETE, emise, **autres)


def dites(une: Attestation) -> dict[str, str]:
    return dict(lignes(une))


def attente() -> Scene:
    return Scene().fait(-90, G.SECOND_FACTEUR_REUSSI, ASSURE).fait(-60, G.ENTREE, ASSURE)


def entretien() -> Scene:
    scene = attente().fait(125, G.ENTREE, MEDECIN).fait(130, G.ADMISSION, MEDECIN)
    return scene.fait(133, G.MEDIA_ETABLI, ASSURE).fait(133, G.MEDIA_ETABLI, MEDECIN)


def signee(une: Attestation) -> AttestationSignee:
    return AttestationSignee(une, hashlib.sha512(octets_a_signer(contenu(une))).digest())


# --- qui peut l'avoir ---------------------------------------------------------------------------


def test_qui_n_est_pas_venu_n_a_rien_a_faire_attester() -> None:
    with pytest.raises(RienAAttester):
        atteste(Scene(), Etat.NON_CONNECTE)


def test_un_code_demande_le_lendemain_n_est_pas_un_essai_d_entrer() -> None:
    hors_salle = Scene().fait(-3600, G.SECOND_FACTEUR_REUSSI, ASSURE)

    with pytest.raises(RienAAttester):
        atteste(hors_salle, Etat.NON_CONNECTE)


def test_qui_essaie_encore_d_entrer_n_a_pas_fini_d_essayer() -> None:
    essai = Scene().fait(-60, G.SECOND_FACTEUR_REUSSI, ASSURE)

    with pytest.raises(RienAAttester):
        atteste(essai, Etat.CONVOQUE, 14)

    assert atteste(essai, Etat.CONVOQUE, 15).genre is Genre.INCIDENT


@pytest.mark.row("WR-05")
def test_qui_attend_peut_l_avoir_des_que_le_delai_de_grace_est_passe() -> None:
    with pytest.raises(AttenteTropCourte):
        atteste(attente(), Etat.EN_ATTENTE, 14.9)

    assert atteste(attente(), Etat.EN_ATTENTE, 15).genre is Genre.MEDECIN_ABSENT


def test_venir_en_avance_n_avance_pas_l_attestation() -> None:
    tot = Scene().fait(-900, G.ENTREE, ASSURE)

    with pytest.raises(AttenteTropCourte):
        atteste(tot, Etat.EN_ATTENTE, 5)


def test_qui_a_cesse_d_attendre_peut_l_avoir_ensuite() -> None:
    parti = attente().fait(300, G.SORTIE, ASSURE)

    with pytest.raises(AttenteTropCourte):
        atteste(parti, Etat.EN_ATTENTE, 10)

    une = atteste(parti, Etat.EN_ATTENTE, 60)
    assert (une.genre, une.attente) == (Genre.PRESENCE, 360)


def test_pendant_l_entretien_il_n_y_a_rien_d_acheve_a_attester() -> None:
    with pytest.raises(EntretienNonFini):
        atteste(entretien(), Etat.EN_COURS)

    coupe = entretien().fait(300, G.PERTE, MEDECIN)
    assert atteste(coupe, Etat.EN_COURS).genre is Genre.INCIDENT


# --- ce qu'elle dit -----------------------------------------------------------------------------


def test_une_presence_dit_chaque_heure_et_le_retard_du_medecin() -> None:
    une = atteste(entretien().fait(900, G.FIN, MEDECIN))

    mots = dites(une)
    assert une.genre is Genre.PRESENCE
    assert mots["Rendez-vous"] == "mardi 10 mars 2026 à 10:00, 30 min"
    assert mots["Arrivée de l'assuré"] == "09:59:00"
    assert mots["Salle d'attente"] == "de 09:59:00 à 10:02:10, 3 min 10 s en tout"
    assert mots["Admission"] == "10:02:10"
    assert mots["Temps ensemble, avec image et son"] == "12 min 47 s"
    assert mots["Interruptions"] == "aucune"
    assert mots["Fin du rendez-vous"] == "10:15:00"
    assert mots["Médecin-conseil"] == (
        "page ouverte dans la salle à 10:02:05, 12 min 55 s ; 2 min de retard"
    )
    assert "Cause de l'incident" not in mots


def test_le_retard_de_l_assure_n_est_pas_celui_du_medecin() -> None:
    scene = Scene().fait(0, G.ENTREE, MEDECIN).fait(480, G.ENTREE, ASSURE)
    une = atteste(scene.fait(500, G.ADMISSION, MEDECIN).fait(900, G.FIN, MEDECIN))

    assert une.medecin_retard == 0


@pytest.mark.parametrize("depart", [G.SORTIE, G.PERTE])
def test_le_temps_ou_l_assure_est_reparti_n_est_pas_un_retard_du_medecin(depart: GenreFait) -> None:
    """Arrive en avance, reparti, revenu dix minutes apres l'heure: on l'attendait."""
    scene = Scene().fait(-600, G.ENTREE, ASSURE).fait(-540, depart, ASSURE)
    scene.fait(0, G.ENTREE, MEDECIN).fait(600, G.RETOUR, ASSURE).fait(670, G.ADMISSION, MEDECIN)

    une = atteste(scene.fait(900, G.FIN, MEDECIN))

    assert (une.attente, une.medecin_retard) == (130, 1)


@pytest.mark.row("WR-05")
@pytest.mark.row("OP-13")
def test_un_medecin_qui_ne_vient_pas_est_atteste_aussi_precisement_que_l_assure() -> None:
    jamais = atteste(attente().fait(1500, G.SORTIE, ASSURE), Etat.EN_ATTENTE)
    ouvert = atteste(attente().fait(0, G.ENTREE, MEDECIN), Etat.EN_ATTENTE, 20)

    assert jamais.genre is Genre.MEDECIN_ABSENT
    assert dites(jamais)["Médecin-conseil"] == "n'est pas venu"
    assert dites(jamais)["Salle d'attente"] == "de 09:59:00 à 10:25:00, 26 min 00 s en tout"
    assert dites(ouvert)["Médecin-conseil"] == (
        "page ouverte dans la salle à 10:00:00, 20 min 00 s ; n'a pas fait entrer l'assuré"
    )
    assert dites(ouvert)["Salle d'attente"] == "de 09:59:00 encore en attente, 21 min 00 s en tout"


@pytest.mark.row("OP-13")
def test_la_caisse_qui_reconnait_l_absence_du_medecin_abrege_l_attente() -> None:
    scene = attente().fait(300, G.FIN, MEDECIN)

    assert atteste(scene, Etat.REPORTE).genre is Genre.PRESENCE
    assert atteste(scene, Etat.REPORTE, medecin_absent=True).genre is Genre.MEDECIN_ABSENT


@pytest.mark.row("OP-05")
def test_un_incident_dit_sa_cause_et_qu_il_n_est_pas_reproche() -> None:
    une = atteste(entretien().fait(300, G.PERTE, MEDECIN), Etat.EN_COURS)

    assert (une.genre, une.cote) == (Genre.INCIDENT, Cote.CAISSE)
    assert dites(une)["Cause de l'incident"] == (
        "la liaison du médecin-conseil a été perdue la première (côté caisse)"
    )
    assert dites(une)["Interruption 1"] == "de 10:05:00 sans reprise, côté caisse"
    assert "ni une absence ni un refus" in PHRASES[Genre.INCIDENT]


@pytest.mark.row("OP-05")
def test_demander_le_presentiel_apres_un_incident_n_efface_pas_l_incident() -> None:
    controle = un_telecontrole(Etat.EN_COURS)
    faits = entretien().fait(300, G.PERTE, MEDECIN).faits
    controle.demander_presentiel(a(8))

    vues = presences(faits, a(40))
    une = attester(controle, vues, faits, a(40), FENETRE, TETE, emission())

    assert une.genre is Genre.INCIDENT


def test_les_interruptions_ont_chacune_leur_cote() -> None:
    scene = entretien()
    scene.fait(200, G.PERTE, ASSURE).fait(210, G.RETOUR, ASSURE)
    scene.fait(212, G.MEDIA_ETABLI, ASSURE)
    scene.fait(300, G.PERTE, MEDECIN).fait(320, G.RETOUR, MEDECIN)
    scene.fait(322, G.MEDIA_ETABLI, MEDECIN)
    scene.fait(400, G.MEDIA_PERDU, ASSURE, cause="failed").fait(405, G.MEDIA_ETABLI, ASSURE)
    scene.fait(500, G.MEDIA_PERDU, ASSURE, cause="network").fait(505, G.MEDIA_ETABLI, ASSURE)
    une = atteste(scene.fait(900, G.FIN, MEDECIN))

    assert une.genre is Genre.PRESENCE
    assert [i.cote for i in une.interruptions_dites] == [Cote.ASSURE, Cote.CAISSE, Cote.INCONNU]
    assert une.interruptions == 4
    assert dites(une)["Interruption 3"] == "de 10:06:40 à 10:06:45, cause inconnue"
    assert "Interruption 4" not in dites(une)


def test_chaque_genre_et_chaque_motif_d_incident_a_ses_mots() -> None:
    d_incident = {regle.motif for regle in TABLE if regle.qualification in INCIDENTS}

    assert set(TITRES) == set(PHRASES) == set(Genre)
    assert d_incident <= set(MOTIFS)


def test_une_autre_date_est_dite() -> None:
    une = atteste(attente().fait(100, G.FIN, MEDECIN))

    tard = replace(une, observe=a(60 * 24 * 3))

    assert dites(tard)["Observé jusqu'à"] == "10:00:00 le 13/03/2026"
    assert [duree(s) for s in (0, 61, 3723)] == ["0 s", "1 min 01 s", "1 h 02 min 03 s"]


def test_rien_de_medical_ni_aucune_conclusion_n_y_est() -> None:
    dit = json.dumps(signee(atteste(entretien().fait(900, G.FIN, MEDECIN))).en_dict())

    assert {nom for nom, _ in CHAMPS} & {
        "conclusion",
        "adresse",
        "telephone",
        "qualification",
    } == set()
    assert "tc-1" not in dit
    assert "as-1" not in dit


def test_celles_d_hier_ne_comptent_plus() -> None:
    scene = Scene().fait(0, G.ATTESTATION_DELIVREE).fait(3600, G.ATTESTATION_DELIVREE)

    assert len(delivrees(scene.faits, a(60 * 24 - 1))) == 2
    assert len(delivrees(scene.faits, a(60 * 24 + 1))) == 1


# --- la forme -----------------------------------------------------------------------------------


def des_attestations() -> list[Attestation]:
    longue = "é" * 99
    une = atteste(entretien().fait(300, G.PERTE, MEDECIN), Etat.EN_COURS)
    trois = tuple(replace(une.interruptions_dites[0], a=a(39)) for _ in range(3))
    pire = replace(
        une,
        caisse=longue,
        assure=longue,
        fuseau="America/Argentina/ComodRivadavia",
        interruptions_dites=trois,
        observe=a(60 * 24 * 800),
        emise=a(60 * 24 * 800),
        motif=Motif.LIAISON_COMMUNE,
    )
    attendu = atteste(attente().fait(1500, G.SORTIE, ASSURE), Etat.EN_ATTENTE)
    return [une, attendu, pire, atteste(entretien().fait(900, G.FIN, MEDECIN))]


@pytest.mark.parametrize("une", des_attestations())
def test_le_jeton_et_le_document_disent_le_meme_contenu(une: Attestation) -> None:
    document = signee(une)

    du_jeton = lire_jeton(document.jeton())
    du_json = lire_document(json.loads(json.dumps(document.en_dict())))

    assert du_jeton == du_json
    assert contenu(du_jeton.attestation) == contenu(une)
    assert du_jeton.signature == document.signature
    assert lignes(du_jeton.attestation) == lignes(une)
    assert len(document.jeton()) <= 1451


@pytest.mark.parametrize("champ", [nom for nom, _ in CHAMPS])
def test_chaque_champ_est_dans_ce_qui_est_signe(champ: str) -> None:
    une = contenu(des_attestations()[0])
    autre: Any = une[champ]
    autre = autre + 1 if isinstance(autre, int) else f"{autre}x"

    assert octets_a_signer({**une, champ: autre}) != octets_a_signer(une)


def test_un_jeton_ecrit_autrement_n_est_pas_lu() -> None:
    jeton = signee(des_attestations()[0]).jeton()
    octets = b32decode(jeton + "=" * (-len(jeton) % 8))
    espace = b32encode(octets.replace(b",", b", ", 1)).rstrip(b"=").decode()
    autres = [espace, jeton.lower(), jeton + "=", jeton[:-1], jeton + "A", "", "A" * 5000, "é"]

    for autre in autres:
        with pytest.raises(FormeIllisible):
            lire_jeton(autre)


def test_un_document_a_qui_il_manque_ou_a_qui_on_ajoute_n_est_pas_lu() -> None:
    document = signee(des_attestations()[0]).en_dict()
    faux: list[Any] = [
        {nom: v for nom, v in document.items() if nom != "fin"},
        document | {"adresse": "1 rue de l'Exemple"},
        document | {"format": "telecontrole-attestation/3"},
        document | {"debut": "2026-03-10T09:00:00+00:00"},
        document | {"minutes": True},
        document | {"fuseau": "Europe/Nulle_Part"},
        document | {"fuseau": "../etc/passwd"},
        document | {"genre": "absence"},
        document | {"signature": "AAAA"},
        document | {"interruptions_dites": [1]},
        document | {"interruptions_dites": None},
        [],
        None,
    ]

    for autre in faux:
        with pytest.raises(FormeIllisible):
            lire_document(autre)


def test_un_jeton_de_n_importe_quoi_ne_fait_rien_d_autre_qu_un_refus() -> None:
    def serre(valeurs: Any) -> str:
        return b32encode(json.dumps(valeurs).encode() + bytes(64)).rstrip(b"=").decode()

    for valeurs in ([], {}, 1, [1] * 29, [1, *[None] * 28], [2, *["x"] * 28], [1, *[[]] * 28]):
        with pytest.raises(FormeIllisible):
            lire_jeton(serre(valeurs))

    grand = 2**60
    with pytest.raises(FormeIllisible):
        lire_jeton(serre([1, "presence", "c", "a", "k", grand, *[grand] * 23]))
    with pytest.raises(FormeIllisible):
        lire_jeton(b32encode(b"[" * 2000 + bytes(64)).rstrip(b"=").decode())


@pytest.mark.row("CO-12")
def test_les_pauses_sont_dites_a_part_et_la_premiere_forme_se_lit_toujours() -> None:
    scene = entretien().fait(200, G.PAUSE, ASSURE).fait(260, G.REPRISE_ENTRETIEN, ASSURE)
    une = atteste(scene.fait(900, G.FIN, MEDECIN), Etat.TERMINE, 60)
    ancienne = replace(une, pause=None)

    for chacune in (une, ancienne):
        document = signee(chacune)
        assert lire_document(document.en_dict()) == lire_jeton(document.jeton()) == document

    assert (une.pause, une.ensemble, une.interruptions) == (60, 707, 0)
    assert dites(une)["Pauses demandées, comptées à part"] == "1 min 00 s"
    assert signee(ancienne).en_dict()["format"] == "telecontrole-attestation/1"
    assert "pause" not in contenu(ancienne)
    with pytest.raises(FormeIllisible):
        lire_document(signee(ancienne).en_dict() | {"pause": 0})
