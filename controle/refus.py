"""Ce que le domaine refuse: un type qu'une personne comprend, un code, une phrase."""

from typing import ClassVar


class Refus(Exception):
    """Base de tout refus. `code` est pour les programmes, `message` pour les personnes.

    `champ` nomme, s'il y a lieu, le champ du formulaire qui a fait refuser.
    """

    code: ClassVar[str] = "refus"
    champ: ClassVar[str | None] = None
    phrase: ClassVar[str] = "Cette action n'est pas possible."

    def __init__(self, message: str | None = None) -> None:
        self.message = message or self.phrase
        super().__init__(self.message)
