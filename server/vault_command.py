"""`telecontrole coffre rotate`: a new key for what is sealed in the store, with the service up."""

import asyncio
from datetime import UTC, datetime

from certs.key_index import KeyRingDamaged

from .config import Config
from .identity.vault_keys import DERIVED
from .offline import refuse, say
from .rings import vault_of
from .store.database import KeysMissing, open_database
from .store.resealing import Done, Resealing

MAX_BATCH = 10_000


def rotate(config: Config, batch: int, *, abandon: bool) -> int:
    """Exit status: 0 done, 1 something could not be opened and the former key is kept, 2 refused.

    Killed in the middle, it is run again.
    """
    if not 0 < batch <= MAX_BATCH:
        return refuse(f"--lot : de 1 à {MAX_BATCH}")
    try:
        done = asyncio.run(_rotated(config, batch, abandon=abandon))
    except (KeyRingDamaged, KeysMissing) as wrong:
        return refuse(str(wrong))
    return report(done)


async def _rotated(config: Config, batch: int, *, abandon: bool) -> Done:
    database = await open_database(config.database, vault_of(config, _now()))
    try:
        work = Resealing(
            database,
            now=_now,
            told=lambda name, count, total: say(f"  {name:<24}{count:>9} / {total}"),
            rest=lambda: _rest(config.vault_rest.total_seconds()),
            batch=batch,
            abandon=abandon,
        )
        return await work.rotate()
    finally:
        await database.close()


async def _rest(seconds: float) -> None:
    if seconds:
        say(f"  {seconds:.0f} s, le temps que finisse ce qui est en cours")
    await asyncio.sleep(seconds)


def report(done: Done) -> int:
    say(f"Clé {done.key} : {done.resealed} valeurs chiffrées à nouveau.")
    for name, count in done.unreadable.items():
        say(f"  {name} : {count} illisibles (altérées, ou chiffrées avec un autre « secret »)")
    if done.unreadable and not done.retired:
        say("L'ancienne clé est gardée : voir --abandonner.")
        return 1
    for number in done.retired:
        if number == DERIVED:
            say("Clé 1, tirée de « secret » : plus rien n'est sous elle, elle n'ouvre plus rien.")
        else:
            say(f"Clé {number} détruite.")
    say("Les sauvegardes d'avant ne s'ouvrent plus sans une copie de l'ancienne clé.")
    return 0


def _now() -> datetime:
    return datetime.now(UTC)
