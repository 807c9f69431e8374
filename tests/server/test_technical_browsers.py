"""What a User-Agent header becomes: one of eight words, whatever it holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.technical.browsers import FAMILIES, family

KNOWN = {
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 "
    "Safari/537.36": "chrome_ordinateur",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0": "chrome_ordinateur",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
    "SamsungBrowser/29.0 Chrome/136.0.0.0 Mobile Safari/537.36": "chrome_mobile",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0":
        "firefox_ordinateur",
    "Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0": "firefox_mobile",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/26.0 Mobile/15E148 Safari/604.1": "safari_mobile",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) CriOS/142.0 Mobile/15E148 Safari/604.1": "safari_mobile",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/26.0 Safari/605.1.15": "safari_ordinateur",
    "curl/8.5.0": "autre_ordinateur",
    "": "autre_ordinateur",
}  # fmt: skip


@pytest.mark.row("ST-04")
@pytest.mark.parametrize(("header", "word"), KNOWN.items())
def test_a_browser_is_of_the_family_whose_engine_carries_the_call(header: str, word: str) -> None:
    assert family(header) == word


@given(st.text(max_size=2_000) | st.sampled_from(["Mobi", "Chrome/", "Firefox/"]).map("x".join))
def test_whatever_is_sent_only_eight_words_come_out(header: str) -> None:
    assert family(header) in FAMILIES


def test_what_is_far_behind_is_not_read() -> None:
    assert family("x" * 600 + "Firefox/145.0") == "autre_ordinateur"
