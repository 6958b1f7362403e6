r"""Mathematics in TeX's notation, as ``$x^2$`` in Markdown: MathML for the page, a drawing for print.

latex2mathml reads it for the page. What it gives is rebuilt from the elements and attributes of presentation MathML
alone (MathML Core, W3C), since it passes on links, styles and bare markup. matplotlib's mathtext draws it for print:
typst does not read TeX. What either cannot read is shown as it was typed.
"""

from __future__ import annotations

import html
import io
import re
from dataclasses import dataclass
from xml.etree import ElementTree

_ELEMENTS = """
    math mrow mi mn mo mtext mspace mfrac msqrt mroot mstyle mpadded mphantom msub msup msubsup munder mover munderover
    mmultiscripts mtable mtr mtd menclose
""".split()  # noqa: SIM905
_ATTRIBUTES = """
    xmlns display displaystyle mathvariant stretchy fence separator form lspace rspace minsize maxsize movablelimits
    linethickness accent accentunder columnalign rowspacing columnspacing width height depth notation scriptlevel
""".split()  # noqa: SIM905
_SIZE = 10.5  # pt, that of the text in print
_DPI = 1440  # at which a drawing is measured: its sizes are whole dots
# TeX's short names that mathtext has under their long ones alone.
_LONG = {"le": "leq", "ge": "geq", "ne": "neq", "to": "rightarrow", "land": "wedge", "lor": "vee", "lnot": "neg"}


def mathml(tex: str, block: bool = False) -> str | None:
    r"""MathML of a formula, ``None`` where it cannot be read.

    >>> print(mathml("x^2"))
    <math ...><mrow><msup><mi>x</mi><mn>2</mn></msup></mrow></math>
    >>> "<script>" in mathml(r"\text{<script>alert(1)</script>}")
    False
    """
    from latex2mathml.converter import convert_to_element

    try:
        tree = convert_to_element(tex, display="block" if block else "inline")
    except Exception:  # it has many ways to fail on what is no TeX, IndexError and KeyError among them
        return None
    return ElementTree.tostring(_rebuilt(tree), encoding="unicode")


def _rebuilt(element: ElementTree.Element) -> ElementTree.Element:
    """The element with what presentation MathML allows; of another element the text stays."""
    name = element.tag if element.tag in _ELEMENTS else "mtext"
    attributes = {key: value for key, value in element.attrib.items() if key in _ATTRIBUTES}
    copy = ElementTree.Element(name, attributes)
    copy.text = html.unescape(element.text) if element.text else None
    copy.extend(map(_rebuilt, element))
    return copy


@dataclass(frozen=True)
class Drawing:
    """A formula as SVG; sizes in inches, ``depth`` below the baseline."""

    svg: bytes
    width: float
    height: float
    depth: float


def drawn(tex: str) -> Drawing | None:
    """A formula drawn at the size of the text, ``None`` where it cannot be read."""
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties
    from matplotlib.mathtext import MathTextParser

    properties = FontProperties(size=_SIZE, math_fontfamily="stix")
    long = re.sub(r"\\([a-z]+)", lambda match: "\\" + _LONG.get(match[1], match[1]), " ".join(tex.split()))
    text = f"${long}$"
    try:
        parsed = MathTextParser("path").parse(text, dpi=_DPI, prop=properties)
    except (ValueError, RuntimeError):
        return None
    width, height, depth = (float(side) / _DPI for side in parsed[:3])
    if width <= 0 or height <= 0:
        return None
    figure = Figure(figsize=(width, height))
    figure.text(0, depth / height, text, fontproperties=properties)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    return Drawing(buffer.getvalue(), width, height, depth)
