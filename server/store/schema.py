"""The tables. Migrations (migrations/versions) lead here; a test holds the two together.

Instants are ISO 8601 text in UTC: they sort, they read, and they keep their microseconds in
every database. Secrets are kept as keyed hashes only.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
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
    #: Hours of the helpline, in words.
    Column("horaires", Text, nullable=False, server_default=""),
    #: Where its public holidays are: a subdivision of the `holidays` library, or empty (mainland).
    Column("territoire", String(16), nullable=False, server_default=""),
    #: Two days of 24 hours, not only of the calendar, before an appointment.
    Column("strict_48h", Boolean, nullable=False, server_default="0"),
    #: Data protection: who is responsible, whom to write to, how long it is kept.
    Column("responsable", Text, nullable=False, server_default=""),
    Column("dpd", Text, nullable=False, server_default=""),
    Column("conservation", Text, nullable=False, server_default=""),
)

#: Plans, moves, calls; administrative only.
agent = Table(
    "agent",
    metadata,
    Column("id", ID, primary_key=True),
    Column("caisse", ID, ForeignKey("caisse.id"), nullable=False),
    Column("nom", Text, nullable=False),
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
    #: Sealed under this person's own key (sealed.py), as the four after it.
    Column("civilite", Text, nullable=False),
    Column("nom", Text, nullable=False),
    #: Empty: none is known, that channel is not used.
    Column("courriel", Text, nullable=False),
    Column("telephone", Text, nullable=False),
    Column("adresse", Text, nullable=False, server_default=""),
    #: The language of the messages (server/notify/messages.py LANGUAGES).
    Column("langue", String(8), nullable=False, server_default="fr"),
    #: What the caisse's own system calls this person; never the NIR.
    Column("reference", String(64), nullable=False, server_default=""),
    #: That key, sealed by the service's vault; empty: destroyed, this person is erased.
    Column("cle", Text, nullable=False, server_default=""),
    Index("assure_par_reference", "caisse", "reference"),
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
    #: The first of those that replaced each other, and this one's place among them: the UID and
    #: SEQUENCE of the calendar entry.
    Column("serie", ID, nullable=False),
    Column("sequence", Integer, nullable=False, server_default="0"),
    #: The one that this one replaces; at most one successor each.
    Column("suite_de", ID),
    #: The short code by which a message can be verified.
    Column("code", String(16), nullable=False),
    #: Declared needs, a JSON list; sealed under the assuré's key where there are any.
    Column("besoins", Text, nullable=False, server_default="[]"),
    Index("telecontrole_du_medecin", "medecin_conseil", "debut"),
    #: Who is in a call with somebody else is asked at each join.
    Index("telecontrole_du_medecin_par_etat", "medecin_conseil", "etat"),
    Index("telecontrole_par_etat", "etat"),
    Index("telecontrole_de_la_caisse", "caisse", "debut"),
    Index("telecontrole_serie", "serie"),
    #: All that is about one person: to forget them, to tell them (server/keeping/).
    Index("telecontrole_de_l_assure", "assure"),
    UniqueConstraint("suite_de", name="telecontrole_suite_de"),
    UniqueConstraint("code", name="telecontrole_code"),
)

#: When a médecin-conseil can be booked, week by week; none: the ordinary hours.
disponibilite = Table(
    "disponibilite",
    metadata,
    Column("medecin_conseil", ID, ForeignKey("medecin_conseil.id"), primary_key=True),
    #: 0 is Monday; hours are local, « 09:00 ».
    Column("jour", Integer, primary_key=True),
    Column("de", String(5), primary_key=True),
    Column("a", String(5), nullable=False),
)

#: When a médecin-conseil is away.
absence = Table(
    "absence",
    metadata,
    Column("id", ID, primary_key=True),
    Column("medecin_conseil", ID, ForeignKey("medecin_conseil.id"), nullable=False, index=True),
    Column("debut", INSTANT, nullable=False),
    Column("fin", INSTANT, nullable=False),
)

site = Table(
    "site",
    metadata,
    Column("id", ID, primary_key=True),
    Column("caisse", ID, ForeignKey("caisse.id"), nullable=False),
    Column("nom", Text, nullable=False),
    Column("adresse", Text, nullable=False),
    #: How to get in, step-free or not; and when it is open: in words.
    Column("acces", Text, nullable=False),
    Column("horaires", Text, nullable=False),
    #: « caisse », or « visio_accompagnee » (France services, a booth of the caisse).
    Column("genre", String(32), nullable=False),
)

#: An in-person appointment; a request has at most one that holds (etat « convoque »).
rendez_vous = Table(
    "rendez_vous",
    metadata,
    Column("id", ID, primary_key=True),
    Column("telecontrole", ID, ForeignKey("telecontrole.id"), nullable=False, index=True),
    Column("site", ID, ForeignKey("site.id"), nullable=False),
    Column("medecin_conseil", ID, ForeignKey("medecin_conseil.id"), nullable=False),
    Column("debut", INSTANT, nullable=False),
    Column("fuseau", String(64), nullable=False),
    Column("duree_minutes", Integer, nullable=False),
    Column("etat", String(16), nullable=False),
    Column("sequence", Integer, nullable=False),
    Index("rendez_vous_du_medecin", "medecin_conseil", "debut"),
)

#: Why somebody could not, or cannot, come; a person decides.
justification = Table(
    "justification",
    metadata,
    Column("id", ID, primary_key=True),
    Column("telecontrole", ID, ForeignKey("telecontrole.id"), nullable=False, index=True),
    Column("motif", String(32), nullable=False),
    Column("depose", INSTANT, nullable=False),
    Column("etat", String(16), nullable=False),
    Column("decide", INSTANT),
    Column("decide_par", ID),
)

#: Its document, sealed under the assuré's key (sealed.py).
piece = Table(
    "piece",
    metadata,
    Column("justification", ID, ForeignKey("justification.id"), primary_key=True),
    Column("type", String(32), nullable=False),
    Column("taille", Integer, nullable=False),
    Column("contenu", LargeBinary, nullable=False),
)

#: The last equipment test of an appointment: `parties` and `mesures` are JSON, codes and rounded
#: figures; no device's name, no address, nothing that was seen or heard.
essai_materiel = Table(
    "essai_materiel",
    metadata,
    Column("telecontrole", ID, ForeignKey("telecontrole.id"), primary_key=True),
    Column("couleur", String(16), nullable=False),
    Column("parties", Text, nullable=False),
    Column("mesures", Text, nullable=False),
    #: A family (server/technical/browsers.py).
    Column("navigateur", String(24), nullable=False),
    Column("instant", INSTANT, nullable=False),
    #: How many were made: they are bounded.
    Column("essais", Integer, nullable=False),
)

#: What an agent has to do; one of each kind for a télécontrôle, opened again when due again.
tache = Table(
    "tache",
    metadata,
    Column("telecontrole", ID, ForeignKey("telecontrole.id"), primary_key=True),
    Column("genre", String(32), primary_key=True),
    Column("caisse", ID, ForeignKey("caisse.id"), nullable=False),
    Column("cree", INSTANT, nullable=False),
    Column("faite", INSTANT),
    Column("faite_par", ID),
    Index("tache_a_faire", "caisse", "faite"),
)

#: Keys of a caisse's own system; `portees` is a JSON list of scopes.
cle_api = Table(
    "cle_api",
    metadata,
    Column("id", ID, primary_key=True),
    Column("caisse", ID, ForeignKey("caisse.id"), nullable=False),
    Column("nom", Text, nullable=False),
    Column("empreinte", HASH, nullable=False, unique=True),
    Column("portees", Text, nullable=False),
    Column("cree", INSTANT, nullable=False),
    Column("revoquee", INSTANT),
)

#: What was answered to a request that carried an Idempotency-Key; `reponse` is sealed.
requete = Table(
    "requete",
    metadata,
    Column("cle_api", ID, ForeignKey("cle_api.id"), primary_key=True),
    Column("cle", String(128), primary_key=True),
    #: Of method, path and body: the same key for something else is an error.
    Column("empreinte", HASH, nullable=False),
    Column("statut", Integer, nullable=False),
    Column("reponse", Text, nullable=False),
    Column("instant", INSTANT, nullable=False, index=True),
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
    #: « kid.hex »: only who has the key of lines can make it (server/evidence/line_keys.py).
    Column("marque", String(80)),
    #: The number of the first head that covers it; none yet: the next one will.
    Column("attestee", Integer),
)
Index(
    "ligne_a_attester",
    ligne.c.telecontrole,
    ligne.c.seq,
    sqlite_where=ligne.c.attestee.is_(None),
    postgresql_where=ligne.c.attestee.is_(None),
)

#: What the service has attested of the whole register (controle/temoignage.py), in the order of
#: its numbers; `contenu` is what is signed, `changements` what it covers.
tete = Table(
    "tete",
    metadata,
    Column("numero", Integer, primary_key=True, autoincrement=False),
    Column("empreinte", HASH, nullable=False),
    Column("contenu", Text, nullable=False),
    Column("changements", Text, nullable=False),
)

#: How far the heads are known in each other place, and when it is tried again.
temoin = Table(
    "temoin",
    metadata,
    Column("nom", String(16), primary_key=True),
    Column("numero", Integer, nullable=False),
    Column("instant", INSTANT),
    Column("essais", Integer, nullable=False),
    Column("prochain", INSTANT, nullable=False),
)

#: What a time-stamping authority (RFC 3161) has signed of a head.
horodatage = Table(
    "horodatage",
    metadata,
    Column("numero", Integer, primary_key=True, autoincrement=False),
    Column("instant", INSTANT, nullable=False),
    Column("jeton", LargeBinary, nullable=False),
)

#: Chains that were destroyed at the end of their keeping, and where they ended.
efface = Table(
    "efface",
    metadata,
    Column("telecontrole", ID, primary_key=True),
    Column("longueur", Integer, nullable=False),
    Column("tete", HASH, nullable=False),
    Column("instant", INSTANT, nullable=False),
    Column("marque", String(80)),
    Column("attestee", Integer),
)

#: What was purged (genre « purge ») or erased on request (« effacement »): counted while it goes,
#: signed at its end (server/keeping/reports.py). No person is in it.
purge = Table(
    "purge",
    metadata,
    Column("numero", Integer, primary_key=True, autoincrement=False),
    Column("genre", String(16), nullable=False),
    Column("debut", INSTANT, nullable=False),
    #: None: under way, or interrupted; the next one goes on with it.
    Column("fin", INSTANT),
    #: Who has it in hand, and until when they may be silent.
    Column("porteur", String(32), nullable=False),
    Column("bail", INSTANT, nullable=False),
    Column("contenu", Text, nullable=False),
    Column("cle", String(64), nullable=False),
    Column("signature", String(128), nullable=False),
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
    #: Why it was signed before the grace was over; apart, like the line above.
    Column("motif_anticipation", Text),
    #: The result told to the assuré: whether, and when (row OP-09); null: nothing was to be told.
    Column("annonce", Boolean),
    Column("annonce_instant", INSTANT),
    Column("signataire", ID, nullable=False),
    Column("instant", INSTANT, nullable=False),
)

#: A join link; `empreinte` hashes the secret that its URL fragment carries, `scelle` is the
#: secret itself, encrypted: the reminder holds the same link as the convocation.
lien = Table(
    "lien",
    metadata,
    Column("empreinte", HASH, primary_key=True),
    Column("telecontrole", ID, ForeignKey("telecontrole.id"), nullable=False, index=True),
    Column("cree", INSTANT, nullable=False),
    Column("revoque", INSTANT),
    Column("scelle", Text, nullable=False, server_default=""),
)

#: The second factor of one télécontrôle: the code in course, and what was tried.
code_acces = Table(
    "code_acces",
    metadata,
    Column("telecontrole", ID, ForeignKey("telecontrole.id"), primary_key=True),
    #: « entree » or « verification »: guessing at one locks that one alone. « e@… », « v@… »: the
    #: tries of one network, by a keyed hash, without a code of their own.
    Column("usage", String(16), primary_key=True, server_default="entree"),
    Column("empreinte", HASH),
    Column("envoye", INSTANT),
    Column("expire", INSTANT),
    Column("essais", Integer, nullable=False),
    Column("envois", Integer, nullable=False),
    Column("depuis", INSTANT, nullable=False),
    Column("verrou", INSTANT),
)

#: The invitation of a third participant: what they are there for, never who they are. Link and
#: code are keyed hashes, shown once to who invites.
tiers = Table(
    "tiers",
    metadata,
    Column("id", ID, primary_key=True),
    Column("telecontrole", ID, ForeignKey("telecontrole.id"), nullable=False, index=True),
    Column("qualite", String(24), nullable=False),
    #: « medecin_conseil » or « agent ».
    Column("par", String(16), nullable=False),
    Column("empreinte", HASH, nullable=False),
    Column("code", HASH, nullable=False),
    Column("cree", INSTANT, nullable=False),
    Column("revoque", INSTANT),
    #: When the code was right for the first time; the version of the text that was accepted.
    Column("entre", INSTANT),
    Column("information", String(16), nullable=False),
    #: The seat they had last, so that a restart gives it back to nobody else.
    Column("siege", String(8), nullable=False),
    #: Wrong codes since the last pause, and in all.
    Column("essais", Integer, nullable=False),
    Column("essais_en_tout", Integer, nullable=False),
    Column("verrou", INSTANT),
    UniqueConstraint("empreinte", name="tiers_empreinte"),
)

#: A login link of a médecin-conseil (genre « console ») or an agent (« agent »).
connexion = Table(
    "connexion",
    metadata,
    Column("empreinte", HASH, primary_key=True),
    Column("genre", String(16), nullable=False),
    Column("sujet", ID, nullable=False),
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

#: How a médecin-conseil (genre « console ») or an agent (« agent ») proves who they are.
professionnel = Table(
    "professionnel",
    metadata,
    Column("genre", String(16), primary_key=True),
    Column("sujet", ID, primary_key=True),
    #: Of the claim that the identity provider gives (RPPS number, e-mail…): nothing shows it.
    Column("identifiant", HASH),
    #: The authenticator's secret, encrypted; its last step that was used; what was tried.
    Column("totp", Text),
    Column("totp_pas", Integer, nullable=False, server_default="0"),
    Column("essais", Integer, nullable=False, server_default="0"),
    Column("verrou", INSTANT),
    UniqueConstraint("genre", "identifiant", name="professionnel_identifiant"),
)

#: Logins that have left for the identity provider and have not come back. A row serves once.
connexion_en_cours = Table(
    "connexion_en_cours",
    metadata,
    #: Of `state`, and of the cookie of the browser that asked.
    Column("etat", HASH, primary_key=True),
    Column("navigateur", HASH, nullable=False),
    Column("genre", String(16), nullable=False),
    #: PKCE verifier and nonce, encrypted.
    Column("scelle", Text, nullable=False),
    #: The session that this browser had: the new one takes its place.
    Column("remplace", String(32)),
    Column("expire", INSTANT, nullable=False, index=True),
)

#: The id token that opened a session, encrypted: logging out at the provider shows it again.
session_fournisseur = Table(
    "session_fournisseur",
    metadata,
    Column("reference", String(32), primary_key=True),
    Column("scelle", Text, nullable=False),
    Column("expire", INSTANT, nullable=False),
)

#: Room tokens that were used; a row may go once the token has expired.
jeton_utilise = Table(
    "jeton_utilise",
    metadata,
    Column("jti", String(64), primary_key=True),
    #: Seconds since 1970, which a PostgreSQL INTEGER holds until 2038.
    Column("expire", BigInteger().with_variant(Integer, "sqlite"), nullable=False, index=True),
)

#: Instants that outlive a process: when the service was last alive.
marque = Table(
    "marque",
    metadata,
    Column("nom", String(32), primary_key=True),
    Column("instant", INSTANT, nullable=False),
)

#: The outbox: what is due, and what became of it. `id` is the Message-ID and the providers'
#: idempotency key. `contenu` is what was rendered at the first attempt, sealed: every attempt
#: sends the same words, and they can be shown later.
envoi = Table(
    "envoi",
    metadata,
    Column("id", ID, primary_key=True),
    Column("telecontrole", ID, ForeignKey("telecontrole.id"), nullable=False, index=True),
    #: What it is about: the télécontrôle, or an in-person appointment.
    Column("sujet", ID, nullable=False),
    Column("genre", String(32), nullable=False),
    Column("canal", String(16), nullable=False),
    #: 0; codes, of which there may be several, are numbered.
    Column("rang", Integer, nullable=False),
    #: Sealed under the assuré's key, as `contenu`.
    Column("destinataire", Text, nullable=False),
    Column("langue", String(8), nullable=False),
    Column("etat", String(16), nullable=False),
    #: Not before, not from then on (none: any time).
    Column("du", INSTANT, nullable=False),
    Column("limite", INSTANT),
    Column("prochain", INSTANT, nullable=False),
    Column("essais", Integer, nullable=False),
    #: Attempts whose end nobody knows: it may have left then.
    Column("incertains", Integer, nullable=False),
    #: Who has it in hand, and until when it may be silent.
    Column("porteur", String(32)),
    Column("bail", INSTANT),
    Column("version", String(40), nullable=False),
    Column("contenu", Text),
    #: The provider's name for it; why the last attempt failed, as a code.
    Column("reference", String(128)),
    Column("motif", String(64), nullable=False),
    Column("cree", INSTANT, nullable=False),
    Column("envoye", INSTANT),
    Column("remis", INSTANT),
    UniqueConstraint("sujet", "genre", "canal", "rang", name="envoi_unique"),
    Index("envoi_du", "etat", "prochain"),
    Index("envoi_parti", "envoye"),
    Index("envoi_reference", "reference"),
)
