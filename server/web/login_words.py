"""What a person is told when a login did not succeed: status, title, why, and what to do."""

from dataclasses import dataclass

from server.identity.oidc_refusals import (
    LoginDenied,
    LoginRefused,
    LoginStale,
    OtherWay,
    ProviderAway,
    ProviderWrong,
    TooManyLogins,
    TooWeak,
    UnknownProfessional,
)

#: For answers in JSON, where nobody says how the provider is called.
SOMEBODY = "le service de connexion"


@dataclass(frozen=True, slots=True)
class Told:
    """`{provider}` stands for its name, « {Provider} » at the start of a sentence."""

    status: int
    title: str
    why: str
    advice: str

    def by(self, provider: str) -> "Told":
        def named(text: str) -> str:
            start = provider[:1].upper() + provider[1:]
            return text.replace("{Provider}", start).replace("{provider}", provider)

        return Told(self.status, self.title, named(self.why), named(self.advice))


AGAIN = "Revenez à la console et recommencez."
#: Unknown and « of another console » are one answer: it says nothing of who exists.
WORDS: dict[type[LoginRefused], Told] = {
    LoginDenied: Told(
        403,
        "Connexion refusée",
        "La connexion par {provider} a été refusée ou abandonnée.",
        f"{AGAIN} Si cela se répète, prévenez votre service informatique.",
    ),
    LoginStale: Told(
        400,
        "Connexion périmée",
        "Cette connexion n'est plus valable : elle a déjà servi, elle a trop duré, ou elle a été "
        "commencée dans un autre navigateur.",
        AGAIN,
    ),
    TooWeak: Told(
        403,
        "Authentification insuffisante",
        "{Provider} vous a reconnu, mais d'une façon qui ne suffit pas pour ouvrir cette console.",
        "Recommencez avec votre carte professionnelle, ou avec l'application qui la remplace. Un "
        "mot de passe seul ne suffit jamais.",
    ),
    UnknownProfessional: Told(
        403,
        "Accès non ouvert",
        "Votre identité est confirmée par {provider}, mais elle n'ouvre pas cette console.",
        "Si vous devriez y avoir accès, demandez à votre service d'y inscrire votre identifiant "
        "professionnel.",
    ),
    ProviderAway: Told(
        503,
        "Service de connexion indisponible",
        "{Provider} ne répond pas pour l'instant.",
        "Réessayez dans quelques minutes. Un entretien en cours n'est pas interrompu.",
    ),
    ProviderWrong: Told(
        502,
        "Connexion impossible",
        "La réponse reçue de {provider} n'a pas pu être vérifiée. Par sécurité, la connexion est "
        "refusée.",
        f"{AGAIN} Si cela se répète, prévenez votre service informatique.",
    ),
    TooManyLogins: Told(
        429,
        "Trop de connexions",
        "Trop de connexions ont été commencées en même temps.",
        "Attendez une minute, puis recommencez.",
    ),
    OtherWay: Told(
        403,
        "Autre mode de connexion",
        "Ce lien ne permet pas de se connecter ici.",
        "Ouvrez la console et suivez le mode de connexion qu'elle propose.",
    ),
}


def told(wrong: LoginRefused, provider: str = SOMEBODY) -> Told:
    return WORDS[type(wrong)].by(provider)
