"""How the page of an access request is written and looks; it opens alone, without a network."""

STYLE = """\
:root { color-scheme: light dark; --ink: #14202b; --soft: #4a5a68; --line: #c9d2da;
  --mark: #0b5a7a; --ground: #fff; --box: #f3f6f8; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8eef2; --soft: #aab8c2; --line: #3a4955; --mark: #7cc4e4; --ground: #10181e;
    --box: #18232b; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 60rem; color: var(--ink);
  background: var(--ground); font: 100%/1.5 "DejaVu Sans", "Noto Sans", system-ui, sans-serif; }
header { border-bottom: 3px solid var(--mark); padding-bottom: .75rem; }
h1 { font-size: 1.6em; line-height: 1.2; margin: .5rem 0; }
h2 { font-size: 1.3em; margin: 2.5rem 0 .75rem; padding-top: .75rem;
  border-top: 1px solid var(--line); }
h3 { font-size: 1.05em; margin: 1.75rem 0 .25rem; }
a { color: var(--mark); }
:focus-visible { outline: 3px solid var(--mark); outline-offset: 2px; }
nav ul { padding-left: 1.2rem; }
.wide { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; margin: .5rem 0 1rem; }
caption { text-align: left; color: var(--soft); padding-bottom: .25rem; }
.said { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
th, td { text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0;
  border-bottom: 1px solid var(--line); overflow-wrap: break-word; }
td:not(:first-child) { min-width: 6rem; }
tbody th { font-weight: normal; color: var(--soft); width: 35%; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: inherit; background: var(--box);
  border-left: 3px solid var(--line); margin: 0 0 1.5rem; padding: .75rem 1rem; }
.soft { color: var(--soft); }
@page { size: A4; margin: 15mm; }
@media print { body { max-width: none; font-size: 9.5pt; } .wide { overflow: visible; }
  nav { display: none; } tr, pre { break-inside: avoid; } }
"""

PAGE = """\
{% macro part(one, id, title) -%}
{% if one.rows %}
<div class="wide" role="region" aria-labelledby="{{ id }}" tabindex="0">
<table>
<caption id="{{ id }}"{% if one.caption == title %} class="said"{% endif %}>\
{{ one.caption }}</caption>
{% if one.head %}<thead><tr>{% for name in one.head %}<th scope="col">{{ name }}</th>{% endfor %}\
</tr></thead>{% endif %}
<tbody>
{% for row in one.rows -%}
<tr>{% for cell in row %}{% if loop.first and not one.head %}<th scope="row">{{ cell }}</th>\
{% else %}<td>{{ cell }}</td>{% endif %}{% endfor %}</tr>
{% endfor -%}
</tbody>
</table>
</div>
{% elif not one.link %}<p>Rien.</p>
{% endif -%}
{% if one.text %}<pre>{{ one.text }}</pre>
{% endif -%}
{% if one.link %}<p><a href="{{ one.link }}">Ouvrir le fichier {{ one.link }}</a></p>
{% endif -%}
{%- endmacro -%}
<!doctype html>
<html lang="fr">
<head>
<meta charset="utf-8">
<title>Vos données – {{ caisse }}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta name="referrer" content="no-referrer">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>
{{ style }}</style>
</head>
<body>
<header>
<p class="soft">{{ caisse }} · Assurance maladie</p>
<h1>Les données que nous gardons sur vous</h1>
</header>
<main>
<p>Cette page répond à votre demande d'accès (article 15 du règlement général sur la protection \
des données). Elle a été faite le {{ made }}. Le fichier <a href="donnees.json">donnees.json</a> \
dit la même chose à un ordinateur.</p>
<p>L'image et le son des entretiens ne sont jamais enregistrés : il n'y en a pas.</p>
<p>Une erreur, une question{% if telephone %} : {{ telephone }}{% endif %}\
{% if dpd %} ; délégué à la protection des données : {{ dpd }}{% endif %}. Vous pouvez aussi \
saisir la CNIL (www.cnil.fr).</p>
<nav aria-labelledby="sommaire">
<h2 id="sommaire">Dans cette page</h2>
<ul>
{% for section in sections -%}
<li><a href="#s{{ loop.index }}">{{ section.title }}</a></li>
{% endfor -%}
</ul>
</nav>
{% for section in sections %}{% set at = loop.index %}
<section aria-labelledby="s{{ at }}">
<h2 id="s{{ at }}">{{ section.title }}</h2>
{% for text in section.words %}<p>{{ text }}</p>
{% endfor -%}
{% for one in section.parts %}{{ part(one, "s%s-%s" % (at, loop.index), section.title) }}
{% endfor -%}
{% for sub in section.subs %}{% set under = loop.index %}
<h3>{{ sub.title }}</h3>
{% for one in sub.parts %}{{ part(one, "s%s-%s-%s" % (at, under, loop.index), sub.title) }}
{% endfor -%}
{% endfor %}
</section>
{% endfor %}
</main>
</body>
</html>
"""
