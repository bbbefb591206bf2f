"""Stopping rules that were published with their numbers."""

from __future__ import annotations

import ranvier as rv


def test_published_beta_binomial_rule_of_the_stoppingrule_package():
    """README of R package stoppingrule (Martens, github.com/mjmartens/stoppingrule): table and chances.

    30 patients, limit 0.2, prior Beta(0.6, 2.4), printed cutoff 0.9630823. The probability at 4 of 7 is
    0.96308269, above the printed cutoff by 4e-7, yet the printed rule does not stop there: its cutoff is this
    very probability up to the tolerance of its search. The rule is reproduced with a cutoff just above it.
    """
    rule = rv.stats.stopping_rule(30, limit=0.2, method="beta-binomial", level=0.9630827, prior=(0.6, 2.4))
    printed = [(3, 3, 4), (4, 5, 6), (5, 7, 10), (6, 11, 13), (7, 14, 17), (8, 18, 20), (9, 21, 24)]
    assert rule.table().rows() == [*printed, (10, 25, 28), (11, 29, 30)]
    found = rule.characteristics([0.2, 0.25, 0.3, 0.35, 0.4])
    stop = [0.09957367, 0.23832301, 0.43615256, 0.64555222, 0.81491087]
    events = [5.651197, 6.536293, 6.926712, 6.819377, 6.355803]
    assert [round(value, 8) for value in found["stop"]] == stop
    assert [round(value, 6) for value in found["expected_events"]] == events
