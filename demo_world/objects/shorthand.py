"""The shorthand that vehicles and things are drawn with: SVG elements as functions, and the shades of a coat."""

from __future__ import annotations

from random import Random

from demo_world.svg import Coat, Sketch, linear, mix

INK = "#26262c"
STEEL = "#b9bec6"
WOOD, WOOD_DARK = "#b98352", "#6b4526"
GLASS = ("#d8f0f8", "#8cc0dc", "#5f93b8")
Point = tuple[float, float]


def _alpha(name: str, value: float) -> str:
    """Opacity as a paint's, which costs resvg no layer of its own."""
    return f' {name}-opacity="{value:g}"' if value < 1 else ""


def _edge(stroke: str, width: float) -> str:
    return f' stroke="{stroke}" stroke-width="{width:g}" stroke-linejoin="round"' if stroke else ""


def path(d: str, fill: str, stroke: str = "", width: float = 2, alpha: float = 1) -> str:
    """A filled path, outlined when ``stroke`` is given."""
    return f'<path d="{d}" fill="{fill}"{_edge(stroke, width)}{_alpha("fill", alpha)}/>'


def line(d: str, stroke: str, width: float, alpha: float = 1, cap: str = "round") -> str:
    """An open stroke, with round ends unless told."""
    return (
        f'<path d="{d}" fill="none" stroke="{stroke}" stroke-width="{width:g}" '
        f'stroke-linecap="{cap}" stroke-linejoin="round"{_alpha("stroke", alpha)}/>'
    )


def rect(x: float, y: float, w: float, h: float, fill: str, r: float = 0, stroke: str = "", width: float = 2) -> str:
    """A rectangle with corners of radius ``r``."""
    place = f'x="{x:g}" y="{y:g}" width="{w:g}" height="{h:g}" rx="{r:g}"'
    return f'<rect {place} fill="{fill}"{_edge(stroke, width)}/>'


def oval(
    x: float, y: float, rx: float, ry: float, fill: str, stroke: str = "", width: float = 2, alpha: float = 1
) -> str:
    """An ellipse."""
    place = f'cx="{x:g}" cy="{y:g}" rx="{rx:g}" ry="{ry:g}"'
    return f'<ellipse {place} fill="{fill}"{_edge(stroke, width)}{_alpha("fill", alpha)}/>'


def disc(x: float, y: float, r: float, fill: str, stroke: str = "", width: float = 2, alpha: float = 1) -> str:
    """A circle."""
    return oval(x, y, r, r, fill, stroke, width, alpha)


def tag_for(kind: str, rng: Random) -> str:
    """A prefix for the ids of one sketch, so that two sketches of a kind may share an SVG."""
    return f"{kind.replace(' ', '-')}-{rng.getrandbits(32):08x}"


def volume(tag: str, coat: Coat, x2: float = 0, y2: float = 1) -> str:
    """The gradient ``{tag}-body``: a coat lit from above (or along ``x2, y2``)."""
    high, low = mix(coat.main, coat.light, 0.55), mix(coat.main, coat.dark, 0.5)
    return linear(f"{tag}-body", high, coat.main, coat.main, low, x2=x2, y2=y2)


def sideways(name: str, *stops: str) -> str:
    """A linear gradient's definition, from left to right."""
    return linear(name, *stops, x2=1, y2=0)


def contrast(coat: Coat, rng: Random) -> str:
    """A trim colour that stays clear of the coat: cream on colours, a colour on white."""
    if coat.name == "white":
        return rng.choice(("#2f6fce", "#d6322e", "#3f9b45", "#ee8425"))
    choices = ["#f4efe0", "#fff7dc"]
    if coat.name in ("blue", "green", "purple", "black", "brown", "gray"):
        choices.append("#f3cb2d")
    return rng.choice(choices)


def edge_of(coat: Coat) -> str:
    """The outline colour of a coat."""
    return mix(coat.dark, "#000000", 0.12) if coat.name != "white" else "#8e8c86"


def scaled(body: str, width: float, height: float, standing: float, **points: Point) -> Sketch:
    """A sketch whose points say how many units the kind's metres are."""
    return Sketch(body, width, height, {**points, "scale": (standing, 0.0)})


def wheel(x: float, y: float, r: float, hub: str = STEEL, spokes: int = 5) -> str:
    """A road wheel: tyre, rim and a few dark spokes."""
    inner = r * 0.58
    parts = [disc(x, y, r, INK), disc(x, y, r * 0.8, "#3a3a42"), disc(x, y, inner, hub, "#f6f6f4", r * 0.06)]
    if spokes == 5:
        turns = ((0, -1), (0.951, -0.309), (0.588, 0.809), (-0.588, 0.809), (-0.951, -0.309))
        d = "".join(f"M{x:g},{y:g} l{a * inner * 0.85:.1f},{b * inner * 0.85:.1f} " for a, b in turns)
        parts.append(line(d, mix(hub, INK, 0.45), r * 0.11))
    parts.append(disc(x, y, r * 0.2, mix(hub, INK, 0.65)))
    return "".join(parts)


def pane(d: str, tag: str, frame: str, width: float = 1.8) -> str:
    return path(d, f"url(#{tag}-glass)", frame, width)


def glass(tag: str) -> str:
    return linear(f"{tag}-glass", *GLASS, x2=0.3)


def turned(body: str, angle: float, x: float, y: float) -> str:
    return f'<g transform="rotate({angle:g} {x:g} {y:g})">{body}</g>'


def mound(width: float, y: float, tall: float, colour: str) -> str:
    """A heap of sand or snow across the foot of a thing; it ends exactly at ``y``."""
    low = mix(colour, "#6f6a78", 0.3)
    return path(
        f"M1,{y:g} Q{width * 0.2:g},{y - tall * 1.1:g} {width * 0.48:g},{y - tall:g} T{width - 1:g},{y:g} Z", colour
    ) + path(
        f"M{width * 0.5:g},{y:g} Q{width * 0.75:g},{y - tall * 0.3:g} {width * 0.82:g},{y - tall * 0.55:g} "
        f"Q{width * 0.93:g},{y - tall * 0.3:g} {width - 1:g},{y:g} Z",
        low,
        alpha=0.6,
    )
