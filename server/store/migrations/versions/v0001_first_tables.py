"""First tables"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "caisse",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("nom", sa.Text(), nullable=False),
        sa.Column("fuseau", sa.String(length=64), nullable=False),
        sa.Column("telephone", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "jeton_utilise",
        sa.Column("jti", sa.String(length=64), nullable=False),
        sa.Column("expire", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("jti"),
    )
    with op.batch_alter_table("jeton_utilise", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_jeton_utilise_expire"), ["expire"], unique=False)

    op.create_table(
        "session",
        sa.Column("empreinte", sa.String(length=64), nullable=False),
        sa.Column("reference", sa.String(length=32), nullable=False),
        sa.Column("genre", sa.String(length=16), nullable=False),
        sa.Column("sujet", sa.String(length=36), nullable=False),
        sa.Column("telecontrole", sa.String(length=36), nullable=True),
        sa.Column("vue", sa.String(length=32), nullable=False),
        sa.Column("expire", sa.String(length=32), nullable=False),
        sa.Column("revoquee", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("empreinte"),
        sa.UniqueConstraint("reference", name="session_reference"),
    )
    op.create_table(
        "assure",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("caisse", sa.String(length=36), nullable=False),
        sa.Column("civilite", sa.String(length=16), nullable=False),
        sa.Column("nom", sa.Text(), nullable=False),
        sa.Column("courriel", sa.Text(), nullable=False),
        sa.Column("telephone", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["caisse"],
            ["caisse.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "medecin_conseil",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("caisse", sa.String(length=36), nullable=False),
        sa.Column("nom", sa.Text(), nullable=False),
        sa.Column("fonction", sa.Text(), nullable=False),
        sa.Column("retard_minutes", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["caisse"],
            ["caisse.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "connexion",
        sa.Column("empreinte", sa.String(length=64), nullable=False),
        sa.Column("medecin_conseil", sa.String(length=36), nullable=False),
        sa.Column("expire", sa.String(length=32), nullable=True),
        sa.Column("unique", sa.Boolean(), nullable=False),
        sa.Column("utilise", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["medecin_conseil"],
            ["medecin_conseil.id"],
        ),
        sa.PrimaryKeyConstraint("empreinte"),
    )
    op.create_table(
        "telecontrole",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("caisse", sa.String(length=36), nullable=False),
        sa.Column("medecin_conseil", sa.String(length=36), nullable=False),
        sa.Column("assure", sa.String(length=36), nullable=False),
        sa.Column("contexte", sa.String(length=32), nullable=False),
        sa.Column("debut", sa.String(length=32), nullable=False),
        sa.Column("fuseau", sa.String(length=64), nullable=False),
        sa.Column("duree_minutes", sa.Integer(), nullable=False),
        sa.Column("etat", sa.String(length=32), nullable=False),
        sa.Column("examen_clinique", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["assure"],
            ["assure.id"],
        ),
        sa.ForeignKeyConstraint(
            ["caisse"],
            ["caisse.id"],
        ),
        sa.ForeignKeyConstraint(
            ["medecin_conseil"],
            ["medecin_conseil.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("telecontrole", schema=None) as batch_op:
        batch_op.create_index("telecontrole_du_medecin", ["medecin_conseil", "debut"], unique=False)
        batch_op.create_index("telecontrole_par_etat", ["etat"], unique=False)

    op.create_table(
        "code_acces",
        sa.Column("telecontrole", sa.String(length=36), nullable=False),
        sa.Column("empreinte", sa.String(length=64), nullable=True),
        sa.Column("envoye", sa.String(length=32), nullable=True),
        sa.Column("expire", sa.String(length=32), nullable=True),
        sa.Column("essais", sa.Integer(), nullable=False),
        sa.Column("envois", sa.Integer(), nullable=False),
        sa.Column("depuis", sa.String(length=32), nullable=False),
        sa.Column("verrou", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["telecontrole"],
            ["telecontrole.id"],
        ),
        sa.PrimaryKeyConstraint("telecontrole"),
    )
    op.create_table(
        "demande_presentiel",
        sa.Column("telecontrole", sa.String(length=36), nullable=False),
        sa.Column("origine", sa.String(length=32), nullable=False),
        sa.Column("instant", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["telecontrole"],
            ["telecontrole.id"],
        ),
        sa.PrimaryKeyConstraint("telecontrole"),
    )
    op.create_table(
        "envoi",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("telecontrole", sa.String(length=36), nullable=False),
        sa.Column("genre", sa.String(length=32), nullable=False),
        sa.Column("canal", sa.String(length=16), nullable=False),
        sa.Column("destinataire", sa.Text(), nullable=False),
        sa.Column("objet", sa.Text(), nullable=False),
        sa.Column("corps", sa.Text(), nullable=False),
        sa.Column("instant", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["telecontrole"],
            ["telecontrole.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("envoi", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_envoi_telecontrole"), ["telecontrole"], unique=False)

    op.create_table(
        "issue",
        sa.Column("telecontrole", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("qualification", sa.String(length=32), nullable=False),
        sa.Column("conclusion", sa.String(length=48), nullable=False),
        sa.Column("date_effet", sa.String(length=10), nullable=True),
        sa.Column("categorie", sa.Integer(), nullable=True),
        sa.Column("sequelles", sa.Boolean(), nullable=True),
        sa.Column("motif_correction", sa.Text(), nullable=True),
        sa.Column("signataire", sa.String(length=36), nullable=False),
        sa.Column("instant", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["telecontrole"],
            ["telecontrole.id"],
        ),
        sa.PrimaryKeyConstraint("telecontrole", "version"),
    )
    op.create_table(
        "lien",
        sa.Column("empreinte", sa.String(length=64), nullable=False),
        sa.Column("telecontrole", sa.String(length=36), nullable=False),
        sa.Column("cree", sa.String(length=32), nullable=False),
        sa.Column("revoque", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["telecontrole"],
            ["telecontrole.id"],
        ),
        sa.PrimaryKeyConstraint("empreinte"),
    )
    with op.batch_alter_table("lien", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_lien_telecontrole"), ["telecontrole"], unique=False)

    op.create_table(
        "ligne",
        sa.Column("telecontrole", sa.String(length=36), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("genre", sa.String(length=32), nullable=False),
        sa.Column("empreinte", sa.String(length=64), nullable=False),
        sa.Column("contenu", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["telecontrole"],
            ["telecontrole.id"],
        ),
        sa.PrimaryKeyConstraint("telecontrole", "seq"),
    )
    op.create_table(
        "sceau",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("telecontrole", sa.String(length=36), nullable=False),
        sa.Column("contenu", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["telecontrole"],
            ["telecontrole.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sceau", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sceau_telecontrole"), ["telecontrole"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("sceau", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sceau_telecontrole"))

    op.drop_table("sceau")
    op.drop_table("ligne")
    with op.batch_alter_table("lien", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_lien_telecontrole"))

    op.drop_table("lien")
    op.drop_table("issue")
    with op.batch_alter_table("envoi", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_envoi_telecontrole"))

    op.drop_table("envoi")
    op.drop_table("demande_presentiel")
    op.drop_table("code_acces")
    with op.batch_alter_table("telecontrole", schema=None) as batch_op:
        batch_op.drop_index("telecontrole_par_etat")
        batch_op.drop_index("telecontrole_du_medecin")

    op.drop_table("telecontrole")
    op.drop_table("connexion")
    op.drop_table("medecin_conseil")
    op.drop_table("assure")
    op.drop_table("session")
    with op.batch_alter_table("jeton_utilise", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_jeton_utilise_expire"))

    op.drop_table("jeton_utilise")
    op.drop_table("caisse")
