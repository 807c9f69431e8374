"""Une absence injustifiee: pas avant que la caisse ait fait, et prouve, tout ce qu'elle devait."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scenes import ASSURE, JOUR, G, Scene, a, convoquee, un_telecontrole

from controle.absence import LIBELLES_PAS, exiger_procedure, pas
from controle.issue import (
    AucunAppel,
    ConvocationNonRemise,
    JustificationEnAttente,
    RappelNonEnvoye,
)
from controle.presence import SERVICE, Fait, GenreFait

pytestmark = [pytest.mark.row("CN-05"), pytest.mark.row("OP-12")]


def exiger(scene: Scene, *, en_attente: bool = False) -> None:
    exiger_procedure(un_telecontrole(), scene.faits, justification_en_attente=en_attente)


def sans(scene: Scene, genre: GenreFait, dit: str | None = None) -> Scene:
    def parti(fait: Fait) -> bool:
        return fait.genre is genre and dit in {None, fait.details.get("genre")}

    scene.faits = [fait for fait in scene.faits if not parti(fait)]
    return scene


def test_convocation_remise_rappel_envoye_et_appel_tente_suffisent() -> None:
    exiger(convoquee())


@pytest.mark.parametrize("canal", ["courriel", "sms", "courrier"])
@pytest.mark.parametrize("dit", ["convocation", "deplacement", "excuse"])
def test_un_seul_message_remis_suffit_quel_que_soit_le_canal(canal: str, dit: str) -> None:
    exiger(convoquee(canal=canal, dit=dit))


def test_une_convocation_envoyee_mais_jamais_remise_ne_prouve_rien() -> None:
    with pytest.raises(ConvocationNonRemise) as refus:
        exiger(sans(convoquee(), G.MESSAGE_REMIS))

    assert (refus.value.code, refus.value.champ) == ("convocation_non_remise", "qualification")


@pytest.mark.parametrize("dit", ["rappel", "presentiel", "code", "annulation"])
def test_un_autre_message_remis_n_est_pas_une_convocation(dit: str) -> None:
    with pytest.raises(ConvocationNonRemise):
        exiger(convoquee(dit=dit))


def test_deux_messages_non_remis_ne_font_pas_une_convocation() -> None:
    scene = sans(convoquee(), G.MESSAGE_REMIS)
    scene.message(-4 * JOUR, G.MESSAGE_ECHOUE, "e1")
    scene.message(-4 * JOUR, G.MESSAGE_ECHOUE, "e2", canal="sms")

    with pytest.raises(ConvocationNonRemise):
        exiger(scene)


def test_une_convocation_remise_apres_l_heure_ne_compte_pas() -> None:
    scene = sans(convoquee(), G.MESSAGE_REMIS).message(60, G.MESSAGE_REMIS, "e1")

    with pytest.raises(ConvocationNonRemise):
        exiger(scene)


def test_l_assure_qui_dit_l_avoir_recue_l_a_recue() -> None:
    scene = sans(convoquee(), G.MESSAGE_REMIS)

    exiger(scene.fait(-3 * JOUR, G.ACCUSE_RECEPTION, ASSURE))


def test_un_accuse_de_reception_qui_n_est_pas_de_l_assure_ne_prouve_rien() -> None:
    scene = sans(convoquee(), G.MESSAGE_REMIS)

    with pytest.raises(ConvocationNonRemise):
        exiger(scene.fait(-3 * JOUR, G.ACCUSE_RECEPTION, SERVICE))


def test_un_mauvais_destinataire_defait_la_remise_jusqu_a_la_suivante() -> None:
    scene = convoquee().fait(-2 * JOUR, G.MAUVAIS_DESTINATAIRE)

    with pytest.raises(ConvocationNonRemise):
        exiger(scene)

    exiger(scene.message(-2 * JOUR + 60, G.MESSAGE_REMIS, "e3"))


def test_un_mauvais_destinataire_signale_apres_l_heure_compte_aussi() -> None:
    with pytest.raises(ConvocationNonRemise):
        exiger(convoquee().fait(3600, G.MAUVAIS_DESTINATAIRE))


def test_une_convocation_a_une_date_d_avant_ne_vaut_pas_pour_celle_ci() -> None:
    scene = Scene().message(-9 * JOUR, G.MESSAGE_ENVOYE, "e1")
    scene.message(-9 * JOUR, G.MESSAGE_ENVOYE, "e2", canal="sms")
    scene.message(-9 * JOUR, G.MESSAGE_REMIS, "e1")
    scene.fait(-8 * JOUR, G.DEPLACE)
    scene.message(-8 * JOUR, G.MESSAGE_REMIS, "e2", canal="sms")  # l'accuse arrive apres
    scene.message(-JOUR, G.MESSAGE_ENVOYE, "r1", "rappel").fait(600, G.APPEL_TENTE)

    with pytest.raises(ConvocationNonRemise):
        exiger(scene)

    scene.message(-7 * JOUR, G.MESSAGE_ENVOYE, "e3", "deplacement")
    exiger(scene.message(-7 * JOUR, G.MESSAGE_REMIS, "e3", "deplacement"))


@pytest.mark.row("CN-03")
def test_sans_rappel_personne_n_est_absent_sans_raison() -> None:
    with pytest.raises(RappelNonEnvoye) as refus:
        exiger(sans(convoquee(), G.MESSAGE_ENVOYE, "rappel"))

    assert refus.value.code == "rappel_non_envoye"


def test_un_rappel_parti_apres_l_heure_n_a_rien_rappele() -> None:
    scene = sans(convoquee(), G.MESSAGE_ENVOYE, "rappel")

    with pytest.raises(RappelNonEnvoye):
        exiger(scene.message(60, G.MESSAGE_ENVOYE, "r1", "rappel"))


def test_un_rappel_remis_est_un_rappel_parti() -> None:
    scene = sans(convoquee(), G.MESSAGE_ENVOYE, "rappel")

    exiger(scene.message(-JOUR, G.MESSAGE_REMIS, "r1", "rappel"))


def test_il_faut_avoir_appele_depuis_l_heure_du_rendez_vous() -> None:
    scene = sans(convoquee(), G.APPEL_TENTE)

    with pytest.raises(AucunAppel) as refus:
        exiger(scene.fait(-60, G.APPEL_TENTE))
    assert refus.value.code == "aucun_appel"

    exiger(scene.fait(0, G.APPEL_TENTE))


@pytest.mark.row("CN-14")
def test_une_justification_a_examiner_passe_avant_tout() -> None:
    with pytest.raises(JustificationEnAttente) as refus:
        exiger(convoquee(), en_attente=True)
    assert refus.value.code == "justification_en_attente"

    scene = convoquee().fait(20 * 60, G.JUSTIFICATION_DEPOSEE, ASSURE)
    with pytest.raises(JustificationEnAttente):
        exiger(scene)

    exiger(scene.fait(30 * 60, G.JUSTIFICATION_DECIDEE))
    assert scene.faits[-1].instant == a(30)


#: Ce qui peut arriver, dans n'importe quel ordre: (instant, ou ce qui se passe).
EVENEMENTS = {
    "convocation envoyee": (G.MESSAGE_ENVOYE, "convocation"),
    "convocation remise": (G.MESSAGE_REMIS, "convocation"),
    "convocation echouee": (G.MESSAGE_ECHOUE, "convocation"),
    "rappel envoye": (G.MESSAGE_ENVOYE, "rappel"),
    "rappel echoue": (G.MESSAGE_ECHOUE, "rappel"),
    "appel": (G.APPEL_TENTE, None),
    "mauvais destinataire": (G.MAUVAIS_DESTINATAIRE, None),
    "deplace": (G.DEPLACE, None),
    "justification": (G.JUSTIFICATION_DEPOSEE, None),
    "decision": (G.JUSTIFICATION_DECIDEE, None),
}


@example(["convocation remise", "rappel envoye", "appel"], 2)
@example(["convocation remise", "deplace", "convocation remise", "rappel envoye", "appel"], 4)
@example(["rappel envoye", "deplace", "convocation remise", "appel"], 3)
@example(["convocation remise", "rappel envoye", "mauvais destinataire", "appel"], 2)
@settings(max_examples=500)
@given(
    noms=st.lists(st.sampled_from(sorted(EVENEMENTS)), max_size=14),
    heure=st.integers(0, 14),
)
def test_quel_que_soit_l_ordre_des_faits_une_absence_suppose_tout_ce_qui_etait_du(
    noms: list[str], heure: int
) -> None:
    scene = Scene()
    for rang, nom in enumerate(noms):
        genre, dit = EVENEMENTS[nom]
        t = 60.0 * (rang - heure)
        if dit is None:
            scene.fait(t, genre)
        else:
            scene.message(t, genre, f"{rang}", dit)
    avant, depuis = noms[:heure], noms[heure:]
    actuels = avant[-avant[::-1].index("deplace") :] if "deplace" in avant else avant
    if "deplace" in depuis or avant[-1:] == ["deplace"]:
        actuels = []
    tous = actuels + depuis

    try:
        exiger(scene)
    except (ConvocationNonRemise, RappelNonEnvoye, AucunAppel, JustificationEnAttente):
        permis = False
    else:
        permis = True

    derniere = max((i for i, nom in enumerate(actuels) if nom == "convocation remise"), default=-1)
    assert permis == (
        derniere >= 0
        and "mauvais destinataire" not in tous[derniere:]
        and "rappel envoye" in actuels
        and "appel" in depuis
        and noms.count("justification") <= noms.count("decision")
    )


def test_chaque_pas_se_dit_avant_de_signer_meme_quand_un_autre_manque_deja() -> None:
    faits = sans(sans(convoquee(), G.MESSAGE_REMIS), G.APPEL_TENTE).faits

    etapes = pas(un_telecontrole(), faits)

    assert [refus for refus, est_fait in etapes if not est_fait] == [
        ConvocationNonRemise,
        AucunAppel,
    ]
    assert {refus for refus, _ in etapes} == set(LIBELLES_PAS)
