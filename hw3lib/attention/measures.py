"""What can be said of a map in one number: how widely it is spread, and how well it agrees with an object or a map.

All work on the last axis and keep those before it. Dimensions: ``P = Gh x Gw`` patches.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

CENTRE_SIGMA = 0.25  # of the centre prior, a Gaussian: in sides of what the model sees


def entropy(maps: np.ndarray) -> Floats:
    """Bits, ``(..., P)`` to ``(...)``: 0 when one patch has it all, ``log2(P)`` when all have the same.

    >>> entropy(np.array([[1, 0, 0, 0], [0.5, 0.5, 0, 0], [0.25, 0.25, 0.25, 0.25]])).tolist()
    [0.0, 1.0, 2.0]
    """
    weights = maps.astype(np.float64)
    logs = np.log2(weights, out=np.zeros_like(weights), where=weights > 0)
    bits: Floats = (0 - (weights * logs).sum(axis=-1)).astype(np.float32)
    return bits


def pointing(maps: np.ndarray, hits: np.ndarray) -> Floats:
    """The pointing game (Zhang et al. 2016), ``(..., P)`` to ``(...)``: 1 where the strongest patch is one of the hits.

    ``hits`` is ``(P,)``, 0 or 1; patches of equal strength share the point. NaN for a map of NaN.

    >>> pointing(np.array([[0.1, 0.7, 0.2], [0.4, 0.2, 0.4]]), np.array([0, 1, 1])).tolist()
    [1.0, 0.5]
    """
    strongest = maps >= maps.max(axis=-1, keepdims=True) - 1e-9
    points: Floats = ((strongest * hits).sum(axis=-1) / np.maximum(strongest.sum(axis=-1), 1)).astype(np.float32)
    return np.where(np.isnan(maps).any(axis=-1), np.float32(np.nan), points)


def attention_mass(maps: np.ndarray, cover: np.ndarray) -> np.ndarray:
    """The share of attention inside an object, ``(..., P)`` to ``(...)``; ``cover``: its part of each patch, ``(P,)``.

    >>> float(attention_mass(np.array([0.5, 0.25, 0.25]), np.array([1, 0.5, 0])))
    0.625
    """
    mass: np.ndarray = maps @ cover
    return mass


def correlation(a: np.ndarray, b: np.ndarray) -> Floats:
    """Pearson's correlation along the last axis; 0 where one side is constant."""
    a, b = (x.astype(np.float64) - x.mean(axis=-1, keepdims=True, dtype=np.float64) for x in (a, b))
    scale = np.sqrt((a * a).sum(axis=-1) * (b * b).sum(axis=-1))
    quotient: Floats = np.divide((a * b).sum(axis=-1), scale, out=np.zeros_like(scale), where=scale > 1e-15)
    return quotient.astype(np.float32)


def rank_correlation(maps: np.ndarray, cover: np.ndarray) -> Floats:
    """Spearman's correlation of each map with ``cover`` (P,): ``(..., P)`` to ``(...)``; 0 for a constant map."""
    from scipy.stats import rankdata

    return correlation(rankdata(maps, axis=-1), rankdata(cover))


def evenness(maps: np.ndarray, covers: np.ndarray) -> Floats:
    """How evenly maps ``(..., P)`` are spread over several objects ``(objects, P)``: ``(...)`` in 0..1.

    The normalised entropy of the attention per visible area of each: 1 when all are attended to alike, 0 when one has
    it all. By area, or else a large animal beside a small one could never be attended to alike.
    """
    density = maps @ (covers / covers.sum(axis=-1, keepdims=True)).T  # (..., objects)
    weights = density / np.maximum(density.sum(axis=-1, keepdims=True), 1e-12)
    return (entropy(weights) / np.log2(len(covers))).astype(np.float32)


def centre_prior(grid: tuple[int, int]) -> NDArray[np.float64]:
    """A map that always attends to the middle: a Gaussian of :data:`CENTRE_SIGMA`, ``(P,)``, summing to 1."""
    y, x = ((np.arange(cells) + 0.5) / cells - 0.5 for cells in grid)
    prior = np.exp(-(y[:, None] ** 2 + x[None] ** 2) / 2 / CENTRE_SIGMA**2).ravel()
    normalised: NDArray[np.float64] = prior / prior.sum()
    return normalised
