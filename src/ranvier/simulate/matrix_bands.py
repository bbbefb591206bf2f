"""The null band of the EDSS by a matrix of transitions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ranvier import course
from ranvier.errors import InputError, require_choice
from ranvier.result import plural
from ranvier.simulate._edss_bands import edss_bands, estimate_of, observed_of
from ranvier.simulate._null_engine import draw_states
from ranvier.simulate._null_patients import (
    History,
    Known,
    changes_of,
    histories_of,
    known_patients,
    people_of,
    plan_of,
    refusals_of,
)
from ranvier.simulate._streams import digest, stream, whole
from ranvier.simulate.matrices import NO_FALL, TransitionMatrix
from ranvier.simulate.null_result import NullBand
from ranvier.simulate.phenotypes import PHENOTYPES
from ranvier.simulate.scenarios import SCENARIOS, Scenario
from ranvier.trial import Trial

__all__ = ["null_band_of_matrix"]

FEWEST_TRIALS = 100
RECENT_DAYS = 365.0
"""Days before the first dose within which an attack may still be recovering."""
METHOD = (
    "The patients of this trial were simulated {n_trials} times with no treatment effect: course, EDSS and "
    "day of the baseline and day of the final visit as recorded; the state behind the baseline drawn given "
    "what was written, all states being equally likely before; then transitions by the matrix, and the error "
    "of the examiner."
)
AVERAGE = (
    "A matrix gives the change of the average patient at an EDSS: it knows nothing of the attacks of these "
    "patients, so that relapses and new lesions have no band here."
)


def null_band_of_matrix(
    trial: Trial,
    matrices: Sequence[TransitionMatrix] | TransitionMatrix,
    *,
    seed: int,
    n_trials: int = 10_000,
    rule: course.ChangeRule | str | None = None,
    visit: str | None = None,
) -> NullBand:
    """Give what the EDSS of the patients of a trial does by a transition matrix, beside what was observed.

    Parameters
    ----------
    trial : Trial
        The trial at hand; its treated patients with a known course.
    matrices : TransitionMatrix or sequence of TransitionMatrix
        One for each course among them, of patients without the treatment.
    seed : int
        Equal seeds give equal results.
    n_trials : int
        Virtual trials, 100 or more.
    rule : ChangeRule or str, optional
        What counts as improved; that of the EDSS endpoint when None.
    visit : str, optional
        Label of the final visit; that of the EDSS endpoint when None.

    Returns
    -------
    NullBand
        Distributions of patients improved, mean change of EDSS and largest fall in one patient, each with the
        error of one trained examiner ("low") and of changing examiners ("high"). `interpretable` is False,
        and `refusals` says why, when the last attack or rescue of a patient who can have attacks is not known
        or less than a year before the first dose, or when a matrix allows no improvement; then `bands` is
        empty.

    Raises
    ------
    InputError
        When the trial plans no visits, a course has no matrix or two, a baseline cannot be written from any
        state, or an argument is not possible.

    Notes
    -----
    `null_band` draws patients given their attacks; a matrix cannot, since its rows are averages over patients
    with and without recent attacks. That is why a recent attack makes improvement uninterpretable here even
    when its day is known.

    Examples
    --------
    >>> import ranvier as rv
    >>> from ranvier.cli.demo import examples
    >>> dahbour = rv.read_trial(examples() / "dahbour_2017")
    >>> made_up = [
    ...     rv.simulate.TransitionMatrix(
    ...         phenotype=name,
    ...         states=(2.0, 4.0, 6.0),
    ...         probabilities=((0.8, 0.2, 0.0), (0.1, 0.7, 0.2), (0.0, 0.1, 0.9)),
    ...         cycle_days=365.25,
    ...     )
    ...     for name in ("RRMS", "SPMS")
    ... ]
    >>> band = rv.simulate.null_band_of_matrix(dahbour, made_up, seed=1, n_trials=1000)
    >>> [part.endpoint for part in band.bands][::2], band.interpretable
    (['responders', 'edss_change', 'largest_fall'], False)
    """
    n = whole("n_trials", n_trials, FEWEST_TRIALS)
    whole("seed", seed, 0)
    if not isinstance(trial, Trial):
        raise InputError(f"trial is a {type(trial).__name__}; give a Trial, such as from read_trial.")
    if not trial.protocol.visits:
        raise InputError("trial.toml plans no visits; add [[visits]] with label, day and window.")
    by_course = _by_course(matrices)
    planned_rule, planned_visit = plan_of(trial)
    judged = rule if isinstance(rule, course.ChangeRule) else course.change_rule(rule or planned_rule)
    final = visit or planned_visit
    require_choice("visit", final, trial.protocol.schedule["visit"])
    rows = changes_of(trial, judged, final)
    histories = histories_of(trial, people_of(trial)["subject"].to_list())
    known, left_out = known_patients(rows, histories)
    lacking = [part.phenotype for part in known if part.phenotype not in by_course]
    if lacking:
        raise InputError(f"there are patients with {lacking[0]}, but no matrix of {lacking[0]}; give one.")
    used = [by_course[part.phenotype] for part in known]
    refusals = (*refusals_of(rows, histories), *_recent(known), *_smoothed(used))
    what = digest(
        [trial.protocol.id, judged.to_dict(), final, rows.to_dicts(), n, [m.to_dict() for m in used]]
    )

    def draw(parts: list[Known], each: Scenario) -> list[NDArray[np.int8]]:
        rng = stream(seed, what, each.name, 0)
        return [draw_states(rng, part, each, n, by_course[part.phenotype]) for part in parts]

    usable = known if all(matrix.allows_improvement for matrix in used) else []
    bands = edss_bands(
        usable,
        list(SCENARIOS.values()),
        judged,
        draw,
        when=f"at {final}",
        observed=observed_of(usable, judged),
    )
    return NullBand(
        title="Null band by a transition matrix: what happens with no treatment effect",
        estimates=tuple(estimate_of(band, left_out) for band in bands),
        method_text=METHOD.format(n_trials=f"{n:,}"),
        diagnostics={"seed": seed, "n_trials": n, "rule": judged.name, "visit": final},
        notes=(AVERAGE, *dict.fromkeys(note for matrix in used for note in matrix.notes)),
        bands=tuple(bands),
        interpretable=not refusals,
        refusals=refusals,
        assumptions=tuple(matrix.explain() for matrix in used),
    )


def _by_course(matrices: Sequence[TransitionMatrix] | TransitionMatrix) -> dict[str, TransitionMatrix]:
    given = [matrices] if isinstance(matrices, TransitionMatrix) else list(matrices)
    for each in given:
        if not isinstance(each, TransitionMatrix):
            raise InputError(
                f"matrices holds a {type(each).__name__}; give TransitionMatrix, as read_matrix does."
            )
    found = {matrix.phenotype: matrix for matrix in given}
    if len(found) < len(given) or not found:
        raise InputError(
            f"matrices are of {[matrix.phenotype for matrix in given]}; give one for each course, and one at "
            "least."
        )
    return found


def _recent(known: list[Known]) -> tuple[str, ...]:
    """Refuse what depends on recovery from an attack."""
    relapsing: list[History] = [
        history for part in known if PHENOTYPES[part.phenotype].relapsing for history in part.histories
    ]
    n = sum(any(day >= -RECENT_DAYS for day in history.attacks) for history in relapsing)
    if not n:
        return ()
    sentence = (
        f"Improvement cannot be interpreted: {n} of {plural(len(relapsing), 'patient')} who can have attacks "
        "had one in the year before the first dose, and a matrix knows nothing of the recovery from it. Use "
        "null_band."
    )
    return (sentence,)


def _smoothed(matrices: list[TransitionMatrix]) -> tuple[str, ...]:
    wrong = [matrix.phenotype for matrix in matrices if not matrix.allows_improvement]
    return (f"{NO_FALL} (Course: {', '.join(wrong)}.)",) if wrong else ()
