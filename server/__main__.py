"""The command `telecontrole`: what each word of it does, and its options."""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import segno
from sqlalchemy.exc import OperationalError

from . import demo as demonstration
from . import loadtest as load
from . import login_command, offline, serving, vault_command, workers
from .attestation import offline as attested
from .caisse import directory, key_commands
from .config import Config, ConfigurationError, from_environment
from .config_checks import check_for_service
from .demo_relay import RelayUnavailable
from .evidence import command as auditing
from .evidence import making as witnesses
from .identity import making
from .identity.api_keys import SCOPES
from .identity.sessions import Kind
from .journal import command as access_journal
from .keeping import access_command
from .keeping import command as keeping
from .keeping.erase import Motif
from .notes import command as medical_keys
from .notify import senders
from .store.database import KeysMissing
from .store.postgresql import NotDurable
from .store.resealing import BATCH
from .technical import command as technical

Command = Callable[[argparse.Namespace], int]


def say(text: str = "") -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def demo(options: argparse.Namespace) -> int:
    whole = serving.serve_demo(
        port=options.port,
        data_dir=options.data_dir,
        ready_file=options.ready_file,
        count=options.telecontroles,
        robot=options.robot or "",
        turn=options.turn,
        show=show,
    )
    level = from_environment().log_level
    try:
        serving.run(whole, options.data_dir, readable=True, level=level)
    except RelayUnavailable as wrong:
        sys.stderr.write(f"telecontrole: pas de relais : {wrong}\n")
        return 2
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
        check_for_service(config)
        # Read here too: settings that could not send are refused before anything is opened.
        senders.build(config)
        making.check(config)
        witnesses.check(config)
    except ConfigurationError as wrong:
        sys.stderr.write(f"telecontrole: configuration refusée : {wrong}\n")
        return 2
    worker = workers.this_worker()
    if config.workers > 1 and worker is None:
        whole = workers.supervise(config, options.arguments)
        return serving.run(whole, config.data_dir, readable=False, level=config.log_level)
    one = serving.serve(config, worker=worker)
    serving.run(one, config.data_dir, readable=False, level=config.log_level)
    return 0


def export(options: argparse.Namespace) -> int:
    try:
        config = from_environment(options.config)
    except ConfigurationError as wrong:
        sys.stderr.write(f"telecontrole: configuration refusée : {wrong}\n")
        return 2
    if options.config is None:
        config = replace(config, data_dir=options.data_dir, database_url="")
    return offline.export(config, options.id, options.file)


def verify(options: argparse.Namespace) -> int:
    if attested.recognises(options.file):
        return attested.verify(options.file, options.keys)
    return offline.verify(options.file, options.keys)


def keys(options: argparse.Namespace) -> int:
    """Rotate: sign with a new key, the old ones go on verifying. Retire: one was stolen."""
    if (options.action == "retire") != bool(options.kid):
        return offline.refuse("rotate ne prend pas de clé ; retire en veut une.")
    if options.action == "retire":
        return offline.retire(options.data_dir, options.use, options.kid, datetime.now(UTC))
    kid = offline.rotate(options.data_dir, options.use, datetime.now(UTC))
    say(f"Nouvelle clé {options.use} : {kid}")
    return 0


def coffre(options: argparse.Namespace) -> int:
    return configured(
        options,
        lambda config: vault_command.rotate(config, options.lot, abandon=options.abandonner),
    )


def login(options: argparse.Namespace) -> int:
    subject: str = options.agent or options.medecin
    kind: Kind = "agent" if options.agent else "console"
    if bool(options.agent) == bool(options.medecin):
        return offline.refuse("nommez un médecin-conseil, ou un agent par --agent.")
    renew: bool = options.renouveler
    return configured(
        options, lambda config: login_command.login(config, subject, kind, renew=renew)
    )


def session(options: argparse.Namespace) -> int:
    return configured(options, lambda config: login_command.revoke(config, options.personne))


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


def coffre_medical(options: argparse.Namespace) -> int:
    return configured(options, medical_keys.rotate)


def journal(options: argparse.Namespace) -> int:
    """Verify, purge, show: what each needs is its own sub-command's."""
    actions: dict[str, Callable[[Config], int]] = {
        "verify": access_journal.verify,
        "purge": access_journal.purge,
        "show": lambda config: access_journal.show(
            config, options.telecontrole, options.person, options.de, options.a
        ),
    }
    return configured(options, actions[options.action])


def purge(options: argparse.Namespace) -> int:
    if options.historique:
        return configured(options, keeping.history)
    return configured(
        options, lambda config: keeping.purge(config, options.json, dry=options.dry_run)
    )


def effacer(options: argparse.Namespace) -> int:
    return configured(options, lambda config: keeping.erase(config, options.assure, options.motif))


def acces(options: argparse.Namespace) -> int:
    if bool(options.assure) == bool(options.reference):
        return offline.refuse("nommez une personne, par --assure ou par --reference.")
    caisse, reference = options.reference or ("", "")
    wanted = access_command.Wanted(
        options.assure, caisse, reference, options.dossier, options.notes
    )
    return configured(options, lambda config: access_command.give(config, wanted))


def configured(options: argparse.Namespace, run: Callable[[Config], int | None]) -> int:
    """Run with the service's own configuration, once it is one."""
    try:
        config = from_environment(options.config)
        check_for_service(config)
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


def audit(options: argparse.Namespace) -> int:
    return auditing.main(options)


def technique(options: argparse.Namespace) -> int:
    return configured(
        options,
        lambda config: technical.run(config, options.de, options.a, options.json, options.csv),
    )


def demo_arguments(one: argparse.ArgumentParser) -> None:
    one.add_argument("--port", type=int, default=8443, help="0 : un port libre (défaut 8443)")
    one.add_argument("--data-dir", type=Path, default=Path("var/demo"))
    one.add_argument("--ready-file", type=Path, help="écrit en JSON les liens une fois servi")
    one.add_argument("--telecontroles", type=int, default=8, help="combien en semer")
    one.add_argument("--robot", choices=("medecin", "assure"), help="quelqu'un à l'autre bout")
    one.add_argument("--turn", action="store_true", help="avec un relais coturn à côté")


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(prog="telecontrole", description=__doc__)
    commands = whole.add_subparsers(required=True, metavar="COMMANDE")

    def command(name: str, run: Command, text: str) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=text, description=text)
        one.set_defaults(run=run)
        return one

    demo_arguments(command("demo", demo, "Le produit entier, avec une journée imaginaire."))

    one = command("serve", serve, "Le service : configuration par fichier et environnement.")
    one.add_argument("--config", type=Path, help="fichier TOML")

    one = command("export", export, "Écrit le relevé signé d'un télécontrôle.")
    one.add_argument("id")
    one.add_argument("file", type=Path)
    one.add_argument("--data-dir", type=Path, default=Path("var/demo"))
    one.add_argument("--config", type=Path, help="fichier TOML, au lieu de --data-dir")

    one = command("verify", verify, "Vérifie, hors ligne, un relevé ou une attestation.")
    one.add_argument("file", type=Path)
    one.add_argument("--keys", type=Path, help="les clés publiées (/.well-known/sceaux.json)")

    auditing.arguments(command("audit", audit, "Vérifie tout le registre, hors ligne."))

    signing_parser(
        command("keys", keys, "Change la clé qui signe (rotate) ; détruit une clé volée (retire).")
    )

    vault_parser(command("coffre", coffre, "Change la clé qui chiffre la base, service en marche."))

    one = command("login", login, "Un lien de connexion à usage unique pour un professionnel.")
    one.add_argument("medecin", nargs="?", help="identifiant d'un médecin-conseil")
    one.add_argument("--agent", metavar="ID", help="un agent, à la place d'un médecin-conseil")
    one.add_argument(
        "--renouveler", action="store_true", help="un nouveau second facteur (téléphone perdu)"
    )
    one.add_argument("--config", type=Path, help="fichier TOML")

    one = command("session", session, "Ferme toutes les sessions d'un professionnel.")
    one.add_argument("action", choices=("revoquer",))
    one.add_argument("personne", help="identifiant d'un médecin-conseil ou d'un agent")
    one.add_argument("--config", type=Path, help="fichier TOML")

    one = command("annuaire", annuaire, "Caisses, médecins-conseils, agents, sites : d'un fichier.")
    one.add_argument("file", type=Path, metavar="FICHIER", help="docs/annuaire.exemple.toml")
    one.add_argument("--config", type=Path, help="fichier TOML")

    medical_parser(
        command("coffre-medical", coffre_medical, "Les clés des notes du service médical.")
    )
    journal_parser(command("journal", journal, "Qui a lu quoi : vérifier, montrer, purger."))

    purge_parser(command("purge", purge, "Efface ce qui a passé sa durée de conservation."))
    erase_parser(command("effacer", effacer, "Efface une personne avant le terme, à sa demande."))
    access_parser(command("acces", acces, "Tout ce qui est gardé sur une personne (RGPD, 15)."))

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

    technical_parser(
        command(
            "technique",
            technique,
            "Comment les entretiens se sont passés, techniquement, en chiffres.",
        )
    )
    return whole


def signing_parser(one: argparse.ArgumentParser) -> None:
    one.add_argument("action", choices=("rotate", "retire"))
    one.add_argument("use", choices=("tokens", "seals", "lines"))
    one.add_argument("kid", nargs="?", default="", help="retire : la clé à détruire")
    one.add_argument("--data-dir", type=Path, default=Path("var/demo"))


def vault_parser(one: argparse.ArgumentParser) -> None:
    one.add_argument("action", choices=("rotate",))
    one.add_argument("--lot", type=int, default=BATCH, help=f"lignes à la fois (défaut {BATCH})")
    one.add_argument(
        "--abandonner",
        action="store_true",
        help="détruit l'ancienne clé même si des valeurs altérées ne s'ouvrent plus",
    )
    one.add_argument("--config", type=Path, help="fichier TOML")


def technical_parser(one: argparse.ArgumentParser) -> None:
    """From day to day, on the screen or into files."""
    one.add_argument("--de", required=True, metavar="DATE", help="premier jour, « 2026-11-01 »")
    one.add_argument("--a", required=True, metavar="DATE", help="dernier jour, inclus")
    one.add_argument("--json", type=Path)
    one.add_argument("--csv", type=Path)
    one.add_argument("--config", type=Path, help="fichier TOML")


def medical_parser(one: argparse.ArgumentParser) -> None:
    """rotate."""
    one.add_argument("action", choices=("rotate",))
    one.add_argument("--config", type=Path, help="fichier TOML")


def journal_parser(one: argparse.ArgumentParser) -> None:
    """verify, purge, show."""
    actions = one.add_subparsers(required=True, dest="action", metavar="ACTION")
    show = actions.add_parser("show", help="les accès, du plus ancien au plus récent")
    show.add_argument("--telecontrole", default="", metavar="ID")
    show.add_argument("--person", default="", metavar="ID", help="qui a lu ou écrit")
    show.add_argument("--de", default="", metavar="DATE", help="premier jour, « 2026-11-01 »")
    show.add_argument("--a", default="", metavar="DATE", help="dernier jour, inclus")
    whole = actions.add_parser("verify", help="rien n'a été changé, ajouté ou coupé")
    old = actions.add_parser("purge", help="efface ce qui a passé sa durée de conservation")
    for action in (show, whole, old):
        action.add_argument("--config", type=Path, help="fichier TOML")


def purge_parser(one: argparse.ArgumentParser) -> None:
    one.add_argument("--dry-run", action="store_true", help="compte, sans rien effacer")
    one.add_argument("--json", type=Path, metavar="FICHIER", help="écrit le rapport signé")
    one.add_argument("--historique", action="store_true", help="les rapports d'avant, vérifiés")
    one.add_argument("--config", type=Path, help="fichier TOML")


def erase_parser(one: argparse.ArgumentParser) -> None:
    one.add_argument("--assure", required=True, metavar="ID")
    one.add_argument("--motif", required=True, choices=[str(why) for why in Motif])
    one.add_argument("--config", type=Path, help="fichier TOML")


def access_parser(one: argparse.ArgumentParser) -> None:
    one.add_argument("--assure", default="", metavar="ID")
    one.add_argument("--reference", nargs=2, metavar=("CAISSE", "REF"))
    one.add_argument("--dossier", type=Path, required=True, help="dossier à écrire, vide ou neuf")
    one.add_argument(
        "--notes", type=Path, nargs="?", const=Path(), metavar="CLÉS",
        help="avec les notes : pour le service médical, par le dossier de ses clés",
    )  # fmt: skip
    one.add_argument("--config", type=Path, help="fichier TOML")


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
    """The exit status. A store that is away, or whose keys are, is a refusal of any command: 2,
    for 1 is said of what was looked at (altered, not all purged)."""
    options = parser().parse_args(arguments)
    options.arguments = sys.argv[1:] if arguments is None else arguments
    run: Command = options.run
    try:
        return run(options)
    except (KeysMissing, NotDurable) as wrong:
        return offline.refuse(str(wrong))
    except OperationalError:
        # Its own words name hosts and accounts.
        return offline.refuse("la base de données ne répond pas (database_url)")


if __name__ == "__main__":
    sys.exit(main())
