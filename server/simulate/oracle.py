"""Looks on, and knows the rules by itself: what must never happen, counted by name.

Reads the same database file over a connection of its own, and shares no code with what it judges.
"""

import json
import sqlite3
from collections import Counter
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

#: Each with what it means.
VIOLATIONS = {
    "convocation_tardive": "une convocation remise au prestataire après J-2",
    "convocation_perdue": "une convocation ni partie avant J-2, ni montrée comme impossible",
    "doublon": "un message reçu plus souvent que permis",
    "rappel_hors_heures": "un rappel hors de la veille, 8 h - 19 h",
    "rappel_de_trop": "un rappel après une annulation, un refus, un déplacement",
    "message_faux": "un message qui n'est pas vrai dans l'état du télécontrôle",
    "sans_suite": "une sortie sans suite",
    "deux_suites": "une sortie avec plus d'une suite",
    "double_reservation": "deux rendez-vous d'un médecin-conseil à la même heure",
    "chaine_rompue": "un relevé qui ne se vérifie pas",
    "reste_en_attente": "un message dû qui n'est ni parti ni montré",
    "echec_muet": "un message perdu sans trace dans le relevé",
}

CONVENE = ("convocation", "deplacement", "excuse")
EXPECTED = ("convoque", "accuse", "rappele")
#: What each kind of message needs; the state of the in-person appointment for those about one.
TRUE_IN = dict.fromkeys((*CONVENE, "rappel"), EXPECTED) | {"annulation": ("annule_service",)}
BOOKED = {"presentiel": True, "rappel_presentiel": True, "annulation_presentiel": False}
#: An hour that is held.
HOLDING = ("brouillon", *EXPECTED, "en_attente", "en_cours")
#: An exit that leads to an in-person appointment.
IN_PERSON = ("refuse", "absence_justifiee", "converti_presentiel", "identite_non_confirmee")
CAISSE_TASK = "a_replanifier"


class Oracle:
    """One run's."""

    def __init__(self, file: Path) -> None:
        self._db = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
        self._db.row_factory = sqlite3.Row
        self.violations: Counter[str] = Counter()
        self.examples: dict[str, str] = {}

    def close(self) -> None:
        self._db.close()

    def wrong(self, name: str, about: str) -> None:
        self.violations[name] += 1
        self.examples.setdefault(name, about)

    def subject(self, key: str) -> tuple[str, str, str]:
        """Télécontrôle, kind and channel of a message."""
        row = self._db.execute(
            "SELECT telecontrole, genre, canal FROM envoi WHERE id = ?", (key,)
        ).fetchone()
        return row[0], row[1], row[2]

    def is_noted(self, key: str) -> bool:
        """Whether a server has written down what came of it."""
        row = self._db.execute("SELECT etat FROM envoi WHERE id = ?", (key,)).fetchone()
        return str(row[0]) != "confie"

    def next_due(self) -> datetime | None:
        """When something is due: an attempt, a lease that ends, a letter that is too late."""
        found = [
            row[0]
            for row in self._db.execute(
                "SELECT * FROM (SELECT prochain FROM envoi WHERE etat = 'prepare'"
                " AND canal <> 'courrier' ORDER BY prochain LIMIT 1)"
                " UNION ALL SELECT min(bail) FROM envoi WHERE etat = 'confie'"
                " UNION ALL SELECT min(limite) FROM envoi WHERE etat = 'prepare'"
                " AND canal = 'courrier'"
            )
        ]
        return min((datetime.fromisoformat(text) for text in found if text), default=None)

    def messages(self) -> dict[str, dict[str, int]]:
        """How many ended in each state, by kind and channel."""
        found: dict[str, dict[str, int]] = {}
        for kind, channel, state, count in self._db.execute(
            "SELECT genre, canal, etat, count(*) FROM envoi GROUP BY 1, 2, 3"
        ):
            found.setdefault(f"{kind} {channel}", {})[state] = count
        return found

    # --- along the way --------------------------------------------------------------------------

    def handed(self, key: str, now: datetime) -> None:
        """A message is with the provider now."""
        row = self._db.execute(
            "SELECT e.*, t.etat AS etat_t, t.debut, t.fuseau, r.etat AS etat_r, r.debut AS debut_r,"
            " r.fuseau AS fuseau_r, c.strict_48h FROM envoi e"
            " JOIN telecontrole t ON t.id = e.telecontrole JOIN caisse c ON c.id = t.caisse"
            " LEFT JOIN rendez_vous r ON r.id = e.sujet WHERE e.id = ?",
            (key,),
        ).fetchone()
        kind = row["genre"]
        in_person = kind in BOOKED
        start = datetime.fromisoformat(row["debut_r"] if in_person else row["debut"])
        zone = row["fuseau_r"] if in_person else row["fuseau"]
        if (*CONVENE, "presentiel").count(kind) and now >= floor(start, zone, row["strict_48h"]):
            self.wrong("convocation_tardive", key)
        if kind.startswith("rappel") and not in_hours(now, start, zone):
            self.wrong("rappel_hors_heures", key)
        if kind in TRUE_IN and row["etat_t"] not in TRUE_IN[kind]:
            self.wrong("rappel_de_trop" if kind == "rappel" else "message_faux", key)
        if in_person and (row["etat_r"] == "convoque") is not BOOKED[kind]:
            self.wrong("message_faux", key)

    def booked(self, doctor: str) -> None:
        """This agenda has changed."""
        rows = self._db.execute(
            "SELECT debut, duree_minutes FROM telecontrole WHERE medecin_conseil = ?"
            " AND etat IN (SELECT value FROM json_each(?))"
            " UNION ALL SELECT debut, duree_minutes FROM rendez_vous"
            " WHERE medecin_conseil = ? AND etat = 'convoque' ORDER BY debut",
            (doctor, json.dumps(HOLDING), doctor),
        )
        end = datetime.min.replace(tzinfo=UTC)
        for start, minutes in rows:
            begin = datetime.fromisoformat(start)
            if begin < end:
                self.wrong("double_reservation", doctor)
            end = begin + timedelta(minutes=minutes)

    # --- at the end -----------------------------------------------------------------------------

    def received(self, received: Counter[str], doubts: Counter[str], *, idempotent: bool) -> None:
        """Once, and once more where an end was not known; never a third time."""
        for key, count in received.items():
            allowed = 1 if idempotent else min(2, 1 + doubts[key])
            if count > allowed:
                self.wrong("doublon", key)

    def end(self, now: datetime, received: Counter[str]) -> None:
        """Everything is over: nothing hangs, nothing was lost unseen, all have what follows."""
        self._nothing_hangs(now)
        self._nothing_silent()
        self._convened(received)
        self._followed()

    def _nothing_hangs(self, now: datetime) -> None:
        for (key,) in self._db.execute(
            "SELECT id FROM envoi WHERE etat IN ('prepare', 'confie') AND du <= ?",
            (now.astimezone(UTC).isoformat(timespec="microseconds"),),
        ):
            self.wrong("reste_en_attente", key)

    def _nothing_silent(self) -> None:
        """What was lost is on the record of its télécontrôle."""
        for (key,) in self._db.execute(
            "SELECT e.id FROM envoi e WHERE e.etat IN ('perime', 'echec') AND NOT EXISTS"
            " (SELECT 1 FROM ligne l WHERE l.telecontrole = e.telecontrole"
            " AND l.genre = 'message_echoue' AND l.contenu LIKE '%' || e.id || '%')"
        ):
            self.wrong("echec_muet", key)

    def _convened(self, received: Counter[str]) -> None:
        """Of each appointment that was still to come at J-2: a convocation arrived at the provider,
        or somebody has (had) a task."""
        rows = self._db.execute(
            "SELECT e.sujet, e.id, e.etat, e.canal, e.genre, EXISTS (SELECT 1 FROM tache x"
            " WHERE x.telecontrole = e.telecontrole AND x.genre IN"
            " ('non_remise', 'courrier', 'courrier_presentiel')) AS tache"
            " FROM envoi e WHERE e.genre IN (SELECT value FROM json_each(?)) ORDER BY e.sujet",
            (json.dumps([*CONVENE, "presentiel"]),),
        )
        ends: dict[str, list[sqlite3.Row]] = {}
        for row in rows:
            ends.setdefault(row["sujet"], []).append(row)
        for subject, messages in ends.items():
            if any(one["id"] in received or one["etat"] == "retire" for one in messages):
                continue
            if not any(one["tache"] for one in messages):
                self.wrong("convocation_perdue", subject)

    def _followed(self) -> None:
        rows = self._db.execute(
            "SELECT t.id, t.etat, (SELECT count(*) FROM demande_presentiel d"
            " WHERE d.telecontrole = t.id) AS demandes, (SELECT count(*) FROM telecontrole s"
            " WHERE s.suite_de = t.id) AS suites, (SELECT count(*) FROM rendez_vous r"
            " WHERE r.telecontrole = t.id AND r.etat IN ('convoque', 'honore')) AS fixes,"
            " EXISTS (SELECT 1 FROM tache x WHERE x.telecontrole = t.id AND x.genre = ?) AS tache"
            " FROM telecontrole t",
            (CAISSE_TASK,),
        )
        for row in rows:
            follow = row["demandes"] + row["suites"]
            if row["fixes"] > 1 or follow > 1:
                self.wrong("deux_suites", row["id"])
            if row["etat"] in IN_PERSON and row["demandes"] != 1:
                self.wrong("sans_suite", row["id"])
            if row["etat"] == "reporte" and not follow and not row["tache"]:
                self.wrong("sans_suite", row["id"])
            if row["etat"] == "incident_technique" and not follow:
                self.wrong("sans_suite", row["id"])


def floor(start: datetime, zone: str, strict: int) -> datetime:
    """The end of J-2 at the caisse."""
    local = start.astimezone(ZoneInfo(zone))
    eve = local.date() - timedelta(days=1)
    end = datetime.combine(eve, time(0), ZoneInfo(zone)).astimezone(UTC)
    return min(end, start - timedelta(hours=48)) if strict else end


def in_hours(now: datetime, start: datetime, zone: str) -> bool:
    there = now.astimezone(ZoneInfo(zone))
    eve = start.astimezone(ZoneInfo(zone)).date() - timedelta(days=1)
    return there.date() == eve and 8 <= there.hour < 19
