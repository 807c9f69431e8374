"""The command `coffre-medical`: the keys of the service médical."""

import asyncio

from server.apart.database import Away
from server.apart.key_files import KeyFiles
from server.config import Config
from server.offline import refuse, say

from .store import NotesStore


def rotate(config: Config) -> int:
    """A new key, every note under it, the former keys destroyed; beside a running service."""

    async def work() -> tuple[int, int]:
        keys = KeyFiles(config.medical_keys)
        store = NotesStore(config.medical_database, keys, config.note_versions)
        try:
            return await store.rotate()
        finally:
            await store.close()

    try:
        number, count = asyncio.run(work())
    except Away as wrong:
        return refuse(f"coffre médical : {wrong.message} Aucune clé n'a été détruite.")
    say(f"Clé {number} du service médical : {count} dossier(s) sous elle, les anciennes détruites.")
    return 0
