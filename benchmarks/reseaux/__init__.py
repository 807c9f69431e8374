"""The network report: one call after the other over bad networks, ours and a naive client's."""

import sys
from pathlib import Path

# The laboratory and the people are those of the tests.
ROOT = Path(__file__).resolve().parents[2]
sys.path += [str(ROOT / "tests" / "network"), str(ROOT / "tests" / "browser")]
