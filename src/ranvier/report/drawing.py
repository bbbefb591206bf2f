"""Draw with matplotlib, and give SVG that follows the page: its text, its colours, its light and dark."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ranvier.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "DAYS_PER_MONTH",
    "INK",
    "LANES_SHOWN",
    "RULE",
    "SERIES",
    "SOFT",
    "draw",
    "draw_plot",
    "month_axis",
    "name_lanes",
    "short",
]

DAYS_PER_MONTH = 30.4375
"""Mean length of a calendar month, days."""
LANES_SHOWN = 40
"""Patients drawn in one figure; more cannot be told apart on a page."""
MONTH_MARKS = 9
"""Most marks on an axis of months."""
ROOM = 600.0
"""Least width of a plot that makes its own figure, in points."""
NAME_SHOWN = 24
"""Letters of a patient's name in a figure; the table behind it has the whole name."""

# Colours that stand for the page's own; they are replaced by CSS variables in the SVG.
INK, SOFT, RULE, PAPER = "#1c2331", "#565f71", "#d5d9e1", "#fdfdfc"
SERIES = ("#0b62a5", "#b34701", "#00795d", "#9b3f87", "#6b5b01", "#4d6a8b")
_VARIABLES = {
    INK: "--ink",
    "#1b4f8a": "--s1",  # of forest plots, which are drawn outside of reports too
    "#555555": "--soft",
    SOFT: "--soft",
    RULE: "--rule",
    PAPER: "--paper",
    **{colour: f"--s{place}" for place, colour in enumerate(SERIES, start=1)},
}
_GREYS = {
    "#000000": "--ink",
    "#ffffff": "--paper",
    "#404040": "--ink",
    "#595959": "--soft",
    "#e5e5e5": "--rule",
}
"""Black, white and greys of results that are drawn to be printed; pictures of scans keep them as they are."""
_SETTINGS: dict[Any, Any] = {
    "text.parse_math": False,  # a name from the data is never a formula
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "ranvier",  # ids do not depend on chance
    "font.family": "DejaVu Sans",  # ships with matplotlib, so the layout is the same everywhere
    "font.size": 9.0,
    "text.color": INK,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "grid.color": RULE,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "lines.linewidth": 1.6,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
}


@contextmanager
def _house_style() -> Iterator[None]:
    import matplotlib as mpl
    from cycler import cycler

    with mpl.rc_context({**_SETTINGS, "axes.prop_cycle": cycler(color=SERIES)}):
        yield


def draw(
    key: str,
    paint: Callable[[Figure], None],
    *,
    size: tuple[float, float],
    title: str,
    greys: bool = False,
) -> str:
    """Paint a figure and give it as SVG for a page.

    Parameters
    ----------
    key : str
        Prefix of every id inside, so that several drawings can stand on one page.
    paint : callable
        Draws on the figure it is given.
    size : tuple of float
        Width and height in inches.
    title : str
        Name of the drawing for people who cannot see it.
    greys : bool
        Whether black, white and greys stand for the page's own colours, too.

    Returns
    -------
    str
        An `<svg>` element; the same input gives the same bytes.

    Examples
    --------
    >>> svg = draw("dot", lambda figure: figure.add_subplot().plot([1], [2]), size=(2, 2), title="A dot")
    >>> svg.startswith("<svg"), 'role="img"' in svg
    (True, True)
    """
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with _house_style():
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasSVG(figure)
        paint(figure)
        return _for_page(_svg(figure), key, title, _VARIABLES | _GREYS if greys else _VARIABLES)


def draw_plot(key: str, plot: Callable[[], Axes], *, title: str) -> str:
    """Give a plot that makes its own figure as SVG for a page, cut to what is drawn.

    Parameters
    ----------
    key, title : str
        As for `draw`.
    plot : callable
        Gives axes on a figure of their own, such as the `plot` of a result.

    Returns
    -------
    str
        An `<svg>` element.

    Examples
    --------
    >>> import ranvier as rv
    >>> svg = draw_plot("forest", rv.evidence.pool([0.1, 0.2], [0.1, 0.1]).plot, title="Two studies")
    >>> svg.startswith("<svg")
    True
    """
    from matplotlib.figure import Figure

    with _house_style():
        figure = plot().get_figure()
        if not isinstance(figure, Figure):
            raise InputError(f"the plot of {title!r} stands on no figure.")
        svg = _for_page(_svg(figure, bbox_inches="tight", pad_inches=0.05), key, title, _VARIABLES | _GREYS)
    # Room on the right where a plot is narrow, so that letters are as large in every figure of a page.
    return re.sub(
        r'viewBox="0 0 ([\d.]+) ', lambda box: f'viewBox="0 0 {max(float(box[1]), ROOM):g} ', svg, count=1
    )


def _svg(figure: Figure, **options: Any) -> str:
    """Give a figure as SVG text."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    FigureCanvasSVG(figure)
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # Text stays text: the reader's own fonts draw the letters that this one lacks.
        for words in (
            r"Glyph \d+ .* missing from font",
            r"Matplotlib currently does not support \w+ natively",
        ):
            warnings.filterwarnings("ignore", message=words, category=UserWarning)
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None}, **options)
    return buffer.getvalue().decode("utf-8")


def month_axis(ax: Axes) -> None:
    """Mark months from the first dose at quarters, half years or years, as they fit.

    Parameters
    ----------
    ax : matplotlib Axes
        Axes with months from the first dose on the horizontal axis.

    Returns
    -------
    None
        The axes are changed in place.
    """
    from matplotlib.ticker import MultipleLocator

    first, last = ax.get_xlim()
    step = next((months for months in (1, 3, 6, 12, 24, 60) if (last - first) / months <= MONTH_MARKS), 120)
    ax.xaxis.set_major_locator(MultipleLocator(step))
    ax.set_xlabel("months from the first dose")


def short(text: str, *, letters: int = NAME_SHOWN) -> str:
    """Cut the middle out of a long name, so that a figure keeps room for what it shows.

    Parameters
    ----------
    text : str
        The name.
    letters : int
        Most letters to keep.

    Returns
    -------
    str
        The name, or its two ends around an ellipsis.

    Examples
    --------
    >>> short("P1"), short("a-very-long-name-of-a-patient", letters=9)
    ('P1', 'a-ve…ient')
    """
    if len(text) <= letters:
        return text
    end = (letters - 1) // 2
    return f"{text[: letters - 1 - end]}…{text[-end:]}"


def name_lanes(ax: Axes, names: Sequence[str], *, letters: int = NAME_SHOWN) -> None:
    """Write a name beside each lane, the first on top.

    Parameters
    ----------
    ax : matplotlib Axes
        Axes with lane 0, 1, 2 … on the vertical axis.
    names : sequence of str
        One name for each lane.
    letters : int
        Most letters of a name that are shown.

    Returns
    -------
    None
        The axes are changed in place.
    """
    ax.set_yticks(range(len(names)), [short(name, letters=letters) for name in names])


def _for_page(svg: str, key: str, title: str, colours: Mapping[str, str]) -> str:
    """Cut the prologue, make ids unique, and let the page set colours and font."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>\s*", "", body, flags=re.DOTALL)
    body = re.sub(r"<!--.*?-->\s*|<style.*?</style>\s*", "", body, flags=re.DOTALL)
    body = re.sub(
        r"<[^>]*>", lambda tag: _tag_for_page(tag.group(), key, colours), body
    )  # never text from the data
    label = title.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    box = re.search(r'viewBox="[^"]+"', body)
    opening = f'<svg {box.group() if box else ""} role="img" aria-label="{label}">'
    return opening + body[body.index(">") + 1 :].rstrip()


def _tag_for_page(tag: str, key: str, colours: Mapping[str, str]) -> str:
    """Change ids, links, fonts and colours inside one tag."""
    tag = re.sub(r'\bid="([^"]+)"', rf'id="{key}-\1"', tag)
    tag = re.sub(r"url\(#([^)]+)\)", rf"url(#{key}-\1)", tag)
    tag = re.sub(r'(xlink:)?href="#([^"]+)"', rf'href="#{key}-\2"', tag)
    tag = re.sub(r"font: ([\d.]+px) [^;\"]+", r"font-size: \1", tag)
    tag = re.sub(r"font-family: [^;\"]+;?", "", tag)
    for colour, variable in colours.items():
        tag = tag.replace(colour, f"var({variable}, {colour})")
    return tag
