"""STUN and TURN servers that a call may use, and short-lived TURN credentials."""

import hmac
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha1
from typing import Any, Literal

Policy = Literal["all", "relay"]


class IceSettingsRefused(ValueError):
    """Settings with which no call could ever be set up."""


@dataclass(frozen=True)
class IceSettings:
    """Our own servers. By default there are none: nobody else's server is ever asked (SP-07).

    `turn_ttl_seconds` must outlast a call, waiting included: coturn checks the date again each
    time that a relay is refreshed.
    """

    stun_urls: tuple[str, ...] = ()
    turn_urls: tuple[str, ...] = ()
    turn_secret: str = field(default="", repr=False)
    turn_ttl_seconds: int = 4 * 3600
    policy: Policy = "all"

    def __post_init__(self) -> None:
        """Raise `IceSettingsRefused` for TURN without its secret, or relay-only without TURN."""
        if self.turn_urls and not self.turn_secret:
            raise IceSettingsRefused("TURN needs the secret shared with its server")
        if self.policy == "relay" and not self.turn_urls:
            raise IceSettingsRefused("the policy « relay » needs a TURN server")


def turn_credentials(secret: str, subject: str, expires_at: int) -> tuple[str, str]:
    """Make the (username, credential) that a TURN server accepts until `expires_at` (Unix seconds).

    The « TURN REST API » of draft-uberti-behave-turn-rest, as coturn's use-auth-secret: the
    username is `expiry:subject`, the credential its HMAC-SHA1 in base64. `subject` ends up in the
    logs of the TURN server: give a random name, not a person's.
    """
    username = f"{expires_at}:{subject}"
    # SHA-1 is what the scheme says; HMAC does not rest on its collision resistance.
    digest = hmac.digest(secret.encode(), username.encode(), sha1)
    return username, b64encode(digest).decode("ascii")


def ice_servers(settings: IceSettings, subject: str, now: datetime) -> list[dict[str, Any]]:
    """List what goes into `RTCConfiguration.iceServers`: at most one STUN and one TURN entry.

    Shape: [{urls: […]}, {urls: […], username, credential}]. `now` is aware.
    """
    servers: list[dict[str, Any]] = []
    if settings.stun_urls:
        servers.append({"urls": list(settings.stun_urls)})
    if settings.turn_urls:
        expires_at = int(now.timestamp()) + settings.turn_ttl_seconds
        username, credential = turn_credentials(settings.turn_secret, subject, expires_at)
        servers.append(
            {"urls": list(settings.turn_urls), "username": username, "credential": credential}
        )
    return servers
