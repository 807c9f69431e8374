"""The HTML of a mail: loads nothing, leads home only, says what the plain text says."""

import re
from collections import Counter
from html.parser import HTMLParser

import pytest
from message_scenes import APPOINTMENT, APPOINTMENTS, CANCELS, LINK, ORIGIN, rendered
from message_words import SAID, words

from controle.convocation import Canal, GenreEnvoi
from server.notify import wording
from server.notify.messages import LANGUAGES

each_language = pytest.mark.parametrize("language", LANGUAGES)
each_appointment = pytest.mark.parametrize("kind", APPOINTMENTS)


class Page(HTMLParser):
    """What a mail reader would see: tags, addresses, words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self._silent = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self._silent = tag in ("style", "title")

    def handle_endtag(self, tag: str) -> None:
        self._silent = False

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.text += data + " "


@each_language
@each_appointment
@pytest.mark.row("CN-10")
def test_the_html_loads_nothing_and_leads_to_the_origin_only(
    language: str, kind: GenreEnvoi
) -> None:
    html = rendered(kind, Canal.COURRIEL, language).html

    page = Page(html)

    allowed = {"html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "h3", "p",
               "dl", "dt", "dd", "a", "br", "span"}  # fmt: skip
    assert set(page.tags) <= allowed
    assert page.tags["a"] == (kind not in CANCELS)
    assert {n for _, n, _ in page.attributes} <= {
        "lang", "dir", "charset", "name", "content", "class", "href"
    }  # fmt: skip
    assert "url(" not in html
    assert "@import" not in html
    addresses = re.findall(r"[a-z][a-z+.-]*://[^\s\"<]*|www\.[^\s<]*", html)
    assert all(address.startswith(f"{ORIGIN}/") for address in addresses)


@each_language
@pytest.mark.row("AC-06")
def test_the_html_says_its_language_and_its_direction(language: str) -> None:
    page = Page(rendered(GenreEnvoi.CONVOCATION, Canal.COURRIEL, language).html)

    assert ("html", "lang", language.removesuffix("-falc")) in page.attributes
    assert ("html", "dir", SAID[language].direction) in page.attributes


@each_language
@each_appointment
@pytest.mark.row("CN-10")
def test_the_plain_text_says_all_that_the_html_says(language: str, kind: GenreEnvoi) -> None:
    message = rendered(kind, Canal.COURRIEL, language)
    hint = words(wording.wording(language).say("page.hint"))

    missing = Counter(words(Page(message.html).text)) - Counter(words(message.text))

    assert not missing - Counter(hint) - Counter(words(LINK))


def test_the_address_of_a_right_to_left_message_is_read_from_left_to_right() -> None:
    message = rendered(GenreEnvoi.CONVOCATION, Canal.COURRIEL, "ar")

    assert f"\u2068{APPOINTMENT.helpline}\u2069" in message.text
    assert f"\n{LINK}\n" in message.text
    assert f'dir="ltr">{LINK}<' in message.html
    assert "\u2068" not in message.subject
