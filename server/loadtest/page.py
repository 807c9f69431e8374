"""The report as one page that needs nothing else: no script, no address, its plots inside."""

from collections.abc import Callable, Iterable, Sequence
from html import escape

from .plots import Line, plot, short
from .report import NAMES, Report, Window
from .slo import Verdict

SCENARIOS = {
    "rendezvous": "rendez-vous",
    "waiting": "attente",
    "storm": "tempête de reconnexions",
    "soak": "endurance",
}
#: Rows of the table beside the plots; a longer run is told by every so many windows.
MOST_ROWS = 30

STYLE = """
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--paper:#fff;--line:#d0d7de;
--good:#0b6b3a;--bad:#a40e26;--c0:#0b5cad;--c1:#b35900;--c2:#6b3fa0}
@media(prefers-color-scheme:dark){:root{--ink:#e8ebef;--soft:#a5afba;--paper:#14181d;
--line:#3a434d;--good:#5fd08f;--bad:#ff8f9c;--c0:#79b8ff;--c1:#f0a860;--c2:#c5a3f5}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}
main{max-width:75rem;margin:auto;padding:1.5rem 1rem 4rem}
h1{font-size:1.6rem;line-height:1.25;margin:0 0 .25rem}h2{font-size:1.2rem;margin:2.2rem 0 .6rem}
p{margin:.4rem 0;max-width:48rem}.soft{color:var(--soft)}
.verdict{font-size:1.15rem;font-weight:600;border-left:.35rem solid;padding:.5rem .8rem;
margin:1rem 0}.good{color:var(--good)}.bad{color:var(--bad)}
.wide{overflow-x:auto}.wide:focus-visible{outline:3px solid var(--c0);outline-offset:2px}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;min-width:100%}
caption{text-align:left;color:var(--soft);padding:.2rem 0}
th,td{padding:.35rem .6rem;border-bottom:1px solid var(--line);text-align:right;
white-space:nowrap}th:first-child,td.w{text-align:left;white-space:normal}
.plots{display:grid;gap:1.5rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,30rem),1fr))}
figure{margin:0}figcaption{font-weight:600}svg{width:100%;height:auto;display:block}
svg text{font-size:13px;fill:var(--soft)}.g{stroke:var(--line)}
.c{fill:none;stroke-width:2;stroke-linejoin:round}.c0{stroke:var(--c0)}
.c1{stroke:var(--c1);stroke-dasharray:7 4}.c2{stroke:var(--c2);stroke-dasharray:2 4}
.legend{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;list-style:none;padding:0;margin:.2rem 0}
.legend svg{display:inline-block;width:24px;height:8px;vertical-align:middle}
summary{cursor:pointer;padding:.4rem 0}
th[scope=row]{font-weight:400}
@media(max-width:30rem){svg text{font-size:21px}table{font-size:.85rem}
th,td{padding:.3rem .2rem}}
@media print{details>*{display:block}}
"""


def written(report: Report) -> str:
    """The whole page."""
    title = f"Essai de charge : {SCENARIOS[report.plan.scenario]}"
    parts = [
        "<!doctype html>",
        '<html lang="fr"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)} – télécontrôle</title><style>{STYLE}</style></head>",
        f"<body><main><h1>{escape(title)}</h1>",
        *_asked(report),
        *_judgement(report),
        *_latencies(report),
        *_plots(report),
        *_server(report),
        *_errors(report),
        "</main></body></html>",
    ]
    return "\n".join(parts) + "\n"


def _asked(report: Report) -> list[str]:
    plan = report.plan
    consoles = ", une console pour chaque médecin" if plan.consoles else ""
    media = f", {plan.media} salles avec de vrais médias" if plan.media else ""
    back = (
        f" Après la coupure, chacun retente dans les {short(plan.spread)} s."
        if plan.scenario == "storm"
        else ""
    )
    begun = report.begun.strftime("%d/%m/%Y à %H:%M UTC")
    return [
        f'<p class="soft">{begun}, {short(report.seconds)} s, sur {escape(report.target)}'
        f" ({escape(report.machine)}).</p>",
        f"<p>{plan.rooms} salles, {short(plan.rate)} par seconde, {short(plan.stay)} s chacune"
        f"{consoles}{media} : {plan.sockets} connexions en tout.{back}</p>",
    ]


def _judgement(report: Report) -> list[str]:
    told = []
    if report.interrupted:
        told.append('<p class="verdict bad">Essai interrompu avant la fin.</p>')
    missed = [one for one in report.objectives if not one.held]
    if report.objectives:
        words = (
            f"Objectifs manqués : {len(missed)} sur {len(report.objectives)}."
            if missed
            else "Tous les objectifs sont tenus."
        )
        told.append(f'<p class="verdict {"bad" if missed else "good"}">{words}</p>')
    if report.generator.bottleneck:
        why = escape(" ; ".join(report.generator.why))
        told.append(f'<p class="verdict bad">Le générateur limitait la mesure : {why}.</p>')
    if report.objectives:
        told += ["<h2>Objectifs</h2>", _objectives(report.objectives)]
    return told


def _objectives(verdicts: Sequence[Verdict]) -> str:
    rows = []
    for one in verdicts:
        measured = "non mesuré" if one.value is None else short(one.value)
        result = '<b class="good">tenu</b>' if one.held else '<b class="bad">manqué</b>'
        rows.append((escape(one.objective.text), measured, result))
    return _table("Ce qui était demandé", ("objectif", "mesuré", "résultat"), rows)


def _latencies(report: Report) -> list[str]:
    kinds = ("p50", "p95", "p99", "max")
    rows = [
        (NAMES[name], f"{one['count']:.0f}", *(_number(one[kind]) for kind in kinds))
        for name, one in report.latencies.items()
    ]
    counts = report.counts
    recovered = (
        f" Après la coupure, tous étaient revenus en {short(report.recovered_seconds)} s."
        if report.recovered_seconds is not None
        else ""
    )
    return [
        "<h2>Délais</h2>",
        _table("En millisecondes", ("mesure", "nombre", *kinds), rows),
        f"<p>{_number(counts['rooms_met'])} salles réunies, {_number(counts['rooms_done'])} "
        f"terminées, {_number(counts['rooms_lost'])} perdues ; "
        f"messages d'une autre salle : {_number(counts['cross_room'])}.{recovered}</p>",
    ]


# --- over time ----------------------------------------------------------------------------------


def _plots(report: Report) -> list[str]:
    windows, width = report.windows, report.plan.width

    def over(name: str, value: Callable[[Window], float | None]) -> Line:
        return Line(name, [(one.at, value(one)) for one in windows])

    def server(name: str, value: str) -> Line:
        return Line(name, [(max(0.0, one.at), getattr(one, value)) for one in report.samples])

    figures = [
        plot("relay", "Relais d'un message", "ms",
             [over("p50", lambda one: one.relay_p50), over("p95", lambda one: one.relay_p95)]),
        plot("join", "Entrée dans la salle (p95)", "ms", [over("p95", lambda one: one.join_p95)]),
        plot("flow", "Salles", "par seconde",
             [over("arrivées", lambda one: one.arrived / width),
              over("terminées", lambda one: one.done / width)]),
        plot("errors", "Erreurs", "par seconde",
             [over("erreurs", lambda one: one.errors / width)]) if report.errors else "",
        plot("cpu", "Serveur : processeur", "% d'un cœur", [server("processeur", "cpu")]),
        plot("memory", "Serveur : mémoire", "Mo", [server("mémoire résidente", "memory")]),
    ]  # fmt: skip
    return [
        "<h2>Dans le temps</h2>",
        f'<div class="plots">{"".join(figures)}</div>',
        "<details><summary>Les mêmes chiffres en tableau</summary>",
        _over_time(windows),
        _samples(report),
        "</details>",
    ]


def _over_time(windows: Sequence[Window]) -> str:
    rows = [
        (_number(one.at), str(one.arrived), str(one.done), str(one.errors),
         _number(one.join_p95), _number(one.relay_p50), _number(one.relay_p95))
        for one in windows[:: max(1, -(-len(windows) // MOST_ROWS))]
    ]  # fmt: skip
    head = ("s", "arrivées", "terminées", "erreurs", "entrée p95", "relais p50", "relais p95")
    return _table("Par fenêtre de temps (délais en ms)", head, rows)


def _samples(report: Report) -> str:
    rows = [
        (_number(one.at), _number(one.cpu), _number(one.memory))
        for one in report.samples[:: max(1, -(-len(report.samples) // MOST_ROWS))]
    ]
    return _table("Le serveur, d'après son /metrics", ("s", "processeur %", "mémoire Mo"), rows)


# --- who carried it -----------------------------------------------------------------------------


def _server(report: Report) -> list[str]:
    server, generator = report.server, report.generator
    rows = [
        ("Serveur : processeur, moyenne (% d'un cœur)", _number(server.cpu_mean)),
        ("Serveur : processeur, maximum", _number(server.cpu_max)),
        ("Serveur : mémoire au début (Mo)", _number(server.memory_start)),
        ("Serveur : mémoire au plus haut", _number(server.memory_max)),
        ("Serveur : mémoire à la fin", _number(server.memory_end)),
        *(
            [("Serveur : dérive de la mémoire (Mo par heure)", _number(server.memory_drift))]
            if report.plan.scenario == "soak"
            else []
        ),
        ("Générateur : processus", str(generator.processes)),
        ("Générateur : processeur, maximum (% d'un cœur)", _number(generator.cpu_max)),
        ("Générateur : retard de sa boucle, p95 (ms)", _number(generator.lag_p95)),
        ("Générateur : retard sur la cadence, p95 (ms)", _number(generator.late_p95)),
    ]
    return ["<h2>Moyens</h2>", _table("Serveur et générateur", ("mesure", "valeur"), rows)]


def _errors(report: Report) -> list[str]:
    rows = [(escape(code), str(count)) for code, count in report.errors.items()]
    rows += [(escape(one), "1") for one in report.failures]
    if not rows:
        return ["<h2>Erreurs</h2>", "<p>Aucune.</p>"]
    return ["<h2>Erreurs</h2>", _table("Par code", ("code", "nombre"), rows)]


def _table(caption: str, head: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    """Cells are HTML already; a wide one scrolls by itself, by keyboard too."""
    cells = "".join(f'<th scope="col">{escape(one)}</th>' for one in head)
    body = "".join(
        f'<tr><th scope="row">{row[0]}</th>{"".join(f"<td>{one}</td>" for one in row[1:])}</tr>'
        for row in rows
    )
    label = escape(caption, quote=True)
    return (
        f'<div class="wide" role="region" tabindex="0" aria-label="{label}"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{cells}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def _number(value: float | None) -> str:
    return "–" if value is None else short(value)
