"""coturn beside the demo: the configuration that is shipped, with addresses of the demo's own."""

import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from .config import Config

SHIPPED = Path(__file__).parents[1] / "deploy/coturn/turnserver.conf"
LOOPBACK = "127.0.0.1"
#: RFC 8656, section 5: TURN, and TURN over TLS. Taken if they are free.
PORT, TLS_PORT = 3478, 5349
#: Seconds until it must answer, and until it must be gone.
START, END = 20.0, 10.0


class RelayUnavailable(Exception):
    """The demo cannot have its relay; the message says why."""


@contextmanager
def relay_beside(config: Config, lan: list[str]) -> Iterator[Config]:
    """`config` with a relay of its own: UDP, TCP and TLS, on the machine's address of `lan` if it
    has one. It ends with the demo, killed or not.

    It relays to itself alone: two people who both go by it meet, and no other door of this machine
    or its network opens.

    :raises RelayUnavailable: coturn is not installed, or does not start.
    """
    program, keeper = shutil.which("turnserver"), shutil.which("setpriv")
    if program is None or keeper is None or not SHIPPED.is_file():
        raise RelayUnavailable("coturn, setpriv et deploy/coturn/turnserver.conf sont nécessaires")
    address, secret = (lan or [LOOPBACK])[0], secrets.token_hex(32)
    port, tls_port = free(address, PORT), free(address, TLS_PORT)
    here = config.data_dir / "turn"
    here.mkdir(parents=True, exist_ok=True)
    own = here / "turnserver.conf"
    own.write_text(SHIPPED.read_text() + f"\nstatic-auth-secret={secret}\n")
    own.chmod(0o600)
    command = [
        keeper, "--pdeathsig", "TERM", program, "-c", str(own.resolve()),
        "--listening-ip", address, "--relay-ip", address, "--allowed-peer-ip", address,
        "--listening-port", str(port), "--tls-listening-port", str(tls_port),
        "--cert", str(Path(config.tls_certificate).resolve()),
        "--pkey", str(Path(config.tls_key).resolve()),
        "--no-stdout-log", "--simple-log", "--log-file", "turn.log",
        "--pidfile", "turn.pid", "--userdb", "turn.db", "--no-dtls",
    ]  # fmt: skip
    if address == LOOPBACK:
        command.append("--allow-loopback-peers")
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, cwd=here, stdout=quiet, stderr=quiet)  # noqa: S603
    try:
        _answers(process, address, port)
        urls = (
            f"turn:{address}:{port}?transport=udp",
            f"turn:{address}:{port}?transport=tcp",
            f"turns:{address}:{tls_port}?transport=tcp",
        )
        yield replace(config, turn_urls=urls, turn_secret=secret)
    finally:
        process.terminate()
        try:
            process.wait(END)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free(address: str, wanted: int) -> int:
    """That port, or any other if somebody has it."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise RelayUnavailable(f"{address}: aucun port libre")


def _answers(process: "subprocess.Popen[bytes]", address: str, port: int) -> None:
    until = time.monotonic() + START
    while True:
        try:
            socket.create_connection((address, port), timeout=1).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > until:
                raise RelayUnavailable("coturn ne démarre pas: voir turn/turn.log") from None
            time.sleep(0.05)
        else:
            return
