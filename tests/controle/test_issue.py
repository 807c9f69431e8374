"""L'issue: ce qui la permet, chaque refus par son nom, et ce qu'elle entraine."""

from dataclasses import replace
from datetime import date, datetime
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenes import ASSURE, FENETRE, MEDECIN, G, Scene, a, convoquee, un_telecontrole

from controle.conclusion import CONCLUSIONS, EXIGENCES, LIBELLES_CONCLUSION
from controle.convocation import GenreEnvoi, vaut
from controle.intervalles import presences
from controle.issue import (
    CategorieHorsContexte,
    CategorieManquante,
    Conclusion,
    ConclusionHorsContexte,
    ControleSansObjet,
    ConvocationNonRemise,
    DateInutile,
    DateManquante,
    DatePassee,
    DemandeIssue,
    EntretienEnCours,
    IdentiteNonControlee,
    Issue,
    IssueScellee,
    JustificationEnAttente,
    MotifAnticipationInconnu,
    MotifCorrectionInconnu,
    Qualification,
    QualificationIncoherente,
    SequellesInutiles,
    SequellesManquantes,
    SignataireManquant,
    TropTotPourConclure,
    choix,
    conclure,
    etablir,
)
from controle.refus import Refus
from controle.telecontrole import Contexte, Etat, OriginePresentiel, Telecontrole

VENU = (
    Scene()
    .fait(0, G.ENTREE, ASSURE)
    .fait(10, G.ENTREE, MEDECIN)
    .fait(20, G.ADMISSION, MEDECIN)
    .fait(900, G.FIN, MEDECIN)
)
ATTENDU = Scene().fait(0, G.ENTREE, ASSURE).fait(1500, G.SORTIE, ASSURE)
PERSONNE = Scene()
#: Personne n'est venu, et la caisse a fait tout ce qu'elle devait.
ABSENT = convoquee()
#: De l'issue de `signer()`, calculee avant que l'anticipation existe.
EMPREINTE_D_AVANT = "3f79dcaf9c82666d8d999642f273a4c52d046e502f32d8f6608b586fe6b57f51"


def signer(
    controle: Telecontrole | None = None,
    scene: Scene = VENU,
    maintenant: datetime | None = None,
    *,
    precedentes: tuple[Issue, ...] = (),
    identite: bool = True,
    signataire: str = "mc-1",
    en_attente: bool = False,
    **demande: Any,
) -> Issue:
    mots = {"qualification": "present", "conclusion": "arret_justifie"} | demande
    return etablir(
        controle or un_telecontrole(Etat.TERMINE),
        presences(scene.faits, maintenant or a(40)),
        identite,
        precedentes,
        DemandeIssue(**mots),
        signataire,
        maintenant or a(40),
        FENETRE,
        faits=scene.faits,
        justification_en_attente=en_attente,
    )


def test_une_issue_signee_dit_tout_et_n_a_pas_de_texte_libre() -> None:
    issue = signer()

    assert issue.en_dict() == {
        "version": 1,
        "qualification": "present",
        "conclusion": "arret_justifie",
        "date_effet": None,
        "categorie": None,
        "sequelles": None,
        "motif_correction": None,
        "signataire": "mc-1",
        "instant": "2026-03-10T09:40:00.000000Z",
    }
    assert issue.empreinte() != replace(issue, version=2).empreinte()


def test_chaque_contexte_a_sa_liste_et_chaque_conclusion_son_libelle() -> None:
    assert set(LIBELLES_CONCLUSION) == set(EXIGENCES) == set(Conclusion)
    assert set(CONCLUSIONS) == set(Contexte)

    codes = [c.conclusion for c in choix(Contexte.INVALIDITE)]
    assert codes[0] is Conclusion.FAVORABLE
    assert Conclusion.CONTROLE_IMPOSSIBLE in codes
    assert choix(Contexte.MALADIE_AUTRE) == choix(Contexte.ARRET_MALADIE)
    assert set(choix(Contexte.ARRET_MALADIE)) < set(choix(Contexte.AT_MP))


@pytest.mark.row("ID-02")
def test_sans_controle_d_identite_un_assure_admis_n_a_pas_d_issue() -> None:
    with pytest.raises(IdentiteNonControlee) as refus:
        signer(identite=False)
    assert refus.value.code == "identite_non_controlee"

    attente = un_telecontrole(Etat.EN_ATTENTE)
    issue = signer(
        attente,
        ATTENDU,
        identite=False,
        qualification="medecin_absent",
        conclusion="controle_impossible",
    )
    assert issue.version == 1


def test_on_ne_conclut_pas_pendant_l_entretien() -> None:
    with pytest.raises(EntretienEnCours):
        signer(un_telecontrole(Etat.EN_COURS))


@pytest.mark.row("OP-12")
def test_on_ne_conclut_pas_avant_le_delai_de_grace_si_personne_n_est_venu() -> None:
    demande = {"qualification": "non_connecte", "conclusion": "controle_impossible"}

    with pytest.raises(TropTotPourConclure):
        signer(un_telecontrole(), PERSONNE, a(14.9), **demande)

    assert signer(un_telecontrole(), PERSONNE, a(15), **demande).version == 1


def test_un_refus_se_conclut_sans_attendre_l_heure() -> None:
    refuse = un_telecontrole()
    refuse.refuser_visio(a(-600))

    issue = signer(
        refuse, PERSONNE, a(-500), qualification="refus", conclusion="presentiel_necessaire"
    )

    assert issue.qualification is Qualification.REFUS


@pytest.mark.parametrize("etat", [Etat.BROUILLON, Etat.ANNULE_SERVICE, Etat.REPORTE])
def test_un_controle_sans_objet_n_a_pas_d_issue(etat: Etat) -> None:
    with pytest.raises(ControleSansObjet):
        signer(un_telecontrole(etat), PERSONNE)


@pytest.mark.row("OP-07")
@pytest.mark.parametrize("motif", ["Il souffre du dos", "autre", "ERREUR_DE_SAISIE", "refus"])
def test_un_motif_qui_n_est_pas_de_la_liste_est_refuse(motif: str) -> None:
    premiere = signer()
    demande = {"qualification": "non_connecte", "conclusion": "controle_impossible"}

    with pytest.raises(MotifCorrectionInconnu):
        signer(precedentes=(premiere,), motif_correction=motif)
    with pytest.raises(MotifAnticipationInconnu):
        signer(un_telecontrole(), ABSENT, a(5), motif_anticipation=motif, **demande)


@pytest.mark.row("OP-08")
def test_une_issue_signee_ne_se_corrige_qu_avec_un_motif() -> None:
    premiere = signer()

    for motif in (None, "", "   "):
        with pytest.raises(IssueScellee):
            signer(precedentes=(premiere,), motif_correction=motif)

    seconde = signer(precedentes=(premiere,), motif_correction="erreur_de_saisie")
    assert (seconde.version, seconde.motif_correction) == (2, "erreur_de_saisie")


@pytest.mark.row("OP-03")
@pytest.mark.parametrize("signataire", ["", "  "])
def test_une_issue_est_toujours_signee_par_une_personne(signataire: str) -> None:
    with pytest.raises(SignataireManquant):
        signer(
            un_telecontrole(),
            PERSONNE,
            signataire=signataire,
            qualification="absence_injustifiee",
            conclusion="controle_impossible",
        )


@pytest.mark.row("OP-06")
@pytest.mark.parametrize(
    ("contexte", "demande", "refus", "champ"),
    [
        (
            "arret_maladie",
            {"conclusion": "favorable", "categorie": 1},
            ConclusionHorsContexte,
            "conclusion",
        ),
        ("arret_maladie", {"conclusion": "guerison"}, ConclusionHorsContexte, "conclusion"),
        ("invalidite", {"conclusion": "arret_justifie"}, ConclusionHorsContexte, "conclusion"),
        ("at_mp", {"conclusion": "n'importe quoi"}, ConclusionHorsContexte, "conclusion"),
        ("arret_maladie", {"conclusion": "reprise_a_date"}, DateManquante, "date"),
        (
            "arret_maladie",
            {"conclusion": "reprise_a_date", "date_effet": date(2026, 3, 9)},
            DatePassee,
            "date",
        ),
        ("arret_maladie", {"date_effet": date(2026, 4, 1)}, DateInutile, "date"),
        ("invalidite", {"conclusion": "favorable"}, CategorieManquante, "category"),
        ("invalidite", {"conclusion": "favorable", "categorie": 4}, CategorieManquante, "category"),
        ("arret_maladie", {"categorie": 2}, CategorieHorsContexte, "category"),
        (
            "invalidite",
            {"conclusion": "defavorable", "categorie": 2},
            CategorieHorsContexte,
            "category",
        ),
        (
            "at_mp",
            {"conclusion": "consolidation", "date_effet": date(2026, 3, 1)},
            SequellesManquantes,
            "sequelae",
        ),
        ("at_mp", {"sequelles": False}, SequellesInutiles, "sequelae"),
        ("at_mp", {"qualification": "inconnue"}, QualificationIncoherente, "qualification"),
    ],
)
def test_une_combinaison_impossible_nomme_son_champ(
    contexte: str, demande: dict[str, Any], refus: type[Refus], champ: str
) -> None:
    controle = un_telecontrole(Etat.TERMINE, contexte=Contexte(contexte))

    with pytest.raises(refus) as leve:
        signer(controle, **demande)

    assert leve.value.champ == champ
    assert leve.value.message.endswith((".", "?"))


@pytest.mark.row("OP-06")
def test_une_consolidation_peut_etre_passee_une_reprise_commence_au_plus_tot_ce_jour() -> None:
    at_mp = un_telecontrole(Etat.TERMINE, contexte=Contexte.AT_MP)

    consolidation = signer(
        at_mp,
        conclusion="consolidation",
        date_effet=date(2026, 3, 1),
        sequelles=True,
        annonce=False,
    )
    reprise = signer(
        at_mp, conclusion="reprise_a_date", date_effet=date(2026, 3, 10), annonce=False
    )

    assert consolidation.sequelles is True
    assert reprise.date_effet == date(2026, 3, 10)


@pytest.mark.row("OP-06")
def test_le_jour_est_celui_de_la_caisse() -> None:
    tard = a(60 * 14)  # 23 h UTC: deja demain a La Reunion, encore aujourd'hui en Martinique
    demande = {
        "conclusion": "reprise_a_date", "date_effet": date(2026, 3, 10), "annonce": False
    }  # fmt: skip

    with pytest.raises(DatePassee):
        signer(un_telecontrole(Etat.TERMINE, fuseau="Indian/Reunion"), maintenant=tard, **demande)

    assert signer(
        un_telecontrole(Etat.TERMINE, fuseau="America/Martinique"), maintenant=tard, **demande
    )


@pytest.mark.row("OP-08")
def test_une_correction_peut_dire_une_date_de_reprise_passee_depuis() -> None:
    demande = {
        "conclusion": "reprise_a_date", "date_effet": date(2026, 3, 11), "annonce": False
    }  # fmt: skip
    premiere = signer(**demande)

    plus_tard = signer(
        precedentes=(premiere,),
        maintenant=a(60 * 24 * 7),
        motif_correction="erreur_de_saisie",
        **demande,
    )

    assert plus_tard.version == 2


@pytest.mark.row("OP-06")
@given(
    contexte=st.sampled_from(Contexte),
    conclusion=st.sampled_from(Conclusion),
    jour=st.none() | st.just(date(2026, 4, 1)),
    categorie=st.none() | st.integers(0, 4),
    sequelles=st.none() | st.booleans(),
)
def test_seules_les_combinaisons_prevues_passent(
    contexte: Contexte,
    conclusion: Conclusion,
    jour: date | None,
    categorie: int | None,
    sequelles: bool | None,
) -> None:
    exigence = EXIGENCES[conclusion]
    prevue = (
        conclusion in CONCLUSIONS[contexte]
        and exigence.date == (jour is not None)
        and (categorie in {1, 2, 3} if exigence.categorie else categorie is None)
        and exigence.sequelles == (sequelles is not None)
    )
    try:
        signer(
            un_telecontrole(Etat.TERMINE, contexte=contexte),
            conclusion=conclusion,
            date_effet=jour,
            categorie=categorie,
            sequelles=sequelles,
            annonce=False if exigence.annonce else None,
        )
    except Refus as refus:
        leve = refus
    else:
        leve = None

    assert (leve is None) == prevue
    assert leve is None or leve.champ in {"conclusion", "date", "category", "sequelae"}


@pytest.mark.row("OP-03")
@pytest.mark.parametrize(
    ("scene", "etat", "qualification"),
    [
        (PERSONNE, Etat.RAPPELE, "present"),
        (PERSONNE, Etat.RAPPELE, "medecin_absent"),
        (PERSONNE, Etat.RAPPELE, "interruption_assure"),
        (ATTENDU, Etat.EN_ATTENTE, "non_connecte"),
        (ATTENDU, Etat.EN_ATTENTE, "absence_injustifiee"),
        (VENU, Etat.TERMINE, "absence_injustifiee"),
        (VENU, Etat.TERMINE, "absence_justifiee"),
        (VENU, Etat.TERMINE, "medecin_absent"),
    ],
)
def test_une_qualification_que_les_faits_contredisent_est_refusee(
    scene: Scene, etat: Etat, qualification: str
) -> None:
    with pytest.raises(QualificationIncoherente):
        signer(
            un_telecontrole(etat),
            scene,
            qualification=qualification,
            conclusion="controle_impossible",
        )


@pytest.mark.row("CO-18")
def test_qui_a_demande_le_presentiel_ne_peut_etre_dit_absent() -> None:
    controle = un_telecontrole()
    controle.demander_presentiel(a(-10))

    for qualification in ("absence_injustifiee", "non_connecte"):
        with pytest.raises(QualificationIncoherente):
            signer(
                controle, PERSONNE, qualification=qualification, conclusion="controle_impossible"
            )


@pytest.mark.row("IP-01")
def test_une_absence_justifiee_mene_au_presentiel() -> None:
    controle = un_telecontrole()
    issue = signer(
        controle, PERSONNE, qualification="absence_justifiee", conclusion="presentiel_necessaire"
    )

    conclure(controle, issue)

    assert controle.etat is Etat.ABSENCE_JUSTIFIEE
    assert controle.presentiel is not None
    assert controle.presentiel.origine is OriginePresentiel.ABSENCE_JUSTIFIEE


@pytest.mark.row("IP-01")
@pytest.mark.parametrize(
    ("qualification", "conclusion", "etat", "origine"),
    [
        ("present", "arret_justifie", Etat.CLOTURE, None),
        ("present", "presentiel_necessaire", Etat.CONVERTI_PRESENTIEL, "examen_clinique"),
        ("incident_inconnu", "controle_impossible", Etat.INCIDENT_TECHNIQUE, "incident_technique"),
        ("incident_assure", "arret_justifie", Etat.CLOTURE, None),
        ("interruption_assure", "controle_impossible", Etat.CONVERTI_PRESENTIEL, "demande_assure"),
        ("refus", "presentiel_necessaire", Etat.CLOTURE, "refus"),
    ],
)
def test_l_issue_decide_de_l_etat_et_du_presentiel(
    qualification: str, conclusion: str, etat: Etat, origine: str | None
) -> None:
    controle = un_telecontrole(Etat.TERMINE)
    issue = signer(controle, qualification=qualification, conclusion=conclusion)

    conclure(controle, issue)

    assert controle.etat is etat
    assert (controle.presentiel and controle.presentiel.origine) == origine


@pytest.mark.row("IP-01")
@pytest.mark.parametrize("scene", [PERSONNE, VENU, ATTENDU, ABSENT])
@pytest.mark.parametrize("avant", sorted(set(Etat) - {Etat.BROUILLON, Etat.EN_COURS}))
def test_ce_qui_est_demande_en_personne_peut_toujours_s_ecrire(avant: Etat, scene: Scene) -> None:
    for qualification, conclusion in product(Qualification, Conclusion):
        controle = un_telecontrole(avant)
        demande = {"qualification": qualification, "conclusion": conclusion}
        try:
            conclure(controle, signer(controle, scene, **demande))
        except Refus:
            continue

        if controle.presentiel is not None:
            assert vaut(GenreEnvoi.PRESENTIEL, controle.etat), (avant, demande, controle.etat)


@pytest.mark.row("OP-13")
def test_un_medecin_absent_donne_une_autre_date() -> None:
    controle = un_telecontrole(Etat.EN_ATTENTE)
    issue = signer(
        controle, ATTENDU, qualification="medecin_absent", conclusion="controle_impossible"
    )

    conclure(controle, issue)

    assert controle.etat is Etat.REPORTE


@pytest.mark.row("OP-08")
def test_une_correction_va_dans_le_sens_de_l_assure_et_ne_retire_pas_le_presentiel() -> None:
    controle = un_telecontrole()
    premiere = signer(
        controle, ABSENT, qualification="absence_injustifiee", conclusion="controle_impossible"
    )
    conclure(controle, premiere)
    assert controle.etat is Etat.ABSENCE_INJUSTIFIEE

    suite = {"motif_correction": "element_nouveau", "conclusion": "presentiel_necessaire"}
    seconde = signer(
        controle, ABSENT, precedentes=(premiere,), qualification="absence_justifiee", **suite
    )
    conclure(controle, seconde)
    demande = controle.presentiel
    assert controle.etat is Etat.ABSENCE_JUSTIFIEE

    avant = (premiere, seconde)
    with pytest.raises(QualificationIncoherente):
        signer(controle, ABSENT, precedentes=avant, qualification="absence_injustifiee", **suite)
    troisieme = signer(
        controle, ABSENT, precedentes=avant, qualification="absence_justifiee", **suite
    )
    conclure(controle, troisieme)
    assert controle.presentiel is demande


# --- l'absence injustifiee ----------------------------------------------------------------------

ABSENCE = {"qualification": "absence_injustifiee", "conclusion": "controle_impossible"}


@pytest.mark.row("OP-12")
@pytest.mark.row("CN-05")
def test_sans_les_faits_une_absence_injustifiee_ne_se_signe_pas() -> None:
    with pytest.raises(ConvocationNonRemise):
        signer(un_telecontrole(), PERSONNE, **ABSENCE)

    issue = signer(un_telecontrole(), ABSENT, **ABSENCE)
    assert issue.qualification is Qualification.ABSENCE_INJUSTIFIEE


@pytest.mark.row("CN-14")
def test_une_justification_a_examiner_empeche_l_absence_injustifiee_et_elle_seule() -> None:
    with pytest.raises(JustificationEnAttente):
        signer(un_telecontrole(), ABSENT, en_attente=True, **ABSENCE)

    autre = ABSENCE | {"qualification": "non_connecte"}
    assert signer(un_telecontrole(), ABSENT, en_attente=True, **autre).version == 1


@pytest.mark.row("OP-12")
def test_avant_le_delai_de_grace_il_faut_dire_pourquoi_et_seul_non_connecte_se_signe() -> None:
    demande = {"qualification": "non_connecte", "conclusion": "controle_impossible"}
    motif = "assure_a_prevenu"

    with pytest.raises(TropTotPourConclure):
        signer(un_telecontrole(), ABSENT, a(5), motif_anticipation="  ", **demande)
    issue = signer(un_telecontrole(), ABSENT, a(5), motif_anticipation=f" {motif} ", **demande)

    assert issue.motif_anticipation == motif
    for qualification in ("absence_injustifiee", "absence_justifiee", "incident_inconnu"):
        with pytest.raises((TropTotPourConclure, QualificationIncoherente)):
            signer(
                un_telecontrole(),
                ABSENT,
                a(5),
                motif_anticipation=motif,
                **demande | {"qualification": qualification},
            )


@pytest.mark.row("OP-12")
def test_aucun_motif_ne_permet_de_conclure_avant_l_heure() -> None:
    with pytest.raises(TropTotPourConclure):
        signer(
            un_telecontrole(),
            ABSENT,
            a(-0.1),
            motif_anticipation="assure_a_prevenu",
            qualification="non_connecte",
            conclusion="controle_impossible",
        )


@pytest.mark.row("OP-12")
def test_le_motif_d_une_anticipation_n_est_garde_que_s_il_y_en_a_une() -> None:
    demande = {"qualification": "non_connecte", "conclusion": "controle_impossible"}

    tard = signer(
        un_telecontrole(), ABSENT, a(20), motif_anticipation="incident_technique", **demande
    )
    tot = signer(un_telecontrole(), ABSENT, a(5), motif_anticipation="assure_a_prevenu", **demande)

    assert tard.motif_anticipation is None
    assert "motif_anticipation" not in tard.en_dict()
    assert tot.en_dict()["motif_anticipation"] == "assure_a_prevenu"
    assert tot.empreinte() != replace(tot, motif_anticipation=None).empreinte()


@pytest.mark.row("OP-08")
def test_l_empreinte_des_issues_deja_signees_n_a_pas_change() -> None:
    assert signer().empreinte() == EMPREINTE_D_AVANT
