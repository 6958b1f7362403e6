"""What a notebook shows: tables, figures and computed prose, in a form that the report can read back.

Each function displays one bundle with several renderings of the same thing. A front end takes the HTML: a table, or a
picture with its caption, which need neither trust nor scripts; one without HTML takes the PNG. The report takes
:data:`TABLE` or :data:`FIGURE`, the content itself, and sets it in its own type. Cells, captions and alternative texts
are data: everything is escaped, nothing is ever markup.
"""

from __future__ import annotations

import base64
import html
import io
import math
import re
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from hw3lib.display.prose import decimal
from hw3lib.display.scripts import fonts, han, lacking
from hw3lib.system.errors import UserError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TABLE = "application/vnd.hw3.table+json"
FIGURE = "application/vnd.hw3.figure+json"
NOTE = "application/vnd.hw3.note+json"

Cell = str | int | float | None
Content = tuple[list[str], list[list[Cell]]]  # columns and rows of a table
Align = Literal["left", "right", "center"]
Bundle = dict[str, Any]

_PNG_DPI = 200  # pixels per inch of a figure that holds photographs: sharp in print, small enough for the page
_DASH = "–"
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_MARKS = str.maketrans({"\r": " ", "\n": " ", "\t": " "})


class Live:
    """A place on the page whose content is replaced at every call: ``show_figure(..., live=place)`` in a loop."""

    def __init__(self) -> None:
        self._handle: Any = None

    def show(self, bundle: Bundle) -> None:
        """Display the bundle the first time, replace it afterwards."""
        from IPython.display import DisplayHandle

        if self._handle is None:
            self._handle = DisplayHandle()
            self._handle.display(bundle, raw=True)
        else:
            self._handle.update(bundle, raw=True)


class Note:
    """A line below a cell that is replaced at every call: how far a computation is. The report leaves it out."""

    def __init__(self) -> None:
        self._line = Live()

    def __call__(self, sentence: str) -> None:
        self._line.show({NOTE: {}, "text/plain": sentence})


def show_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    caption: str,
    notes: str | None = None,
    align: Sequence[Align] | None = None,
    digits: int = 4,
) -> None:
    """Display a table.

    ``rows`` hold text, numbers (floats are written with ``digits`` decimals) and ``None`` (a dash). ``align`` is one
    of left, right, center per column; columns of numbers go right when it is not given. ``notes`` is a line of small
    print below. Raises :class:`UserError` when a row is not as long as ``columns``.
    """
    _show(table_bundle(columns, rows, caption, notes, align, digits))


def show_figure(figure: Figure, caption: str, alt: str = "", live: Live | None = None) -> None:
    """Display a matplotlib figure with its caption: as SVG, or as PNG when there are photographs in it.

    ``alt`` says in words what is to be seen, for those who cannot see it; the caption stands in when it is empty.
    """
    bundle = figure_bundle(figure, caption, alt)
    live.show(bundle) if live else _show(bundle)


def show_text(markdown: str) -> None:
    """Display prose that was computed, in Markdown. HTML in it is shown as text in the report."""
    _show({"text/markdown": markdown, "text/plain": markdown})


def table_bundle(
    columns: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    caption: str,
    notes: str | None = None,
    align: Sequence[Align] | None = None,
    digits: int = 4,
) -> Bundle:
    """The bundle that :func:`show_table` displays."""
    for number, row in enumerate(rows):
        if len(row) != len(columns):
            raise UserError(f"table {caption!r}: row {number} has {len(row)} cells for {len(columns)} columns: {row!r}")
    sides = list(align) if align is not None else [_side([row[i] for row in rows]) for i in range(len(columns))]
    if len(sides) != len(columns) or not set(sides) <= {"left", "right", "center"}:
        raise UserError(f"table {caption!r}: align {sides!r} does not fit {len(columns)} columns")
    content = {
        "caption": caption,
        "columns": [str(column) for column in columns],
        "rows": [[_text(cell, digits) for cell in row] for row in rows],
        "align": sides,
        "notes": notes or "",
    }
    return {TABLE: content, "text/html": _table_html(content), "text/plain": _table_text(content)}


def figure_bundle(figure: Figure, caption: str, alt: str = "") -> Bundle:
    """The bundle that :func:`show_figure` displays."""
    alt = alt or caption
    photographs = any(axes.images for axes in figure.axes) or bool(figure.images)
    png, svg, missing = _drawn(figure, photographs)
    if missing and fonts():
        _lend_fonts(figure)
        png, svg, missing = _drawn(figure, photographs)
    if missing:
        caption = f"{caption} {lacking(missing)}".strip()
    bundle: Bundle = {
        FIGURE: {"caption": caption, "alt": alt},
        "image/png": base64.b64encode(png).decode("ascii"),
        "text/html": picture_html(png, caption, alt),
        "text/plain": f"[figure] {alt}",
    }
    if not photographs:
        # matplotlib writes every text into a comment as it is; these characters no XML may hold.
        bundle["image/svg+xml"] = _NOT_XML.sub("", svg.decode("utf-8"))
    return bundle


def picture_html(png: bytes, caption: str, alt: str) -> str:
    """A picture and its caption as HTML that a notebook shows without trust: no script, nothing from elsewhere.

    A picture with photographs becomes WebP, a quarter of the size.
    """
    from PIL import Image

    with Image.open(io.BytesIO(png)) as image:
        width = round(image.width * 96 / _PNG_DPI)  # CSS pixels
    media, data = lighter(png)
    source = f"data:{media};base64,{base64.b64encode(data).decode('ascii')}"
    words = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    return f'<figure style="margin:0"><img src="{source}" alt="{html.escape(alt)}" width="{width}">{words}</figure>'


def lighter(png: bytes) -> tuple[str, bytes]:
    """A PNG's media type and bytes, or those of a WebP where that halves it; a picture with few colours stays a PNG."""
    from PIL import Image

    buffer = io.BytesIO()
    with Image.open(io.BytesIO(png)) as image:
        image.save(buffer, "WEBP", quality=88, method=4)
    webp = buffer.getvalue()
    return ("image/webp", webp) if 2 * len(webp) < len(png) else ("image/png", png)


def _render(figure: Figure, kind: str) -> bytes:
    import matplotlib

    buffer = io.BytesIO()
    # A fixed salt and no date: the same figure is the same file. Glyphs as outlines: no reader needs our fonts.
    with matplotlib.rc_context({"svg.hashsalt": "hw3lib", "svg.fonttype": "path"}):
        if kind == "png":
            figure.savefig(buffer, format="png", dpi=_PNG_DPI, metadata={"Software": None})
        else:
            figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def _drawn(figure: Figure, photographs: bool) -> tuple[bytes, bytes, set[str]]:
    """The figure as PNG and, without photographs, as SVG; and the letters that its fonts lack."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        png, svg = _render(figure, "png"), b"" if photographs else _render(figure, "svg")
    codes = (re.match(r"Glyph (\d+) .* missing from font", str(warning.message)) for warning in caught)
    return png, svg, {chr(int(code[1])) for code in codes if code}


def _lend_fonts(figure: Figure) -> None:
    """Let every text of the figure fall back to other fonts, for the characters that its own font lacks."""
    from matplotlib import font_manager
    from matplotlib.text import Text

    for path in fonts():
        font_manager.fontManager.addfont(path)
    families = [font_manager.FontProperties(fname=path).get_name() for path in fonts()]
    for text in figure.findobj(Text):
        if isinstance(text, Text):
            text.set_fontfamily([*text.get_fontfamily(), *families])
            if language := han(text.get_text()):
                text.set_language(language)


def _show(bundle: Bundle) -> None:
    from IPython.display import display

    display(bundle, raw=True)


def _side(cells: Sequence[Cell]) -> Align:
    known = [cell for cell in cells if cell is not None]
    return "right" if known and all(isinstance(cell, int | float) for cell in known) else "left"


def _text(cell: Cell, digits: int) -> str:
    if cell is None:
        return _DASH
    if isinstance(cell, float):
        if not math.isfinite(cell):
            return _DASH
        return decimal(cell, digits)
    if isinstance(cell, int) and not isinstance(cell, bool):
        return f"{cell:,}".replace(",", "\u202f") if abs(cell) >= 10_000 else str(cell)
    return str(cell)


def _table_html(content: dict[str, Any]) -> str:
    """For JupyterLab, which brings its own style for tables."""
    sides, escape = content["align"], html.escape

    def line(tag: str, cells: Sequence[str]) -> str:
        pairs = zip(cells, sides, strict=True)
        return "<tr>" + "".join(f'<{tag} style="text-align:{s}">{escape(c)}</{tag}>' for c, s in pairs) + "</tr>"

    body = "".join(line("td", row) for row in content["rows"])
    notes = f"<p><small>{escape(content['notes'])}</small></p>" if content["notes"] else ""
    return (
        f'<table><caption style="text-align:left">{escape(content["caption"])}</caption>'
        f"<thead>{line('th', content['columns'])}</thead><tbody>{body}</tbody></table>{notes}"
    )


def _table_text(content: dict[str, Any]) -> str:
    lines = [[cell.translate(_MARKS) for cell in row] for row in [content["columns"], *content["rows"]]]
    widths = [max(len(row[i]) for row in lines) for i in range(len(content["columns"]))]
    fit = {"left": str.ljust, "right": str.rjust, "center": str.center}
    drawn = ["  ".join(fit[s](c, w) for c, w, s in zip(row, widths, content["align"], strict=True)) for row in lines]
    rule = "  ".join("-" * width for width in widths)
    tail = [content["notes"]] if content["notes"] else []
    return "\n".join([content["caption"], "", drawn[0], rule, *drawn[1:], *tail])
