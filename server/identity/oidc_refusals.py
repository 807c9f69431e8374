"""Why a login by the provider did not succeed; server/web/login_words.py has the sentences."""


class LoginRefused(Exception):
    """`reason`: one technical word, for the log alone."""

    code = ""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason or self.code)
        self.reason = reason


class LoginDenied(LoginRefused):
    """The provider said no, or the person gave up there."""

    code = "connexion_refusee"


class LoginStale(LoginRefused):
    """Not a login of this browser, or not any more: used, too old, forged."""

    code = "connexion_perimee"


class TooWeak(LoginRefused):
    """Authenticated, but not strongly enough."""

    code = "authentification_faible"


class UnknownProfessional(LoginRefused):
    """Somebody, but nobody of ours; or of ours, but not of this console: the same answer."""

    code = "professionnel_inconnu"


class ProviderAway(LoginRefused):
    """It does not answer, or not in time."""

    code = "fournisseur_absent"


class ProviderWrong(LoginRefused):
    """Its answer cannot be believed."""

    code = "reponse_invalide"


class TooManyLogins(LoginRefused):
    """From this address, or in all; `wait` seconds."""

    code = "connexions_trop_nombreuses"

    def __init__(self, wait: int) -> None:
        super().__init__("rate")
        self.wait = wait


class OtherWay(LoginRefused):
    """A login link where the provider alone lets in; or the reverse."""

    code = "connexion_autrement"
