"""The command `telecontrole`: demo, serve, export, verify, keys, login."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import segno

from . import demo as demonstration
from . import offline, serving
from .config import ConfigurationError, from_environment

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
    except ConfigurationError as wrong:
        sys.stderr.write(f"telecontrole: configuration refusée : {wrong}\n")
        return 2
    serving.run(serving.serve(config), config.data_dir, readable=False)
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
    try:
        config = from_environment(options.config)
        config.check_for_service()
        say(asyncio.run(offline.login(config, options.medecin, datetime.now(UTC))))
    except ConfigurationError as wrong:
        sys.stderr.write(f"telecontrole: configuration refusée : {wrong}\n")
        return 2
    return 0


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

    one = command("login", login, "Un lien de connexion à usage unique pour un médecin-conseil.")
    one.add_argument("medecin", help="identifiant")
    one.add_argument("--config", type=Path, help="fichier TOML")
    return whole


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    run: Command = options.run
    return run(options)


if __name__ == "__main__":
    sys.exit(main())
