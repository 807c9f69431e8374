"""What a third participant reads before entering; its version is kept, and its hash on record.

« Modèle à valider » by a lawyer and the data protection officer of each caisse. A changed word
needs a new version.
"""

import hashlib

VERSION = "2026-11"

PARAGRAPHS = (
    "Vous êtes invité à un entretien entre un assuré et un médecin-conseil de l'Assurance maladie, "
    "pour l'aider : comme interprète, comme médecin qui l'assiste ou comme proche.",
    "Ce qui se dit est couvert par le secret médical. Vous ne répétez rien à personne, et personne "
    "d'autre n'entend ni ne voit l'entretien chez vous (article 226-13 du code pénal).",
    "Personne n'enregistre cet entretien : ni image, ni son, ni conversation. Vous ne devez pas "
    "l'enregistrer non plus (article 226-1 du code pénal).",
    "L'image et le son vont chiffrés d'un appareil à l'autre. Nous gardons seulement à quel titre "
    "vous étiez là et à quelles heures, jamais votre nom.",
    "Vous entrez quand le médecin-conseil vous admet. L'assuré peut s'opposer à votre présence, et "
    "vous pouvez partir à tout moment.",
)


def digest() -> str:
    """SHA-256 of the text as it was shown, for the record."""
    return hashlib.sha256("\n".join(PARAGRAPHS).encode()).hexdigest()
