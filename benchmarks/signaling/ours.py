"""Our own application, whole, over a data directory: `python -m benchmarks.signaling.ours DIR`.

What `telecontrole serve` runs; only what would cut a load test is wider (`wide`).
"""

import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from server import serving
from server.config import Config

from .children import announce

SECRET = "une-mesure-sans-aucune-personne-dedans"  # noqa: S105
LOADTEST_KEY = "la-clef-de-cette-mesure-et-d-aucun-service"
LONG = timedelta(hours=12)
ORIGIN = "https://mesure.example"


def wide(data: Path, *origins: str) -> Config:
    """Every socket comes from one address, faster than people are, with tokens made beforehand."""
    return replace(
        Config(),
        data_dir=data,
        secret=SECRET,
        origin=ORIGIN,
        more_origins=origins,
        token_lifetime=LONG,
        open_after=LONG,
        pending_sockets_per_address=1_000_000,
        messages_per_second=1e9,
        messages_burst=1_000_000_000,
        sockets=1_000_000,
        loadtest="allowed",
        loadtest_key=LOADTEST_KEY,
    )


def main() -> int:
    data = Path(sys.argv[1])
    # `serve` binds for itself: the port is free again for a moment.
    with announce() as bound:
        port = bound.getsockname()[1]
    config = replace(wide(data, f"http://127.0.0.1:{port}"), port=port)
    serving.run(serving.serve(config), data, readable=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
