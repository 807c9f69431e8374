"""What a session is given to open a socket: a token, and for a room its ICE servers; and whether
it still opens one."""

import hashlib
from datetime import datetime

from media.ice import ice_servers
from signaling.access import Access, Tokens
from signaling.protocol import Actor
from signaling.room import NotAllowed

from .clock import SystemClock
from .config import Config
from .identity.sessions import Session
from .store.page import Page
from .web.messages import IceServer, RoomAccess


def check_token(page: Page, access: Access, now: datetime) -> None:
    """What a signature cannot say; who is let in uses the token up.

    :raises NotAllowed: it has served, or the session that it was made for is closed.
    """
    if not page.alive(access.session, now):
        raise NotAllowed("token_revoked", "Cette session est fermée.")
    if page.used(access.jti):
        raise NotAllowed("token_used", "Cet accès a déjà servi.")


class Tickets:
    """Hands out; whether the session may have it was checked before."""

    def __init__(self, config: Config, clock: SystemClock, tokens: Tokens) -> None:
        self._config = config
        self._clock = clock
        self._tokens = tokens

    @property
    def lifetime_seconds(self) -> int:
        return int(self._tokens.lifetime.total_seconds())

    def room(self, session: Session, room: str, role: Actor) -> RoomAccess:
        """A seat in one room, with short-lived TURN credentials of that seat's own."""
        now = self._clock()
        # Two third participants in one room are not one person to the TURN server.
        whose = session.subject if role == "tiers" else role
        token = self._tokens.issue(
            "room",
            subject=session.subject,
            role=role,
            room=room,
            session=session.reference,
            now=now,
        )
        return RoomAccess(
            room=room,
            token=token,
            expires_in=self.lifetime_seconds,
            ice_servers=[
                IceServer(**one)
                for one in ice_servers(self._config.ice, self._hash(f"turn {room} {whose}"), now)
            ],
            ice_policy=self._config.ice_policy_of(role),
            salle=self._hash(room) if self._config.workers > 1 else "",
        )

    def _hash(self, text: str) -> str:
        """Always the same, and it names nothing: it goes through the hands of a proxy, or into
        the log of a TURN server."""
        key = self._config.secret.encode()[:64]
        return hashlib.blake2b(text.encode(), key=key, digest_size=6).hexdigest()

    def console(self, session: Session) -> str:
        """The token of one console's socket."""
        return self._tokens.issue(
            "console",
            subject=session.subject,
            role="medecin_conseil",
            room="",
            session=session.reference,
            now=self._clock(),
        )
