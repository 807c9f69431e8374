"""Ou l'on est et quels jours l'on travaille: les fuseaux de la Republique, des feries simples."""

from datetime import date

FUSEAUX = (
    "Europe/Paris", "America/Guadeloupe", "America/Martinique", "America/Cayenne",
    "Indian/Reunion", "Indian/Mayotte", "America/Miquelon", "America/St_Barthelemy",
    "America/Marigot", "Pacific/Tahiti", "Pacific/Noumea", "Pacific/Wallis", "Pacific/Marquesas",
    "Pacific/Gambier",
)  # fmt: skip

_FIXES = {(1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)}


def aucun_ferie(jour: date) -> bool:
    return False


def feries(jour: date) -> bool:
    """Les jours feries a date fixe; les autres viennent du serveur."""
    return (jour.month, jour.day) in _FIXES
