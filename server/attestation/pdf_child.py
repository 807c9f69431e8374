"""Its own process: a page on standard input, a PDF/UA-1 on standard output, then it ends.

A renderer of pages is large; here it holds no key, opens no file that a page names, and the
machine cuts it off when it takes too much.
"""

import os
import resource
import sys
from typing import Any

#: Bytes of memory, and seconds of processor.
MEMORY = 1_500_000_000
SECONDS = 60


def refuse(url: str, *_: Any, **__: Any) -> Any:
    raise ValueError(f"nothing is fetched: {url[:20]}")


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    # The same page gives the same bytes, also where its fonts are cut down by fontTools (a machine
    # without libharfbuzz-subset), which else writes the hour into them.
    os.environ["SOURCE_DATE_EPOCH"] = "0"
    # After the limits: what is imported counts too.
    from weasyprint import HTML  # type: ignore[import-untyped]  # noqa: PLC0415

    page = sys.stdin.buffer.read().decode()
    document = HTML(string=page, url_fetcher=refuse)
    pdf: bytes = document.write_pdf(pdf_variant="pdf/ua-1", pdf_identifier=b"telecontrole")
    sys.stdout.buffer.write(pdf)


if __name__ == "__main__":
    main()
