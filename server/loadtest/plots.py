"""Lines over time as inline SVG: colours by class, so that light and dark are the page's own."""

import math
from collections.abc import Sequence
from html import escape

import msgspec

WIDTH, HEIGHT = 640, 240
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 12, 34
#: Marks on an axis, about.
TICKS = 4
EDGE = 0.95


class Line(msgspec.Struct, frozen=True):
    """One curve: points (x, y); a y of None is a gap."""

    name: str
    points: Sequence[tuple[float, float | None]]


def plot(identifier: str, title: str, unit: str, lines: Sequence[Line]) -> str:
    """A figure with its description; the numbers are in the table that comes with it."""
    known = [(x, y) for line in lines for x, y in line.points if y is not None]
    if not known:
        return ""
    right = max(x for x, _ in known) or 1.0
    step = _step(max(y for _, y in known) or 1.0)
    top = step * math.ceil((max(y for _, y in known) or 1.0) / step)
    summary = " ; ".join(_summary(line, unit) for line in lines)
    return "".join(
        (
            f'<figure><figcaption id="{identifier}">{escape(title)} ({escape(unit)})</figcaption>',
            f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="{identifier}" '
            f'aria-describedby="{identifier}-d"><desc id="{identifier}-d">{escape(summary)}</desc>',
            *_across(step, top),
            *_along(right),
            *(_curve(number, line, right, top) for number, line in enumerate(lines)),
            "</svg>",
            *_legend(lines),
            "</figure>",
        )
    )


def _summary(line: Line, unit: str) -> str:
    values = [y for _, y in line.points if y is not None]
    if not values:
        return f"{line.name} : aucune mesure"
    mean = sum(values) / len(values)
    return (
        f"{line.name} : de {short(min(values))} à {short(max(values))} {unit}, "
        f"{short(mean)} en moyenne"
    )


def _step(highest: float) -> float:
    """1, 2 or 5 times a power of ten."""
    rough = highest / TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * one for one in (1, 2, 5, 10) if power * one >= rough)


def _x(value: float, right: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * value / right


def _y(value: float, top: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top


def _across(step: float, top: float) -> list[str]:
    marks = []
    for number in range(round(top / step) + 1):
        value, y = number * step, _y(number * step, top)
        marks.append(
            f'<line class="g" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{short(value)}</text>'
        )
    return marks


def _along(right: float) -> list[str]:
    step = _step(right)
    marks = [number * step for number in range(int(right / step) + 1)]
    return [
        f'<text x="{_x(value, right):.1f}" y="{HEIGHT - 10}" '
        # The last one would be cut at the edge.
        f'text-anchor="{"end" if value > EDGE * right else "middle"}">{short(value)} s</text>'
        for value in marks
    ]


def _curve(number: int, line: Line, right: float, top: float) -> str:
    path, pen = [], "M"
    for x, y in line.points:
        if y is None:
            pen = "M"
            continue
        path.append(f"{pen}{_x(x, right):.1f} {_y(y, top):.1f}")
        pen = "L"
    # A lone point is a short stroke, or it would not be seen.
    return f'<path class="c c{number}" d="{"".join(path)}h.1"/>' if path else ""


def _legend(lines: Sequence[Line]) -> list[str]:
    if len(lines) < 2:
        return []
    items = (
        f'<li><svg viewBox="0 0 24 8" aria-hidden="true"><path class="c c{number}" d="M0 4H24"/>'
        f"</svg> {escape(line.name)}</li>"
        for number, line in enumerate(lines)
    )
    return ["<ul class=legend>", *items, "</ul>"]


def short(value: float) -> str:
    """As French writes it."""
    text = f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.2g}"
    return text.replace(".", ",")
