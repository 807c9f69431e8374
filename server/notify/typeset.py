"""A letter set twice, as plain text and as HTML, so that the two never differ."""

import re
import textwrap
from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from .letters import Block, Facts, Heading, Letter, Link, Paragraph, Right
from .wording import TEMPLATE, Wording

WIDTH = 76
#: Where a line must not end: inside a number or an hour, before a French sign.
_HELD = re.compile(r" (?=[:;?!»])|(?<=«) |(?<=\d) (?=h \d\d)|(?<=\d h) (?=\d\d)|(?<=\d) (?=\d)")
_NO_BREAK = "\u00a0"


def plain(letter: Letter, wording: Wording) -> str:
    """Complete without the HTML."""
    colon = wording.language.colon
    blocks = (_plain(block, colon) for block in letter.blocks)
    return "\n\n".join([_underlined(letter.title, "="), *blocks]) + "\n"


def html(letter: Letter, wording: Wording) -> str:
    """No image, no script, no address but those of the letter (row CN-10)."""
    language = wording.language
    return template().render(
        letter=letter,
        lang=language.tag,
        dir="rtl" if language.rtl else "ltr",
        held=_held,
    )


def _plain(block: Block, colon: str) -> str:
    match block:
        case Heading(text):
            return "\n" + _underlined(text, "-")
        case Paragraph(text):
            return _wrapped(text)
        case Facts(rows):
            return "\n".join(f"{label}{colon}{value}" for label, value in rows)
        case Link(label, hint, url, button):
            return f"{label if button else _wrapped(hint)}\n{url}"
        case Right(title, text, url):
            return "\n".join(filter(None, (f"* {title}", _wrapped(text), url)))


def _underlined(text: str, line: str) -> str:
    return f"{text}\n{line * len(text)}"


def _wrapped(text: str) -> str:
    filled = textwrap.fill(_held(text), WIDTH, break_long_words=False, break_on_hyphens=False)
    return filled.replace(_NO_BREAK, " ")


def _held(text: str) -> str:
    return _HELD.sub(_NO_BREAK, text)


@cache
def template() -> Template:
    """Compiled once."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATE.parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(TEMPLATE.name)
