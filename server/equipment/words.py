"""What an equipment test says to the service's people: a hint for helping, never a fault."""

from collections.abc import Mapping
from typing import Any

COLOURS: Mapping[str, str] = {
    "pret": "Matériel testé : prêt",
    "a_surveiller": "Matériel testé : à surveiller",
    "echec": "Matériel testé : n'a pas réussi",
}
#: Of each part, what did not go well; what went well, or was not tried, is not told.
REMARKS: Mapping[tuple[str, str], str] = {
    ("navigateur", "partiel"): "Navigateur ancien ou intégré à une application",
    ("navigateur", "incompatible"): "Navigateur sans appel vidéo : ouvrir le lien dans un autre",
    ("camera", "faible"): "Caméra : aucune image, un cache est peut-être fermé",
    ("camera", "refuse"): "Caméra : autorisation refusée",
    ("camera", "introuvable"): "Caméra : aucune n'a été trouvée",
    ("camera", "occupe"): "Caméra : utilisée par une autre application",
    ("camera", "panne"): "Caméra : n'a pas démarré",
    ("micro", "faible"): "Micro : on n'entend rien",
    ("micro", "refuse"): "Micro : autorisation refusée",
    ("micro", "introuvable"): "Micro : aucun n'a été trouvé",
    ("micro", "occupe"): "Micro : utilisé par une autre application",
    ("micro", "panne"): "Micro : n'a pas démarré",
    ("haut_parleur", "non_entendu"): "Haut-parleur : le son n'a pas été entendu",
    ("reseau", "faible"): "Réseau : juste suffisant, image réduite",
    ("reseau", "mauvais"): "Réseau : trop lent ou trop irrégulier",
    ("reseau", "aucun"): "Réseau : l'appel vidéo ne passe pas",
    ("echo", "partiel"): "Essai d'appel : l'image ou le son n'est pas revenu",
    ("echo", "echec"): "Essai d'appel : rien n'est revenu",
}
_ENGINES = {"chrome": "Chrome", "firefox": "Firefox", "safari": "Safari"}
_PATHS = {"direct": "chemin direct", "relais": "par le relais"}
_WAYS = {"udp": "UDP", "tcp": "TCP", "tls": "TLS"}


def remarks(parts: Mapping[str, Any]) -> list[str]:
    return [said for (part, code), said in REMARKS.items() if parts.get(part) == code]


def details(browser: str, parts: Mapping[str, Any], figures: Mapping[str, Any]) -> list[str]:
    """Browser, path, figures: for who helps by phone."""
    engine, _, device = browser.partition("_")
    where = "sur téléphone ou tablette" if device == "mobile" else "sur ordinateur"
    found = [f"{_ENGINES.get(engine, 'Autre navigateur')} {where}"]
    if parts.get("chemin") in _PATHS:
        found.append(_PATHS[parts["chemin"]])
    found += _ways(parts)
    up, down = figures.get("up_kbps"), figures.get("down_kbps")
    if up is not None and down is not None:
        found.append(f"{up} kbit/s envoyés, {down} reçus")
    if figures.get("loss_percent") is not None:
        found.append(f"{figures['loss_percent']} % perdus")
    if figures.get("rtt_ms") is not None:
        found.append(f"aller-retour {figures['rtt_ms']} ms")
    return found


def _ways(parts: Mapping[str, Any]) -> list[str]:
    tried = {name: parts[name] for name in _WAYS if parts.get(name) is not None}
    if not tried:
        return []
    words = (f"{_WAYS[name]} {'oui' if works else 'non'}" for name, works in tried.items())
    return [f"relais : {', '.join(words)}"]
