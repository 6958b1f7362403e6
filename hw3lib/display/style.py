"""The look of all figures, without global state.

Colours tell apart under the common kinds of colour blindness and in grey print; a series is also told by its marker.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

P = ParamSpec("P")
WIDTH = 6.5  # inches: the width of the text in print, so that a figure's type is printed at its own size


@dataclass(frozen=True)
class Style:
    """The colours and sizes of every figure. Sizes are in points, at the width that is printed."""

    ink: str = "#1f2328"
    quiet: str = "#6b7280"
    rule: str = "#d8dce2"
    measured: str = "#1f6f9f"  # what this run measured
    published: str = "#c8641b"  # what the written report says
    soft: str = "#b9c6d1"  # what is there for comparison only
    right: str = "#1f6f9f"
    series: tuple[str, ...] = ("#1f6f9f", "#c8641b", "#3f8f6a", "#8a5a9e", "#5d6470", "#c9a227")
    markers: tuple[str, ...] = ("o", "D", "s", "^", "v", "P")
    text: float = 8.5
    small: float = 7.5


STYLE = Style()


def look() -> Any:
    """matplotlib's settings for the look; figures are drawn under them, nothing is set for good."""
    from matplotlib.rcsetup import cycler

    return {
        "font.family": "sans-serif", "font.size": STYLE.text, "text.color": STYLE.ink,
        "axes.titlesize": STYLE.text, "axes.titleweight": "bold", "axes.titlelocation": "left", "axes.titlepad": 6,
        "axes.labelsize": STYLE.text, "axes.labelcolor": STYLE.ink,
        "axes.edgecolor": STYLE.quiet, "axes.linewidth": 0.6, "hatch.linewidth": 0.4,
        "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True, "axes.grid": False,
        "grid.color": STYLE.rule, "grid.linewidth": 0.6,
        "axes.prop_cycle": cycler(color=STYLE.series) + cycler(marker=STYLE.markers),
        "xtick.labelsize": STYLE.small, "ytick.labelsize": STYLE.small, "xtick.color": STYLE.quiet,
        "ytick.color": STYLE.quiet, "xtick.labelcolor": STYLE.ink, "ytick.labelcolor": STYLE.ink,
        "xtick.major.width": 0.6, "ytick.major.width": 0.6, "xtick.major.size": 3, "ytick.major.size": 3,
        "legend.frameon": False, "legend.fontsize": STYLE.small, "lines.linewidth": 1.4, "lines.markersize": 4,
        "text.parse_math": False,
    }  # fmt: skip


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Draw under the common look: a decorator for functions that make figures."""

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> Figure:
        import matplotlib

        with matplotlib.rc_context(look()):
            return draw(*args, **kwargs)

    return drawn


def new_figure(width_in: float = WIDTH, height_in: float = 3.0) -> Figure:
    """An empty figure on white whose parts make room for each other. Call it inside a :func:`styled` function."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width_in, height_in), facecolor="white", layout="constrained")


def bare(axes: Axes) -> None:
    """Take the frame and its ticks away, for pictures and tables of shades; labels stay."""
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def shortened(text: str, most: int) -> str:
    """A text of at most so many characters.

    >>> shortened("a photo of a {object}", 10)
    'a photo o…'
    """
    return text if len(text) <= most else text[: most - 1] + "…"


def data_name(data: str) -> str:
    """What the measured series is called: a profile's ``data`` in words."""
    return "demo world, this run" if data == "demo" else "real data, this run"


def published_name(data: str) -> str:
    """What the published series is called beside it."""
    return {"demo": "published, real data", "other": "published, other data"}.get(data, "published")
