"""The words of a message as they were rendered: sealed in the outbox, opened to send or to show."""

import msgspec

from server.identity.vault import Vault

from .messages import Rendered


def sealed(vault: Vault, envoi: str, rendered: Rendered) -> str:
    return vault.seal_text("envoi", envoi, msgspec.json.encode(rendered).decode())


def opened(vault: Vault, envoi: str, content: str) -> Rendered:
    """:raises Unreadable: not sealed by this service, or for another message."""
    return msgspec.json.decode(vault.open_text("envoi", envoi, content), type=Rendered)
