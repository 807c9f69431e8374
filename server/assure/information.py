"""What the assuré reads before entering; its version and hash go on the record (row JO-11).

« Modèle à valider » by a lawyer and the data protection officer of each caisse. A changed word
needs a new version.
"""

import hashlib

VERSION = "2026-11"

PARAGRAPHS = (
    "Vous allez rencontrer par visioconférence un médecin-conseil de l'Assurance maladie. "
    "Sa mission est de donner un avis médical sur votre situation ; il ne remplace pas votre "
    "médecin et ne modifie pas votre traitement.",
    "Ce que vous direz est couvert par le secret médical. Votre caisse ne reçoit qu'une "
    "conclusion administrative, sans raison médicale.",
    "Personne n'enregistre cet entretien : ni image, ni son, ni conversation. Vous ne devez pas "
    "l'enregistrer non plus (article 226-1 du code pénal).",
    "L'image et le son vont directement et chiffrés de votre appareil à celui du médecin-conseil. "
    "Nous gardons seulement les heures de présence de chacun, pour prouver que vous étiez là.",
    "Vous pouvez refuser la visioconférence, ou l'arrêter à tout moment et demander un rendez-vous "
    "en présentiel, sans donner de raison et sans conséquence sur vos droits.",
    "Vous pouvez vous faire assister par la personne de votre choix. Dites-le au "
    "médecin-conseil au début de l'entretien.",
)


def digest() -> str:
    """SHA-256 of the text as it was shown, for the record."""
    return hashlib.sha256("\n".join(PARAGRAPHS).encode()).hexdigest()
