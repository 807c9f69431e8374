"""The settings of OpenID Connect, as its client takes them: seconds, sets, files read."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc.jwk import ECKey, OKPKey, RSAKey

from server.config import Config, ConfigurationError

from .sessions import Kind

#: Where the provider sends browsers back to.
RETURN = "/connexion/retour"


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """Durations in seconds."""

    issuer: str
    name: str
    client_id: str
    secret: str
    #: The private key, when there is no secret.
    key: RSAKey | ECKey | OKPKey | None
    ca: str
    scopes: tuple[str, ...]
    acr: tuple[str, ...]
    amr: tuple[str, ...]
    algorithms: tuple[str, ...]
    claims: dict[Kind, str]
    max_age: int
    timeout: float
    answer_bytes: int
    leeway: int
    keys_kept: float
    keys_again: float
    away: float
    #: Where the provider sends people back to; ours, never taken from a request.
    redirect: str
    #: Where it sends them after they have logged out.
    left: dict[Kind, str]


class Secrets(msgspec.Struct, frozen=True):
    """What one login must be found again by; never leaves the server, `nonce` apart."""

    verifier: str
    nonce: str
    since: datetime


#: Private keys by which we may prove ourselves, and the algorithm of each.
KEYS: tuple[tuple[type, type[RSAKey] | type[ECKey] | type[OKPKey], str], ...] = (
    (rsa.RSAPrivateKey, RSAKey, "RS256"),
    (ec.EllipticCurvePrivateKey, ECKey, "ES256"),
    (ed25519.Ed25519PrivateKey, OKPKey, "Ed25519"),
)


def client_key(file: Path) -> RSAKey | ECKey | OKPKey:
    """:raises ConfigurationError: no private key in PEM without a passphrase, or another kind."""
    pem = file.read_bytes()
    try:
        found = load_pem_private_key(pem, password=None)
        return next(ours for kind, ours, _ in KEYS if isinstance(found, kind)).import_key(pem)
    except (ValueError, TypeError, StopIteration) as wrong:
        raise ConfigurationError("oidc_client_key: an RSA, EC or Ed25519 key in PEM") from wrong


def algorithm_of(key: RSAKey | ECKey | OKPKey) -> str:
    return next(algorithm for _, ours, algorithm in KEYS if isinstance(key, ours))


def settings_of(config: Config) -> OidcSettings:
    return OidcSettings(
        issuer=config.oidc_issuer,
        name=config.oidc_name,
        client_id=config.oidc_client_id,
        secret=config.oidc_client_secret,
        key=client_key(Path(config.oidc_client_key)) if config.oidc_client_key else None,
        ca=config.oidc_ca,
        scopes=config.oidc_scopes,
        acr=config.oidc_acr,
        amr=config.oidc_amr,
        algorithms=config.oidc_algorithms,
        claims={"console": config.oidc_doctor_claim, "agent": config.oidc_agent_claim},
        max_age=int(config.oidc_max_age.total_seconds()),
        timeout=config.oidc_timeout.total_seconds(),
        answer_bytes=config.oidc_answer_bytes,
        leeway=int(config.oidc_leeway.total_seconds()),
        keys_kept=config.oidc_keys_kept.total_seconds(),
        keys_again=config.oidc_keys_again.total_seconds(),
        away=config.oidc_away.total_seconds(),
        redirect=f"{config.origin}{RETURN}",
        left={"console": f"{config.origin}/console", "agent": f"{config.origin}/agent"},
    )
