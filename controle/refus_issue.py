"""Ce qui empeche d'etablir une issue: un type par raison, le champ en cause s'il y en a un."""

from controle.refus import Refus


class ControleSansObjet(Refus):
    """Le controle n'a pas eu lieu et n'aura pas d'issue: brouillon, annule ou reporte."""

    code = "controle_sans_objet"
    phrase = "Ce contrôle a été annulé ou reporté : il n'y a pas d'issue à enregistrer."


class EntretienEnCours(Refus):
    """On ne conclut pas pendant que l'assure est admis."""

    code = "entretien_en_cours"
    phrase = "L'entretien est en cours : terminez-le avant d'enregistrer l'issue."


class TropTotPourConclure(Refus):
    """Personne n'est venu, et le delai de grace n'est pas ecoule."""

    code = "trop_tot_pour_conclure"
    phrase = "L'assuré n'est pas encore venu et le délai de grâce n'est pas écoulé."


class ConvocationNonRemise(Refus):
    """Rien ne prouve que l'assure a recu la convocation: il ne peut etre dit absent sans raison."""

    code = "convocation_non_remise"
    phrase = "Rien ne prouve que la convocation a été remise : l'absence ne peut être injustifiée."
    champ = "qualification"


class RappelNonEnvoye(Refus):
    """Le rappel de la veille n'est pas parti."""

    code = "rappel_non_envoye"
    phrase = "Le rappel n'a pas été envoyé : l'absence ne peut être injustifiée."
    champ = "qualification"


class AucunAppel(Refus):
    """Personne n'a essaye d'appeler l'assure depuis l'heure du rendez-vous."""

    code = "aucun_appel"
    phrase = "Essayez d'abord d'appeler l'assuré, et notez l'appel."
    champ = "qualification"


class JustificationEnAttente(Refus):
    """L'assure a dit pourquoi il n'est pas venu; une personne doit d'abord en decider."""

    code = "justification_en_attente"
    phrase = "L'assuré a justifié son absence : cette justification doit d'abord être examinée."
    champ = "qualification"


class IdentiteNonControlee(Refus):
    """L'assure a ete admis: son identite se controle avant de conclure."""

    code = "identite_non_controlee"
    phrase = "Contrôlez l'identité de l'assuré avant d'enregistrer l'issue."


class IssueScellee(Refus):
    """Une issue signee ne se change pas: une nouvelle version dit pourquoi."""

    code = "issue_scellee"
    phrase = "L'issue est déjà signée : indiquez le motif de la correction."
    champ = "correction_reason"


class SignataireManquant(Refus):
    """Une issue est l'acte d'une personne, jamais d'un programme (RGPD, article 22)."""

    code = "signataire_manquant"
    phrase = "Une issue doit être signée par une personne."


class QualificationIncoherente(Refus):
    """Les faits disent autre chose."""

    code = "qualification_incoherente"
    phrase = "Cette qualification contredit les faits enregistrés."
    champ = "qualification"


class ConclusionHorsContexte(Refus):
    """Cette conclusion n'existe pas pour ce contexte."""

    code = "conclusion_hors_contexte"
    phrase = "Cette conclusion n'est pas prévue pour ce type de contrôle."
    champ = "conclusion"


class DateManquante(Refus):
    """Cette conclusion prend effet a une date."""

    code = "date_manquante"
    phrase = "Indiquez la date d'effet."
    champ = "date"


class DatePassee(Refus):
    """Une reprise s'annonce: sa date n'est pas passee."""

    code = "date_passee"
    phrase = "La date de reprise ne peut pas être passée."
    champ = "date"


class DateInutile(Refus):
    """Cette conclusion n'a pas de date."""

    code = "date_inutile"
    phrase = "Cette conclusion ne comporte pas de date."
    champ = "date"


class CategorieManquante(Refus):
    """Cette conclusion dit une categorie d'invalidite."""

    code = "categorie_manquante"
    phrase = "Indiquez la catégorie d'invalidité : 1, 2 ou 3."
    champ = "category"


class CategorieHorsContexte(Refus):
    """Cette conclusion n'a pas de categorie."""

    code = "categorie_hors_contexte"
    phrase = "Cette conclusion ne comporte pas de catégorie d'invalidité."
    champ = "category"


class SequellesManquantes(Refus):
    """Une consolidation dit s'il reste des sequelles."""

    code = "sequelles_manquantes"
    phrase = "Indiquez s'il reste des séquelles."
    champ = "sequelae"


class SequellesInutiles(Refus):
    """Cette conclusion ne dit rien des sequelles."""

    code = "sequelles_inutiles"
    phrase = "Cette conclusion ne comporte pas de séquelles."
    champ = "sequelae"


class MotifCorrectionInconnu(Refus):
    """Un motif se choisit dans la liste: la partie administrative n'a pas de texte libre."""

    code = "motif_inconnu"
    phrase = "Choisissez un motif dans la liste."
    champ = "correction_reason"


class MotifAnticipationInconnu(MotifCorrectionInconnu):
    """De meme pour une fin avant le delai de grace."""

    champ = "early_reason"


class AnnonceManquante(Refus):
    """La conclusion change les droits de l'assure: on dit si elle lui a ete annoncee."""

    code = "annonce_manquante"
    phrase = "Indiquez si vous avez annoncé ce résultat à l'assuré."
    champ = "announced"


class HeureAnnonceManquante(Refus):
    """Annonce: a quelle heure?"""

    code = "heure_annonce_manquante"
    phrase = "Indiquez à quelle heure vous avez annoncé ce résultat."
    champ = "announced_at"


class HeureAnnonceFausse(Refus):
    """On n'annonce pas avant d'avoir recu l'assure, ni apres maintenant."""

    code = "heure_annonce_fausse"
    phrase = "Cette heure n'est pas entre l'admission de l'assuré et maintenant."
    champ = "announced_at"


class AnnonceInutile(Refus):
    """Rien n'a pu etre annonce, ou il n'y a pas d'annonce a noter pour cette conclusion."""

    code = "annonce_inutile"
    phrase = "Il n'y a pas d'annonce orale à noter pour cette issue."
    champ = "announced"
