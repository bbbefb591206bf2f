"""Likelihoods of counts given the linear predictors: one arm, two arms, three classes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ranvier.evidence._marginal import log_sum

__all__ = ["Arm", "Binomial", "Hypergeometric", "Poisson", "Trinomial", "TwoArms", "log_choose"]

Floats = NDArray[np.float64]


def log_choose(n: Floats, x: Floats) -> Floats:
    """Give the logarithm of the number of ways to choose x of n."""
    ways: Floats = special.gammaln(n + 1) - special.gammaln(x + 1) - special.gammaln(n - x + 1)
    return ways


@dataclass(frozen=True)
class Binomial:
    """x of n with log odds eta + offset.

    Parameters
    ----------
    x, n, offset : ndarray of float64, shape (k,)
        Counts and what is added to the linear predictor.
    """

    x: Floats
    n: Floats
    offset: Floats

    @property
    def statistic(self) -> Floats:
        """Give the events."""
        return self.x[:, None]

    @property
    def constant(self) -> Floats:
        """Give the ways to choose, and what the offset adds."""
        return log_choose(self.n, self.x) + self.x * self.offset

    def cumulants(self, eta: Floats) -> tuple[Floats, Floats, Floats]:
        """Give A = n log(1 + exp(eta + offset)) and its derivatives."""
        n, log_odds = self.n[:, None], eta[..., 0] + self.offset[:, None]
        p, q = special.expit(log_odds), special.expit(-log_odds)
        return np.logaddexp(0, log_odds) * n, (n * p)[..., None], (n * p * q)[..., None, None]

    def start(self, add: float) -> Floats:
        """Give the log odds of each study, with something added so that they are finite."""
        odds: Floats = np.log((self.x + add) / (self.n - self.x + add))
        return odds

    def together(self) -> Binomial:
        """Give all studies as if they were one."""
        return Binomial(self.x.sum(keepdims=True), self.n.sum(keepdims=True), np.zeros(1))

    def saturated(self) -> Floats:
        """Give the log-likelihood of each study with a value of its own."""
        shares: Floats = self.x / self.n
        logs: Floats = special.xlogy(self.x, shares) + special.xlog1py(self.n - self.x, -shares)
        return log_choose(self.n, self.x) + logs

    def ways(self) -> tuple[Floats, Floats]:
        """Give the events that each study could have had and their log weights at linear predictor 0."""
        places = np.broadcast_to(np.arange(self.n.max() + 1), (len(self.n), int(self.n.max()) + 1))
        inside = places <= self.n[:, None]
        held = np.where(inside, places, 0.0)
        ways = log_choose(self.n[:, None], held) + held * self.offset[:, None]
        return held, np.where(inside, ways, -np.inf)


@dataclass(frozen=True)
class Poisson:
    """x events in t years with log rate eta.

    Parameters
    ----------
    x, t : ndarray of float64, shape (k,)
        Events and person-years.
    """

    x: Floats
    t: Floats

    @property
    def statistic(self) -> Floats:
        """Give the events."""
        return self.x[:, None]

    @property
    def constant(self) -> Floats:
        """Give what the years and the factorial add."""
        logs: Floats = self.x * np.log(self.t) - special.gammaln(self.x + 1)
        return logs

    def cumulants(self, eta: Floats) -> tuple[Floats, Floats, Floats]:
        """Give A = t exp(eta), which is its own derivative."""
        # A search may look far out; e**300 events a year is as impossible as more.
        expected = self.t[:, None] * np.exp(np.minimum(eta[..., 0], 300.0))
        return expected, expected[..., None], expected[..., None, None]

    def start(self, add: float) -> Floats:
        """Give the log rate of each study, with something added so that it is finite."""
        rates: Floats = np.log((self.x + add) / self.t)
        return rates

    def together(self) -> Poisson:
        """Give all studies as if they were one."""
        return Poisson(self.x.sum(keepdims=True), self.t.sum(keepdims=True))

    def saturated(self) -> Floats:
        """Give the log-likelihood of each study with a value of its own."""
        logs: Floats = special.xlogy(self.x, self.x) - self.x - special.gammaln(self.x + 1)
        return logs


@dataclass(frozen=True)
class Hypergeometric:
    """Events of the first arm given those of both, with log odds ratio eta.

    Parameters
    ----------
    x, n, y, m : ndarray of float64, shape (k,)
        Events and patients of the first arm and of the control arm.
    """

    x: Floats
    n: Floats
    y: Floats
    m: Floats
    places: Floats = field(init=False, repr=False)
    log_ways: Floats = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Lay out the events that the first arm could have had, study by study."""
        both = self.x + self.y
        low, high = np.maximum(0, both - self.m), np.minimum(self.n, both)
        places = low[:, None] + np.arange(int((high - low).max()) + 1)
        inside = places <= high[:, None]
        held = np.where(inside, places, low[:, None])
        ways = log_choose(self.n[:, None], held) + log_choose(self.m[:, None], both[:, None] - held)
        object.__setattr__(self, "places", held)
        object.__setattr__(self, "log_ways", np.where(inside, ways, -np.inf))

    @property
    def statistic(self) -> Floats:
        """Give the events of the first arm."""
        return self.x[:, None]

    @property
    def constant(self) -> Floats:
        """Give the ways to the table seen."""
        return log_choose(self.n, self.x) + log_choose(self.m, self.y)

    def cumulants(self, eta: Floats) -> tuple[Floats, Floats, Floats]:
        """Give A = log of the sum of ways(s) exp(s eta), then mean and variance of s."""
        terms = self.log_ways[:, None, :] + self.places[:, None, :] * eta
        total = log_sum(terms)
        share = np.exp(terms - total[..., None])
        mean = (share * self.places[:, None, :]).sum(axis=2)
        variance = (share * (self.places[:, None, :] - mean[..., None]) ** 2).sum(axis=2)
        return total, mean[..., None], variance[..., None, None]

    def saturated(self) -> Floats:
        """Give the log-likelihood of each study with a ratio of its own; certainty at the ends."""
        inside = (self.x > self.places.min(axis=1)) & (self.x < self.places.max(axis=1))
        eta = np.zeros(len(self.x))
        for _ in range(100):
            _, mean, variance = self.cumulants(eta[:, None, None])
            step = np.where(inside, (self.x - mean[:, 0, 0]) / variance[:, 0, 0, 0], 0.0)
            eta += np.clip(step, -1, 1)
            if float(np.abs(step).max()) < 1e-12:
                break
        value: Floats = self.constant + self.x * eta - self.cumulants(eta[:, None, None])[0][:, 0]
        return np.where(inside, value, 0.0)

    def ways(self) -> tuple[Floats, Floats]:
        """Give the events that each study could have had and their log weights at linear predictor 0."""
        return self.places, self.log_ways


Arm = Binomial | Poisson


@dataclass(frozen=True)
class TwoArms:
    """Two arms with linear predictors a + d / 2 and a - d / 2, the second that of control.

    Parameters
    ----------
    first, control : Binomial or Poisson
        The arms.
    """

    first: Arm
    control: Arm

    @property
    def statistic(self) -> Floats:
        """Give the sum of the events and half their difference."""
        x, y = self.first.statistic[:, 0], self.control.statistic[:, 0]
        return np.stack([x + y, (x - y) / 2], axis=1)

    @property
    def constant(self) -> Floats:
        """Give the sum of both arms."""
        return self.first.constant + self.control.constant

    def cumulants(self, eta: Floats) -> tuple[Floats, Floats, Floats]:
        """Give the sum of both arms by level a and difference d."""
        half = eta[..., 1:] / 2
        one, other = self.first.cumulants(eta[..., :1] + half), self.control.cumulants(eta[..., :1] - half)
        slope = np.concatenate([one[1] + other[1], (one[1] - other[1]) / 2], axis=-1)
        both, apart = one[2] + other[2], (one[2] - other[2]) / 2
        curve = np.concatenate(
            [np.concatenate([both, apart], axis=-1), np.concatenate([apart, both / 4], axis=-1)], axis=-2
        )
        return one[0] + other[0], slope, curve

    def saturated(self) -> Floats:
        """Give the log-likelihood of each study with values of its own."""
        return self.first.saturated() + self.control.saturated()


@dataclass(frozen=True)
class Trinomial:
    """Three classes, with log odds of the first and the last against the middle one.

    Parameters
    ----------
    counts : ndarray of float64, shape (k, 3)
        Patients in each class.
    """

    counts: Floats

    @property
    def statistic(self) -> Floats:
        """Give the counts of the first and the last class."""
        return self.counts[:, [0, 2]]

    @property
    def constant(self) -> Floats:
        """Give the ways to choose."""
        factorials: Floats = special.gammaln(self.counts + 1).sum(axis=1)
        ways: Floats = special.gammaln(self.counts.sum(axis=1) + 1) - factorials
        return ways

    def cumulants(self, eta: Floats) -> tuple[Floats, Floats, Floats]:
        """Give A = n log(1 + exp(eta_1) + exp(eta_2)) and its derivatives."""
        n = self.counts.sum(axis=1)[:, None]
        total = np.logaddexp(np.logaddexp(0, eta[..., 0]), eta[..., 1])
        share = np.exp(eta - total[..., None])
        curve = share[..., None] * (np.eye(2) - share[..., None, :])
        return n * total, n[..., None] * share, n[..., None, None] * curve

    def saturated(self) -> Floats:
        """Give the log-likelihood of each study with shares of its own."""
        shares = self.counts / self.counts.sum(axis=1, keepdims=True)
        logs: Floats = special.xlogy(self.counts, shares).sum(axis=1)
        return self.constant + logs
