"""Le verificateur: toute alteration d'un releve est vue, et la bonne ligne nommee."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenes import G, Scene, a, convoquee, enchainer, sceller, signature_valide, un_releve

from controle.chaine import Ligne, Sceau, chainer, genese
from controle.forme import FormeIllisible
from controle.presence import LIBELLES_FAIT, SERVICE, Fait, GenreFait
from controle.verification import Verdict, verifier

pytestmark = pytest.mark.row("OP-02")

RELEVE = un_releve()
NOMBRE = len(RELEVE["lignes"])
numeros = st.integers(1, NOMBRE)


def juger(releve: Any) -> Verdict:
    return verifier(json.loads(json.dumps(releve)), signature_valide)


def copie() -> dict[str, Any]:
    return copy.deepcopy(RELEVE)


def test_ce_que_fait_le_service_se_relit_et_se_verifie_comme_le_reste() -> None:
    lignes = enchainer(convoquee().faits)

    relues = [Ligne.depuis_dict(json.loads(json.dumps(ligne.en_dict()))) for ligne in lignes]

    assert relues == lignes
    assert {ligne.fait.role for ligne in relues} == {SERVICE}


def test_chaque_genre_de_fait_a_un_libelle() -> None:
    assert set(LIBELLES_FAIT) == set(GenreFait)


def test_un_releve_intact_est_valide() -> None:
    assert juger(RELEVE) == Verdict(True, None, "Le relevé est complet et n'a pas été modifié.")


def test_la_chaine_commence_par_l_empreinte_du_telecontrole() -> None:
    ligne = chainer("tc-9", None, Fait(G.FIN, a(0), 1.5, "boot"))

    assert ligne.seq == 1
    assert ligne.precedent == genese("tc-9") != genese("tc-8")


@pytest.mark.parametrize("detail", [2**53, "\ud800", "x" * 4097, 1.5])
def test_ce_qui_ne_pourrait_pas_etre_relu_n_est_pas_inscrit(detail: Any) -> None:
    with pytest.raises(FormeIllisible):
        chainer("tc-1", None, Fait(G.ENTREE, a(0), 1, "boot", details={"x": detail}))


def test_une_ligne_et_un_sceau_se_relisent_a_l_identique() -> None:
    ligne = Ligne.depuis_dict(json.loads(json.dumps(RELEVE["lignes"][2])))
    sceau = Sceau.depuis_dict(RELEVE["sceaux"][0])

    assert ligne.en_dict() == RELEVE["lignes"][2]
    assert sceau.en_dict() == RELEVE["sceaux"][0]


@given(
    monotone=st.floats(0, 1e9),
    texte=st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20),
    detail=st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1),
)
def test_tout_fait_se_relit_avec_la_meme_empreinte(
    monotone: float, texte: str, detail: int | None
) -> None:
    fait = Fait(G.ENTREE, a(1), monotone, texte, "assure", details={"x": detail, "y": texte})
    ligne = chainer("tc-1", None, fait)

    relue = Ligne.depuis_dict(json.loads(json.dumps(ligne.en_dict())))

    assert relue == ligne
    assert relue.recalculer() == ligne.empreinte


def feuilles(valeur: Any, chemin: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not isinstance(valeur, dict):
        return [chemin]
    return [f for cle in sorted(valeur) for f in feuilles(valeur[cle], (*chemin, cle))]


CHEMINS = feuilles(RELEVE["lignes"][0])
DECHETS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=80),
    lambda enfants: st.lists(enfants, max_size=3) | st.dictionaries(st.text(), enfants, max_size=3),
    max_leaves=6,
)


def poser(objet: Any, chemin: tuple[str, ...], valeur: Any) -> bool:
    """Change la feuille; faux si elle valait deja cela."""
    for cle in chemin[:-1]:
        objet = objet[cle]
    avant, objet[chemin[-1]] = objet[chemin[-1]], valeur
    return type(avant) is not type(valeur) or avant != valeur


@given(numero=numeros, chemin=st.sampled_from(CHEMINS), valeur=DECHETS)
def test_tout_champ_change_nomme_sa_ligne(
    numero: int, chemin: tuple[str, ...], valeur: Any
) -> None:
    releve = copie()
    if not poser(releve["lignes"][numero - 1], chemin, valeur):
        return

    verdict = verifier(releve, signature_valide)

    assert (verdict.valide, verdict.premiere_ligne) == (False, numero)


@given(numero=numeros, chemin=st.sampled_from(CHEMINS), autre=numeros)
def test_un_champ_pris_a_une_autre_ligne_nomme_sa_ligne(
    numero: int, chemin: tuple[str, ...], autre: int
) -> None:
    releve, valeur = copie(), RELEVE["lignes"][autre - 1]
    for cle in chemin:
        valeur = valeur[cle]
    if not poser(releve["lignes"][numero - 1], chemin, valeur):
        return

    assert juger(releve).premiere_ligne == numero


@given(numero=numeros)
def test_une_ligne_retiree_est_nommee(numero: int) -> None:
    releve = copie()
    del releve["lignes"][numero - 1]

    verdict = juger(releve)

    assert (verdict.valide, verdict.premiere_ligne) == (False, numero)


@given(i=numeros, j=numeros)
def test_deux_lignes_echangees_nomment_la_premiere(i: int, j: int) -> None:
    releve = copie()
    lignes = releve["lignes"]
    lignes[i - 1], lignes[j - 1] = lignes[j - 1], lignes[i - 1]

    verdict = juger(releve)

    assert verdict.valide == (i == j)
    assert verdict.premiere_ligne == (None if i == j else min(i, j))


@given(ordre=st.permutations(range(NOMBRE)))
def test_tout_desordre_nomme_la_premiere_ligne_deplacee(ordre: list[int]) -> None:
    releve = copie()
    releve["lignes"] = [releve["lignes"][rang] for rang in ordre]

    attendue = next((n for n, rang in enumerate(ordre, 1) if rang != n - 1), None)

    assert juger(releve).premiere_ligne == attendue


@given(numero=numeros, place=st.integers(1, NOMBRE + 1))
def test_une_ligne_dupliquee_nomme_sa_place(numero: int, place: int) -> None:
    releve = copie()
    releve["lignes"].insert(place - 1, RELEVE["lignes"][numero - 1])

    verdict = juger(releve)

    # Inseree juste devant elle-meme, la copie est a sa place: c'est l'original qui ne l'est plus.
    attendue = place + 1 if place == numero else place
    assert (verdict.valide, verdict.premiere_ligne) == (False, attendue)


@given(reste=st.integers(0, NOMBRE - 1))
def test_une_fin_coupee_nomme_la_premiere_ligne_manquante(reste: int) -> None:
    releve = copie()
    del releve["lignes"][reste:]

    verdict = juger(releve)

    assert (verdict.valide, verdict.premiere_ligne) == (False, reste + 1)


def recalculer(depuis: int, jusqua: int = NOMBRE) -> dict[str, Any]:
    """Le releve, ses lignes reecrites de `depuis` a `jusqua` par qui n'a pas la cle."""
    releve = copie()
    lues = [Ligne.depuis_dict(brute) for brute in releve["lignes"]]
    tete = lues[depuis - 2].tete if depuis > 1 else None
    for rang in range(depuis, jusqua + 1):
        fait = lues[rang - 1].fait
        faux = Fait(G.SORTIE, fait.instant, fait.monotone, fait.execution, "assure")
        ligne = chainer("tc-1", tete, faux)
        releve["lignes"][rang - 1] = ligne.en_dict()
        tete = ligne.tete
    return releve


@given(depuis=numeros)
def test_des_lignes_recalculees_sans_la_cle_sont_dites_apres_le_dernier_sceau_qui_tient(
    depuis: int,
) -> None:
    tient = max((n for n in (0, 4, 7) if n < depuis), default=0)

    verdict = juger(recalculer(depuis))

    assert (verdict.valide, verdict.premiere_ligne) == (False, tient + 1)
    assert f"après la ligne {tient}" in verdict.raison


@given(numero=st.integers(1, NOMBRE - 1))
def test_une_seule_ligne_reecrite_avec_son_empreinte_est_nommee(numero: int) -> None:
    verdict = juger(recalculer(numero, numero))

    assert (verdict.valide, verdict.premiere_ligne) == (False, numero)


@given(
    rang=st.integers(0, 2),
    champ=st.sampled_from(sorted(RELEVE["sceaux"][0])),
    valeur=DECHETS,
)
def test_un_sceau_change_nomme_la_premiere_ligne_que_rien_n_atteste(
    rang: int, champ: str, valeur: Any
) -> None:
    releve = copie()
    if not poser(releve["sceaux"][rang], (champ,), valeur):
        return

    verdict = verifier(releve, signature_valide)

    assert (verdict.valide, verdict.premiere_ligne) == (False, [1, 5, 8][rang])


def test_la_signature_n_a_qu_une_ecriture() -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for variante in range(1, 4):
        releve = copie()
        signature = releve["sceaux"][2]["signature"]
        dernier = alphabet[alphabet.index(signature[-1]) ^ variante]
        releve["sceaux"][2]["signature"] = signature[:-1] + dernier

        assert not juger(releve).valide


def test_un_releve_sans_sceau_est_refuse() -> None:
    verdict = juger(copie() | {"sceaux": []})

    assert verdict == Verdict(False, 1, "Le relevé n'est pas scellé.")


def test_des_lignes_apres_le_dernier_sceau_sont_refusees() -> None:
    releve = copie()
    del releve["sceaux"][-1]

    verdict = juger(releve)

    assert verdict == Verdict(False, 8, "La ligne 8 n'est pas scellée.")


def test_des_sceaux_en_desordre_sont_refuses() -> None:
    releve = copie()
    releve["sceaux"].reverse()

    assert not juger(releve).valide


def test_un_sceau_d_un_autre_telecontrole_est_refuse() -> None:
    releve = copie()
    releve["telecontrole"] = "tc-2"

    assert juger(releve).premiere_ligne == 1


def test_un_releve_vide_se_scelle_aussi() -> None:
    assert juger(un_releve(0, ())).valide


@given(dechet=DECHETS, cle=st.sampled_from(["format", "telecontrole", "lignes", "sceaux"]))
def test_un_dechet_donne_un_verdict_et_jamais_une_exception(dechet: Any, cle: str) -> None:
    releve = copie() | {cle: dechet}

    for lu in (dechet, releve):
        verdict = verifier(lu, signature_valide)
        assert not verdict.valide
        assert len(verdict.raison) < 200


@given(dechet=DECHETS)
def test_une_cle_absente_ou_en_trop_dans_une_ligne_est_refusee(dechet: Any) -> None:
    releve = copie()
    releve["lignes"][3]["en_trop"] = dechet
    del releve["lignes"][5]["precedent"]

    assert verifier(releve, signature_valide).premiere_ligne == 4
    with pytest.raises(FormeIllisible):
        Ligne.depuis_dict(releve["lignes"][5])


def test_un_verificateur_de_signature_qui_echoue_vaut_un_sceau_faux() -> None:
    def casse(cle: str, octets: bytes, signature: bytes) -> bool:
        raise KeyError(cle)

    assert not verifier(RELEVE, casse).valide


def test_un_sceau_par_ligne_nomme_encore_la_ligne_reecrite() -> None:
    scene = Scene()
    for rang in range(5):
        scene.fait(rang, G.PRESENCE_CONSTATEE)
    lignes = enchainer(scene.faits)
    sceaux = [sceller(lignes, n).en_dict() for n in range(1, 6)]
    faux = chainer("tc-1", lignes[1].tete, Fait(G.FIN, a(0), 0, "boot"))
    brutes = [ligne.en_dict() for ligne in [*lignes[:2], faux, *lignes[3:]]]

    releve = un_releve() | {"lignes": brutes, "sceaux": sceaux}

    assert juger(releve).premiere_ligne == 3
