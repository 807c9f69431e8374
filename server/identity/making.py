"""Makes what lets professionals in: links with or without a second factor, or a provider."""

from server.clock import SystemClock
from server.config import Config
from server.store.sql import RegistreSql

from .links import Links
from .local_login import LocalLogin, Way
from .oidc_login import LoginRules, OidcLogin
from .oidc_provider import Provider
from .oidc_settings import settings_of
from .secrets import Keeper
from .sessions import Sessions
from .totp import Totp, TotpRules
from .vault import Vault


def local_login(config: Config, links: Links, vault: Vault, *, link_alone: bool) -> LocalLogin:
    way: Way = "alone" if link_alone else "second_factor"
    if config.professionals == "oidc":
        way = "closed"
    return LocalLogin(way, links, totp_of(config, vault))


def check(config: Config) -> None:
    """:raises ConfigurationError: a file named by the provider's settings is not of its kind."""
    if config.professionals == "oidc":
        settings_of(config)


def totp_of(config: Config, vault: Vault) -> Totp:
    return Totp(vault, TotpRules(config.code_tries, config.code_lock))


def provider_login(
    config: Config,
    *,
    registre: RegistreSql,
    sessions: Sessions,
    keeper: Keeper,
    vault: Vault,
    clock: SystemClock,
) -> OidcLogin:
    # Who lets links in does not load what speaks to a provider.
    from .oidc import RelyingParty  # noqa: PLC0415

    settings = settings_of(config)
    provider = Provider(settings, lambda: clock.moment().monotonic)
    return OidcLogin(
        party=RelyingParty(settings, provider),
        rules=LoginRules(config.login_attempt, config.login_attempts, config.console_session),
        registre=registre,
        sessions=sessions,
        keeper=keeper,
        vault=vault,
        clock=clock,
    )
