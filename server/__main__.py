"""The command `telecontrole`: what each word of it does, and its options."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import segno

from . import demo as demonstration
from . import loadtest as load
from . import offline, serving, workers
from .caisse import directory, key_commands
from .config import Config, ConfigurationError, from_environment
from .identity.api_keys import SCOPES
from .identity.sessions import Kind
from .notify import senders
from .technical import command as technical

Command = Callable[[argparse.Namespace], int]


def say(text: str = "") -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def demo(options: argparse.Namespace) -> int:
    serving.run(
        serving.serve_demo(
            port=options.port,
            data_dir=options.data_dir,
            ready_file=options.ready_file,
            count=options.telecontroles,
            robot=options.robot or "",
            show=show,
        ),
        options.data_dir,
        readable=True,
    )
    return 0


def show(ready: dict[str, Any]) -> None:
    """The list of links, and a QR code for a phone on the same network."""
    base = ready["base"]
    say(f"\n  télécontrôle — démonstration\n\n  Essayer    {base}/demo")
    say(f"  Console    {ready['console']}")
    say(f"  Envois     {ready['outbox']}\n")
    for one in ready["medecins"]:
        say(f"  {one['nom']:<20} {one['connexion']}")
    say()
    for one in ready["telecontroles"]:
        hour = datetime.fromisoformat(one["debut"]).astimezone().strftime("%H:%M")
        say(f"  {hour}  {one['assure']:<14} {one['medecin']:<20} code {one['code']}  {one['lien']}")
    lan = demonstration.addresses()
    if lan:
        port = base.rsplit(":", 1)[1]
        address = f"https://{lan[0]}:{port}/demo"
        say(f"\n  Sur un téléphone du même réseau : {address}\n")
        segno.make(address, micro=False).terminal(out=sys.stdout, compact=True)
    say(f"\n  Autorité de certification locale (à accepter, ou à installer) : {ready['ca']}\n")


def serve(options: argparse.Namespace) -> int:
    try:
        config = from_environment(options.config)
        config.check_for_service()
        # Read here too: settings that could not send are refused before anything is opened.
        senders.build(config)
    except ConfigurationError as wrong:
        sys.stderr.write(f"telecontrole: configuration refusée : {wrong}\n")
        return 2
    worker = workers.this_worker()
    if config.workers > 1 and worker is None:
        whole = workers.supervise(config, options.arguments)
        return serving.run(whole, config.data_dir, readable=False)
    serving.run(serving.serve(config, worker=worker), config.data_dir, readable=False)
    return 0


def export(options: argparse.Namespace) -> int:
    return offline.export(options.data_dir, options.id, options.file)


def verify(options: argparse.Namespace) -> int:
    return offline.verify(options.file, options.keys)


def keys(options: argparse.Namespace) -> int:
    """Rotate: sign with a new key; the old ones go on verifying."""
    kid = offline.rotate(options.data_dir, options.use, datetime.now(UTC))
    say(f"Nouvelle clé {options.use} : {kid}")
    return 0


def login(options: argparse.Namespace) -> int:
    subject: str = options.agent or options.medecin
    kind: Kind = "agent" if options.agent else "console"
    if bool(options.agent) == bool(options.medecin):
        return offline.refuse("nommez un médecin-conseil, ou un agent par --agent.")
    return configured(
        options,
        lambda config: say(asyncio.run(offline.login(config, subject, datetime.now(UTC), kind))),
    )


def annuaire(options: argparse.Namespace) -> int:
    return configured(options, lambda config: directory.apply(config, options.file))


def cle_api(options: argparse.Namespace) -> int:
    """Make, revoke, list: what each needs is its own sub-command's."""
    actions: dict[str, Callable[[Config], int]] = {
        "creer": lambda config: key_commands.make(
            config, options.caisse, options.nom, options.portees
        ),
        "revoquer": lambda config: key_commands.revoke(config, options.id),
        "lister": key_commands.show,
    }
    return configured(options, actions[options.action])


def configured(options: argparse.Namespace, run: Callable[[Config], int | None]) -> int:
    """Run with the service's own configuration, once it is one."""
    try:
        config = from_environment(options.config)
        config.check_for_service()
        return run(config) or 0
    except ConfigurationError as wrong:
        sys.stderr.write(f"telecontrole: configuration refusée : {wrong}\n")
        return 2


def simulate(options: argparse.Namespace) -> int:
    # A service does not load what only plays one.
    from .simulate import main as year  # noqa: PLC0415

    return year(options)


def loadtest(options: argparse.Namespace) -> int:
    return load.main(options)


def technique(options: argparse.Namespace) -> int:
    return configured(
        options,
        lambda config: technical.run(config, options.de, options.a, options.json, options.csv),
    )


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(prog="telecontrole", description=__doc__)
    commands = whole.add_subparsers(required=True, metavar="COMMANDE")

    def command(name: str, run: Command, text: str) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=text, description=text)
        one.set_defaults(run=run)
        return one

    one = command("demo", demo, "Le produit entier, avec une journée imaginaire.")
    one.add_argument("--port", type=int, default=8443, help="0 : un port libre (défaut 8443)")
    one.add_argument("--data-dir", type=Path, default=Path("var/demo"))
    one.add_argument("--ready-file", type=Path, help="écrit en JSON les liens une fois servi")
    one.add_argument("--telecontroles", type=int, default=8, help="combien en semer")
    one.add_argument("--robot", choices=("medecin", "assure"), help="quelqu'un à l'autre bout")

    one = command("serve", serve, "Le service : configuration par fichier et environnement.")
    one.add_argument("--config", type=Path, help="fichier TOML")

    one = command("export", export, "Écrit le relevé signé d'un télécontrôle.")
    one.add_argument("id")
    one.add_argument("file", type=Path)
    one.add_argument("--data-dir", type=Path, default=Path("var/demo"))

    one = command("verify", verify, "Vérifie un relevé, hors ligne.")
    one.add_argument("file", type=Path)
    one.add_argument("--keys", type=Path, help="les clés publiées (/.well-known/sceaux.json)")

    one = command("keys", keys, "Change la clé qui signe ; les anciennes vérifient toujours.")
    one.add_argument("action", choices=("rotate",))
    one.add_argument("use", choices=("tokens", "seals"))
    one.add_argument("--data-dir", type=Path, default=Path("var/demo"))

    one = command("login", login, "Un lien de connexion à usage unique pour un professionnel.")
    one.add_argument("medecin", nargs="?", help="identifiant d'un médecin-conseil")
    one.add_argument("--agent", metavar="ID", help="un agent, à la place d'un médecin-conseil")
    one.add_argument("--config", type=Path, help="fichier TOML")

    one = command("annuaire", annuaire, "Caisses, médecins-conseils, agents, sites : d'un fichier.")
    one.add_argument("file", type=Path, metavar="FICHIER", help="docs/annuaire.exemple.toml")
    one.add_argument("--config", type=Path, help="fichier TOML")

    key_parser(command("cle-api", cle_api, "Les clés du système d'une caisse."))

    one = command(
        "simulate", simulate, "Une année par une horloge fictive ; les règles violées, comptées."
    )
    one.add_argument("--telecontroles", type=int, default=10_000)
    one.add_argument("--days", type=int, default=365)
    one.add_argument("--seed", type=int, default=1)
    one.add_argument("--jobs", type=int, default=0, help="processus (défaut : un par cœur)")
    one.add_argument("--json", type=Path, help="écrit le résultat")
    one.add_argument("--broken", choices=("vrai", "heure", "oubli"), help=argparse.SUPPRESS)

    load.arguments(command("loadtest", loadtest, "Un essai de charge, avec son rapport."))

    one = command(
        "technique", technique, "Comment les entretiens se sont passés, techniquement, en chiffres."
    )
    one.add_argument("--de", required=True, metavar="DATE", help="premier jour, « 2026-11-01 »")
    one.add_argument("--a", required=True, metavar="DATE", help="dernier jour, inclus")
    one.add_argument("--json", type=Path)
    one.add_argument("--csv", type=Path)
    one.add_argument("--config", type=Path, help="fichier TOML")
    return whole


def key_parser(one: argparse.ArgumentParser) -> None:
    """creer, revoquer, lister."""
    actions = one.add_subparsers(required=True, dest="action", metavar="ACTION")
    make = actions.add_parser("creer", help="une clé, montrée une fois")
    make.add_argument("--caisse", required=True, metavar="ID")
    make.add_argument("--nom", required=True, help="qui s'en sert")
    make.add_argument("--portees", required=True, help=f"parmi {', '.join(SCOPES)} ; des virgules")
    end = actions.add_parser("revoquer", help="plus rien avec cette clé, aussitôt")
    end.add_argument("id")
    for action in (make, end, actions.add_parser("lister", help="toutes, sans leur secret")):
        action.add_argument("--config", type=Path, help="fichier TOML")


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    options.arguments = sys.argv[1:] if arguments is None else arguments
    run: Command = options.run
    return run(options)


if __name__ == "__main__":
    sys.exit(main())
