"""`make rows`: every row of the feature table that an issue named, with the tests that hold it."""

import os
import sys
import tomllib
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pytest

HERE = Path(__file__).parent


class Collector:
    """A pytest plugin that keeps which test carries which row, and runs nothing."""

    def __init__(self) -> None:
        self.tests: dict[str, list[str]] = defaultdict(list)

    def pytest_collection_modifyitems(self, items: Sequence[pytest.Item]) -> None:
        for item in items:
            name = item.nodeid.partition("[")[0]
            for mark in item.iter_markers("row"):
                if name not in self.tests[mark.args[0]]:
                    self.tests[mark.args[0]].append(name)


def main() -> int:
    """Exit status 1 when a named row has no test."""
    collector = Collector()
    # Not this folder first, whose own folders have the names of the product's packages.
    sys.path[0] = str(HERE.parent)
    with Path(os.devnull).open("w") as nowhere:
        shown, sys.stdout = sys.stdout, nowhere
        try:
            status = pytest.main(["--collect-only", "-q", str(HERE)], plugins=[collector])
        finally:
            sys.stdout = shown
    if status:
        print("The tests cannot be collected.", file=sys.stderr)
        return int(status)
    bare = 0
    for issue in tomllib.loads((HERE / "rows.toml").read_text())["issue"]:
        print(f"\nIssue {issue['number']}: {issue['title']}")
        for row in issue["rows"]:
            tests = collector.tests.get(row, [])
            bare += not tests
            print(f"  {row:<6} {len(tests) or 'NO TEST'}")
            for name in tests:
                print(f"           {name}")
    print(f"\n{bare} row(s) without a test" if bare else "\nEvery named row has a test")
    return 1 if bare else 0


if __name__ == "__main__":
    sys.exit(main())
