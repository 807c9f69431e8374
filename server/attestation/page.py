"""The attestation as one accessible page: to read, to print on one A4 sheet, to make a PDF of."""

from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from controle.attestation_forme import AttestationSignee, format_de
from controle.attestation_mots import PHRASES, RESERVE, TITRES, lignes

from . import qr

STYLE = """\
:root { color-scheme: light; --ink: #14202b; --soft: #4a5a68; --line: #c9d2da; --mark: #0b5a7a; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem; max-width: 46rem; color: var(--ink); background: #fff;
  font: 100%/1.4 "DejaVu Sans", "Noto Sans", system-ui, sans-serif; }
header { border-bottom: 3px solid var(--mark); padding-bottom: .5rem; }
header p { margin: 0; color: var(--soft); }
h1 { font-size: 1.5em; line-height: 1.2; margin: 1rem 0 .5rem; }
h2 { font-size: 1.1em; margin: 1rem 0 .4rem; }
p { margin: .5rem 0; }
.lead { font-weight: bold; }
table { width: 100%; border-collapse: collapse; margin: .75rem 0; }
caption { text-align: left; font-weight: bold; padding-bottom: .3rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .5rem .3rem 0;
  border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
th { font-weight: normal; color: var(--soft); width: 38%; }
.check { display: flex; gap: 1rem; align-items: flex-start; flex-wrap: wrap; }
.check div { flex: 1 1 12rem; }
.qr { width: 12rem; height: 12rem; }
a { color: var(--mark); }
.note { color: var(--soft); }
@page { size: A4; margin: 13mm 15mm; }
@media print {
  body { padding: 0; max-width: none; font-size: 8.4pt; line-height: 1.3; }
  th, td { padding: 1.1mm 3mm 1.1mm 0; }
  .qr { width: 52mm; height: 52mm; }
  .check { flex-wrap: nowrap; break-inside: avoid; }
  a { text-decoration: none; }
}
"""

PAGE = """\
<!doctype html>
<html lang="fr">
<head>
<meta charset="utf-8">
<title>{{ title }}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="{{ format }}">
<style>
{{ style }}</style>
</head>
<body>
<header>
<p>{{ caisse }} · Assurance maladie</p>
</header>
<main>
<h1>{{ title }}</h1>
<p class="lead">{{ sentence }}</p>
<table>
<caption>Ce que le service a vu</caption>
<tbody>
{% for what, said in lines -%}
<tr><th scope="row">{{ what }}</th><td>{{ said }}</td></tr>
{% endfor -%}
</tbody>
</table>
<p class="note">{{ reserve }}</p>
<h2>Vérifier ce document</h2>
<div class="check">
{{ qr }}
<div>
<p>Scannez ce code, ou ouvrez <a href="{{ address }}">la page de vérification</a> du service : \
{{ origin }}/attestation</p>
<p>Elle montre chaque ligne telle qu'elle a été signée. Comparez-les avec ce document. Votre \
navigateur fait la vérification lui-même : le contenu n'est pas envoyé.</p>
</div>
</div>
</main>
</body>
</html>
"""

_TEMPLATE = Environment(autoescape=True, undefined=StrictUndefined).from_string(PAGE)


def page(signed: AttestationSignee, origin: str) -> str:
    """The whole page; the same attestation gives the same bytes."""
    une = signed.attestation
    token = signed.jeton()
    words: dict[str, Any] = {
        "title": TITRES[une.genre],
        "sentence": PHRASES[une.genre],
        "caisse": une.caisse,
        "lines": lignes(une),
        "reserve": RESERVE,
        "format": format_de(une),
        "style": Markup(STYLE),  # noqa: S704
        "qr": Markup(qr.svg(origin, token)),  # noqa: S704
        "origin": origin,
        "address": qr.address(origin, token),
    }
    return _TEMPLATE.render(words)
