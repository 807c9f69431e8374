"""The tables. Migrations (migrations/versions) lead here; a test holds the two together.

Instants are ISO 8601 text in UTC: they sort, they read, and they keep their microseconds in
every database. Secrets are kept as keyed hashes only.
"""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

ID = String(36)
INSTANT = String(32)
HASH = String(64)

caisse = Table(
    "caisse",
    metadata,
    Column("id", ID, primary_key=True),
    Column("nom", Text, nullable=False),
    Column("fuseau", String(64), nullable=False),
    Column("telephone", String(32), nullable=False),
)

medecin_conseil = Table(
    "medecin_conseil",
    metadata,
    Column("id", ID, primary_key=True),
    Column("caisse", ID, ForeignKey("caisse.id"), nullable=False),
    Column("nom", Text, nullable=False),
    Column("fonction", Text, nullable=False),
    #: Minutes of delay, and when they were announced: tomorrow they no longer hold.
    Column("retard_minutes", Integer, nullable=False, server_default="0"),
    Column("retard_annonce", INSTANT),
)

assure = Table(
    "assure",
    metadata,
    Column("id", ID, primary_key=True),
    Column("caisse", ID, ForeignKey("caisse.id"), nullable=False),
    Column("civilite", String(16), nullable=False),
    Column("nom", Text, nullable=False),
    Column("courriel", Text, nullable=False),
    Column("telephone", String(32), nullable=False),
)

telecontrole = Table(
    "telecontrole",
    metadata,
    Column("id", ID, primary_key=True),
    Column("caisse", ID, ForeignKey("caisse.id"), nullable=False),
    Column("medecin_conseil", ID, ForeignKey("medecin_conseil.id"), nullable=False),
    Column("assure", ID, ForeignKey("assure.id"), nullable=False),
    Column("contexte", String(32), nullable=False),
    Column("debut", INSTANT, nullable=False),
    Column("fuseau", String(64), nullable=False),
    Column("duree_minutes", Integer, nullable=False),
    Column("etat", String(32), nullable=False),
    Column("examen_clinique", Boolean, nullable=False),
    Index("telecontrole_du_medecin", "medecin_conseil", "debut"),
    Index("telecontrole_par_etat", "etat"),
)

#: At most one in-person request for each télécontrôle: its key says so.
demande_presentiel = Table(
    "demande_presentiel",
    metadata,
    Column("telecontrole", ID, ForeignKey("telecontrole.id"), primary_key=True),
    Column("origine", String(32), nullable=False),
    Column("instant", INSTANT, nullable=False),
)

#: The chain: a line is written once. `contenu` is the line as it is exported.
ligne = Table(
    "ligne",
    metadata,
    Column("telecontrole", ID, ForeignKey("telecontrole.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("genre", String(32), nullable=False),
    Column("empreinte", HASH, nullable=False),
    Column("contenu", Text, nullable=False),
)

sceau = Table(
    "sceau",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("telecontrole", ID, ForeignKey("telecontrole.id"), nullable=False, index=True),
    Column("contenu", Text, nullable=False),
)

issue = Table(
    "issue",
    metadata,
    Column("telecontrole", ID, ForeignKey("telecontrole.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("qualification", String(32), nullable=False),
    Column("conclusion", String(48), nullable=False),
    Column("date_effet", String(10)),
    Column("categorie", Integer),
    Column("sequelles", Boolean),
    Column("motif_correction", Text),
    Column("signataire", ID, nullable=False),
    Column("instant", INSTANT, nullable=False),
)

#: A join link; `empreinte` hashes the secret that its URL fragment carries.
lien = Table(
    "lien",
    metadata,
    Column("empreinte", HASH, primary_key=True),
    Column("telecontrole", ID, ForeignKey("telecontrole.id"), nullable=False, index=True),
    Column("cree", INSTANT, nullable=False),
    Column("revoque", INSTANT),
)

#: The second factor of one télécontrôle: the code in course, and what was tried.
code_acces = Table(
    "code_acces",
    metadata,
    Column("telecontrole", ID, ForeignKey("telecontrole.id"), primary_key=True),
    Column("empreinte", HASH),
    Column("envoye", INSTANT),
    Column("expire", INSTANT),
    Column("essais", Integer, nullable=False),
    Column("envois", Integer, nullable=False),
    Column("depuis", INSTANT, nullable=False),
    Column("verrou", INSTANT),
)

#: A login link of a médecin-conseil.
connexion = Table(
    "connexion",
    metadata,
    Column("empreinte", HASH, primary_key=True),
    Column("medecin_conseil", ID, ForeignKey("medecin_conseil.id"), nullable=False),
    Column("expire", INSTANT),
    Column("unique", Boolean, nullable=False),
    Column("utilise", INSTANT),
)

session = Table(
    "session",
    metadata,
    Column("empreinte", HASH, primary_key=True),
    #: What tokens and sockets know it by; reveals nothing of the cookie.
    Column("reference", String(32), nullable=False),
    Column("genre", String(16), nullable=False),
    Column("sujet", ID, nullable=False),
    Column("telecontrole", ID),
    Column("vue", INSTANT, nullable=False),
    Column("expire", INSTANT, nullable=False),
    Column("revoquee", INSTANT),
    UniqueConstraint("reference", name="session_reference"),
)

#: Room tokens that were used; a row may go once the token has expired.
jeton_utilise = Table(
    "jeton_utilise",
    metadata,
    Column("jti", String(64), primary_key=True),
    Column("expire", Integer, nullable=False, index=True),
)

#: What was sent to whom (demo: read on the outbox page).
envoi = Table(
    "envoi",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("telecontrole", ID, ForeignKey("telecontrole.id"), nullable=False, index=True),
    Column("genre", String(32), nullable=False),
    Column("canal", String(16), nullable=False),
    Column("destinataire", Text, nullable=False),
    Column("objet", Text, nullable=False),
    Column("corps", Text, nullable=False),
    Column("instant", INSTANT, nullable=False),
)
