"""A mail relay of its own process that takes its time: `python -m benchmarks.slow_relay SECONDS`.

Prints its port, then the Message-ID of each mail that it took.
"""

import asyncio
import sys


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


class Slow:
    """As much of SMTP (RFC 5321) as one sender needs."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.told: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def answer(text: str) -> None:
            writer.write(f"{text}\r\n".encode())
            await writer.drain()

        await answer("220 slow relay")
        while line := (await reader.readline()).decode().strip():
            match line.split()[0].upper():
                case "EHLO":
                    await answer("250-slow relay\r\n250 8BITMIME")
                case "DATA":
                    await answer("354 go on")
                    await self._take(reader)
                    await answer("250 taken")
                case "QUIT":
                    await answer("221 bye")
                    break
                case _:
                    await answer("250 fine")
        writer.close()

    async def _take(self, reader: asyncio.StreamReader) -> None:
        name = ""
        while (line := await reader.readline()) not in (b".\r\n", b""):
            if line.lower().startswith(b"message-id:"):
                name = line.decode().split(":", 1)[1].strip()
        await asyncio.sleep(self._seconds)
        say(name)


async def main(seconds: float) -> None:
    server = await asyncio.start_server(Slow(seconds).serve, "127.0.0.1", 0, backlog=256)
    say(str(server.sockets[0].getsockname()[1]))
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1])))
