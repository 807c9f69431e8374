"""`make lock`: writes requirements*.txt with hashes and without any address."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
COMPILE = (
    sys.executable, "-m", "piptools", "compile", "--quiet", "--generate-hashes", "--strip-extras",
    "--allow-unsafe", "--no-emit-index-url", "--no-emit-find-links", "--no-emit-trusted-host",
    "--no-header",
)  # fmt: skip

FILES = {
    "requirements.txt": ("every version that is tested, by hash", ["pyproject.toml"]),
    "requirements-build.txt": (
        "what builds our own package",
        ["--only-build-deps", "--all-build-deps", "pyproject.toml"],
    ),
    "requirements-test.txt": (
        "requirements.txt and what the tests add",
        ["--extra", "test", "--constraint", "requirements.txt", "pyproject.toml"],
    ),
}


def main() -> None:
    for name, (what, options) in FILES.items():
        subprocess.run([*COMPILE, "--output-file", name, *options], cwd=ROOT, check=True)  # noqa: S603
        file = ROOT / name
        file.write_text(f"# {what} (`make lock` writes this file).\n{file.read_text()}")


if __name__ == "__main__":
    main()
