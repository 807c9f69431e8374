"""Debian's PostgreSQL, for whoever asks: a cluster of its own, on a socket, gone at the end."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psycopg

#: Where Debian keeps the programs of each version.
PROGRAMS = Path("/usr/lib/postgresql")
USER = "telecontrole"
#: PostgreSQL refuses to run as root; Debian's package brings this account.
UNPRIVILEGED = "postgres"


class PostgresqlServer:
    """One cluster. Its databases wait for the disk as they do in production: a service refuses
    others."""

    _home: Path
    #: On loopback; and the name of the socket in the cluster's directory.
    port: int

    def start(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        # Not below pytest's own directory, which root alone may enter.
        self._home = Path(tempfile.mkdtemp(prefix="telecontrole-pg-"))
        if os.getuid() == 0:
            account = pwd.getpwnam(UNPRIVILEGED)
            os.chown(self._home, account.pw_uid, account.pw_gid)
        data = str(self._home / "data")
        self._run("initdb", "-D", data, "-U", USER, "--auth=trust", "--locale=C", "-E", "UTF8")
        self.start_again()

    def start_again(self) -> None:
        settings = (
            f"-k {self._home} -p {self.port} -c listen_addresses=127.0.0.1 -c max_connections=400"
        )
        data, log = str(self._home / "data"), str(self._home / "log")
        self._run("pg_ctl", "-D", data, "-o", settings, "-l", log, "-w", "start")

    def kill(self) -> None:
        """Without a word to anybody, as a crash would: nothing is written first."""
        self._run("pg_ctl", "-D", str(self._home / "data"), "-m", "immediate", "stop")

    def stop(self) -> None:
        with suppress(subprocess.CalledProcessError):
            self.kill()
        shutil.rmtree(self._home, ignore_errors=True)

    def url(self, database: str) -> str:
        """As `database_url` takes it."""
        return f"postgresql+psycopg://{USER}@/{database}?host={self._home}&port={self.port}"

    def make(self, database: str, template: str = "template1") -> str:
        """A database, and its address. `template`: whose copy it is; nobody may be in that one."""
        self.execute(f'CREATE DATABASE "{database}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        return self.url(database)

    def execute(self, statement: str, database: str = "postgres") -> None:
        with psycopg.connect(
            host=str(self._home), port=self.port, user=USER, dbname=database
        ) as connection:
            connection.autocommit = True
            connection.execute(statement.encode())

    def _run(self, program: str, *arguments: str) -> None:
        newest = max(PROGRAMS.iterdir(), key=lambda one: int(one.name))
        whole: Sequence[str] = [str(newest / "bin" / program), *arguments]
        if os.getuid() == 0:
            whole = ["setpriv", "--reuid", UNPRIVILEGED, "--regid", UNPRIVILEGED,
                     "--clear-groups", *whole]  # fmt: skip
        subprocess.run(whole, check=True, stdout=subprocess.DEVNULL, cwd=self._home)
