"""What kept the assuré's page from opening a camera or a microphone: one side's word, on record.

Without it, whoever could not get in because of a refused permission would look like somebody who
never came (row OP-05).
"""

from controle.presence import GenreFait, Role
from server.config import Config
from server.identity.sessions import Session
from server.record import Recorder
from server.store.sql import RegistreSql

from .door import DoorClosed


class Obstacles:
    def __init__(self, config: Config, registre: RegistreSql, recorder: Recorder) -> None:
        self._most = config.obstacles
        self._registre = registre
        self._recorder = recorder

    async def note(self, session: Session, cause: str) -> None:
        """The same cause once in a row, and so many in all: a page that tries again and again
        does not fill the record."""
        async with self._registre.quick_transaction() as unite:
            lines = await unite.lignes(session.telecontrole)
            known = [
                line.fait.details.get("cause")
                for line in lines
                if line.fait.genre is GenreFait.OBSTACLE_TECHNIQUE
            ]
            over = any(line.fait.genre is GenreFait.FIN for line in lines)
            if over:
                raise DoorClosed("termine")
            if len(known) >= self._most or known[-1:] == [cause]:
                return
            fact = self._recorder.fact(
                GenreFait.OBSTACLE_TECHNIQUE, Role.ASSURE, details={"cause": cause}, claim=True
            )
            await unite.inscrire(session.telecontrole, fact)
