"""Pictures of studies: what is drawn where, and what must never be drawn wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import ranvier as rv

TRIALS = {
    "study": ["A", "B", "C", "D"],
    "events": [4, 6, 3, 2],
    "n": [20, 30, 23, 40],
    "events_control": [11, 9, 11, 12],
    "n_control": [22, 30, 24, 38],
}
RATIOS = rv.evidence.pool(rv.evidence.effect_size(TRIALS, measure="risk ratio"))
Y, V = RATIOS.studies["effect"].to_numpy(), RATIOS.studies["variance"].to_numpy()


def words(ax) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_a_forest_plot_holds_columns_weights_and_numbers_of_every_study() -> None:
    ax = rv.evidence.forest_plot(RATIOS, columns={"treated": ["4/20", "6/30", "3/23", "2/40"]})
    written = words(ax)
    assert "4/20" in written
    assert "treated" in written
    assert sum(word.endswith(" %") and word[0].isdigit() for word in written) == 4
    assert any(word.startswith("Between studies: tau²") for word in written)
    assert ax.get_xscale() == "log"


def test_a_huge_interval_ends_in_arrows_and_keeps_its_numbers() -> None:
    pool = rv.evidence.pool([0.1, 0.2, 0.0, 0.3], [0.04, 0.05, 0.03, 400.0])
    ax = rv.evidence.forest_plot(pool)
    low, high = ax.get_xlim()
    assert -5 < low < high < 5
    markers = [line.get_marker() for line in ax.lines]
    assert markers.count("<") == markers.count(">") == 1
    assert any("(−38.90 to 39.50)" in word for word in words(ax))


def test_stated_limits_are_kept_and_studies_beyond_them_are_arrows() -> None:
    ax = rv.evidence.forest_plot(RATIOS, limits=(0.5, 2.0))
    assert ax.get_xlim() == (0.5, 2.0)
    assert "<" in [line.get_marker() for line in ax.lines]


@pytest.mark.parametrize("k", [1, 3, 40])
def test_every_word_of_a_forest_plot_lies_inside_the_figure_and_covers_no_other(k: int) -> None:
    names = [
        "the longest name of a trial of cells that anybody has given to one so far, 2019",
        *["Lu"] * (k - 1),
    ]
    v = np.linspace(0.02, 0.4, k)
    ax = rv.evidence.forest_plot(rv.evidence.pool(np.sin(np.arange(k)), v, studies=names))
    figure = ax.get_figure()
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in [*ax.texts, *ax.get_yticklabels()] if text.get_text()]
    width, height = figure.get_size_inches() * figure.dpi
    assert all(box.x0 >= 0 and box.x1 <= width and box.y0 >= 0 and box.y1 <= height for box in boxes)
    covered = [
        (one, other)
        for place, one in enumerate(boxes)
        for other in boxes[place + 1 :]
        if one.overlaps(other) and min(one.y1, other.y1) - max(one.y0, other.y0) > 1
    ]
    assert covered == []


def test_a_funnel_has_large_studies_on_top_and_reads_ratios() -> None:
    ax = rv.evidence.funnel_plot(RATIOS)
    bottom, top = ax.get_ylim()
    assert bottom > top == 0
    drawn = np.asarray(ax.collections[0].get_offsets())
    assert drawn[:, 0] == pytest.approx(Y)
    assert drawn[:, 1] == pytest.approx(np.sqrt(V))
    ticks = dict(zip(ax.get_xticks(), [label.get_text() for label in ax.get_xticklabels()], strict=True))
    assert all(float(name) == pytest.approx(np.exp(place)) for place, name in ticks.items())


def test_filled_studies_are_drawn_open_and_only_for_their_own_pool() -> None:
    pool = rv.evidence.pool(
        [0.1, 0.15, 0.2, 0.5, 0.7, 0.9], [0.01, 0.01, 0.02, 0.1, 0.15, 0.2], method="common"
    )
    found = rv.evidence.trim_and_fill(pool)
    ax = rv.evidence.funnel_plot(pool, filled=found)
    assert len(ax.collections[1].get_offsets()) == 2
    assert "2 mirrored studies" in ax.get_title()


def test_the_line_of_a_radial_plot_is_the_pooled_value() -> None:
    line = rv.evidence.radial_plot(RATIOS).lines[0]
    (_, end), (_, height) = line.get_data()
    assert height / end == pytest.approx(RATIOS.diagnostics["value"])


def test_the_line_of_a_labbe_plot_is_the_pooled_ratio() -> None:
    for measure in ("risk ratio", "odds ratio", "risk difference", "peto odds ratio"):
        pool = rv.evidence.pool(rv.evidence.effect_size(TRIALS, measure=measure))
        line = rv.evidence.labbe_plot(pool, TRIALS).lines[1]
        control, treated = (np.asarray(each)[200] for each in line.get_data())
        if measure == "risk ratio":
            found = treated / control
        elif measure == "risk difference":
            found = treated - control
        else:
            found = treated / (1 - treated) / (control / (1 - control))
        assert found == pytest.approx(pool.estimates[0].value)


@pytest.mark.parametrize("interval", ["wald", "t", "knapp-hartung"])
def test_a_drapery_crosses_its_level_at_the_interval(interval: str) -> None:
    pool = rv.evidence.pool(Y, V, interval=interval)
    curve = next(line for line in rv.evidence.drapery_plot(pool).lines if line.get_linewidth() > 2)
    x, p = (np.asarray(each) for each in curve.get_data())
    inside = x[p > 0.05]
    step = x[1] - x[0]
    assert inside[0] == pytest.approx(pool.diagnostics["low"], abs=step)
    assert inside[-1] == pytest.approx(pool.diagnostics["high"], abs=step)


@pytest.mark.parametrize("name", ["forest_plot", "funnel_plot", "radial_plot", "drapery_plot"])
def test_one_study_is_drawn(name: str) -> None:
    ax = getattr(rv.evidence, name)(rv.evidence.pool([0.4], [0.04]))
    ax.get_figure().draw_without_rendering()


def test_pictures_are_drawn_where_they_are_asked_for() -> None:
    from matplotlib.figure import Figure

    for name in ("forest_plot", "funnel_plot", "radial_plot", "baujat_plot", "drapery_plot"):
        ax = Figure().add_subplot()
        assert getattr(rv.evidence, name)(RATIOS, ax) is ax


def test_a_study_without_an_effect_of_its_own_keeps_its_row() -> None:
    alone = RATIOS.studies.with_columns(
        pl.when(pl.col("study") != "B").then(pl.col("effect", "variance")).otherwise(None)
    )
    ax = rv.evidence.forest_plot(replace(RATIOS, studies=alone))
    assert "not estimable alone" in words(ax)
    assert [label.get_text() for label in ax.get_yticklabels()][:4] == ["A", "B", "C", "D"]
