"""The product as a process: `telecontrole demo`, started, killed and started again."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

START_SECONDS = 60
#: The browser client as an earlier start compressed it: a second of work for each test else.
PRESSED = Path(tempfile.gettempdir()) / f"telecontrole-client-{os.getpid()}.msgpack"


class Product:
    """One demo in its own directory; `ready` is what its ready file says."""

    #: What Python runs.
    entry: tuple[str, ...] = ("-m", "server")
    #: Seconds until it must serve.
    patience = START_SECONDS
    #: What runs it: another network than this machine's (tests/network).
    around: tuple[str, ...] = ()

    def __init__(self, directory: Path, *options: str) -> None:
        self.data_dir = directory / "data"
        self.log = directory / "server.log"
        self._ready_file = directory / "ready.json"
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self.ready: dict[str, Any] = {}

    @property
    def appointments(self) -> list[dict[str, Any]]:
        return self.ready["telecontroles"]

    def appointments_of(self, doctor: str) -> list[dict[str, Any]]:
        return [one for one in self.appointments if one["medecin_id"] == doctor]

    def login_of(self, appointment: dict[str, Any]) -> str:
        doctors = {one["id"]: one["connexion"] for one in self.ready["medecins"]}
        return doctors[appointment["medecin_id"]]

    def start(self, port: int = 0) -> None:
        """Start and wait until it serves."""
        self._ready_file.unlink(missing_ok=True)
        kept = self.data_dir / "client.msgpack"
        if PRESSED.exists() and not kept.exists():
            self.data_dir.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(PRESSED, kept)
        # Two browsers in a call share this machine: a server that starts must not starve them.
        command = [
            *self.around,
            "nice", "-n", "5", sys.executable, *self.entry, "demo", "--port", str(port),
            "--data-dir", str(self.data_dir), "--ready-file", str(self._ready_file),
            *self._options,
        ]  # fmt: skip
        # What it shows people (links, codes) is no log; what it logs, at its most talkative, is
        # read after each test (log_scan.py).
        environment = {**os.environ, "TELECONTROLE_LOG_LEVEL": "debug"}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=subprocess.DEVNULL, stderr=log, env=environment
            )
        deadline = time.monotonic() + self.patience
        while not self._ready_file.exists():
            assert self._process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, "the demo did not start"
            time.sleep(0.05)
        self.ready = json.loads(self._ready_file.read_text())
        if not PRESSED.exists():
            shutil.copyfile(kept, PRESSED)

    @property
    def port(self) -> int:
        return int(self.ready["base"].rsplit(":", 1)[1])

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """As a power cut of the process: no goodbye."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def freeze(self) -> None:
        """It neither answers nor goes away."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def restart(self) -> None:
        """On the same port and the same data."""
        self.start(self.port)

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()
            self._process.wait(timeout=20)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Another command of the product."""
        return subprocess.run(
            [sys.executable, "-m", "server", *arguments],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONUTF8": "1"},
        )

    def record(self, identifier: str, file: Path) -> dict[str, Any]:
        """The exported record of one télécontrôle."""
        done = self.run("export", identifier, str(file), "--data-dir", str(self.data_dir))
        assert done.returncode == 0, done.stderr
        return json.loads(file.read_text())
