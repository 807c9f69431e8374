"""A server of the load test's own: the real application, in its own process, on this machine.

`python -m server.loadtest.own FOLDER PORT`, its keys in the environment.
"""

import asyncio
import os
import secrets
import signal
import socket
import sys
from datetime import timedelta
from pathlib import Path

from server import serving
from server.config import Config

from .control import Control, Unreachable
from .plan import MAX_SOCKETS, Address

HOST = "127.0.0.1"
START_DEADLINE, STOP_DEADLINE = 60.0, 15.0
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
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


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
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
                # Ctrl-C is for the command: it ends this server itself, in order.
                start_new_session=True,
            )  # fmt: skip
        try:
            async with asyncio.timeout(START_DEADLINE):
                while not await control.healthy():
                    if self._process.returncode is not None:
                        raise Unreachable("le serveur d'essai s'est arrêté au démarrage.")
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise Unreachable("le serveur d'essai ne répond pas.") from None

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
    serving.run(serving.serve(config), folder, readable=False)


if __name__ == "__main__":
    main()
