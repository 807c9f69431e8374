"""A server of the load test's own: the real application, in its own process, on this machine.

`python -m server.loadtest.own FOLDER PORT`, its keys in the environment.
"""

import asyncio
import os
import random
import secrets
import signal
import socket
import sys
import threading
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from server import serving
from server.config import Config

from .control import Control, Unreachable
from .plan import MAX_SOCKETS, Address

HOST = "127.0.0.1"
START_DEADLINE, STOP_DEADLINE = 60.0, 15.0
PORTS = range(20_000, 32_000)
_KEY, _SECRET = "LOADTEST_OWN_KEY", "LOADTEST_OWN_SECRET"


def config_of(folder: Path, port: int, key: str, secret: str) -> Config:
    """As a service, but for what a single address would be held back by."""
    return Config(
        data_dir=folder,
        host=HOST,
        port=port,
        origin=f"http://{HOST}:{port}",
        secret=secret,
        loadtest="allowed",
        loadtest_key=key,
        sockets=MAX_SOCKETS,
        # A thousand people come from a thousand addresses, a load test from one.
        pending_sockets_per_address=MAX_SOCKETS,
        token_lifetime=timedelta(minutes=5),
    )


def free_port() -> int:
    """Below those that the system draws for whoever connects: while the server is away for its
    restart, nobody takes its port, nor does a client reach itself there."""
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as probe, suppress(OSError):
            probe.bind((HOST, port))
            return port
    raise Unreachable("aucun port libre pour le serveur d'essai.")


class OwnServer:
    """Started, restarted (the same data, the same port), ended."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.key = secrets.token_urlsafe(32)
        self._secret = secrets.token_urlsafe(32)
        self.address = Address(HOST, free_port(), tls=False)
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, control: Control) -> None:
        """:raises Unreachable: it does not come up."""
        with (self._folder / "server.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "server.loadtest.own",
                str(self._folder / "data"), str(self.address.port),
                env={**os.environ, _KEY: self.key, _SECRET: self._secret},
                stdin=asyncio.subprocess.PIPE, stdout=log, stderr=log,
                # Ctrl-C is for the command: it ends this server itself, in order.
                start_new_session=True,
            )  # fmt: skip
        try:
            async with asyncio.timeout(START_DEADLINE):
                while not await control.healthy():
                    if self._process.returncode is not None:
                        raise Unreachable(f"le serveur d'essai s'est arrêté : {self._last()}")
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise Unreachable("le serveur d'essai ne répond pas.") from None

    def _last(self) -> str:
        """Its last line, which says why."""
        lines = (self._folder / "server.log").read_text(errors="replace").splitlines()
        return lines[-1][:300] if lines else "sans un mot."

    async def stop(self) -> None:
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_DEADLINE):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    async def restart(self, control: Control) -> None:
        await self.stop()
        await self.start(control)


def main() -> None:
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    config = config_of(folder, port, os.environ.pop(_KEY), os.environ.pop(_SECRET))
    threading.Thread(target=end_with_parent, daemon=True).start()
    serving.run(serving.serve(config), folder, readable=False)


def end_with_parent() -> None:
    """Standard input ends with the command, however that ends: no server is left behind."""
    # Not `sys.stdin`: the lock of a buffer that is being read makes a failed start end in an abort,
    # whose last line hides why.
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
