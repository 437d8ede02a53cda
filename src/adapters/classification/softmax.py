"""Multinomial logistic regression by L-BFGS (Nocedal & Wright, algorithm 7.4): no step sizes to tune."""

from collections import deque
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]
Labels = NDArray[np.intp]
_MEMORY = 8
_FIRST_STEP = 20.0
"""Gradients of a mean loss over unit vectors are small; later steps are scaled by curvature."""
_ENOUGH_DECREASE = 1e-4
_SMALLEST_STEP = 1e-3
_SETTLED = 1e-6
"""Relative change of the loss."""


def fit_softmax(
    features: Matrix, labels: Labels, classes: int, penalty: float, steps: int, start: Matrix | None = None
) -> Matrix:
    """Weights of shape (features + 1, classes), the last row the biases, which are not penalised."""
    with_bias = np.hstack([features, np.ones((len(features), 1), np.float32)])
    weights = np.zeros((with_bias.shape[1], classes), np.float32) if start is None else start.copy()
    decay = np.full((with_bias.shape[1], 1), penalty, np.float32)
    decay[-1] = 0
    return _minimise(lambda w: _loss(with_bias, labels, w, decay), weights, steps)


def scores(features: Matrix, weights: Matrix) -> Matrix:
    result: Matrix = features @ weights[:-1] + weights[-1]
    return result


def probabilities(logits: Matrix) -> Matrix:
    raised = np.exp(logits - logits.max(1, keepdims=True))
    result: Matrix = raised / raised.sum(1, keepdims=True)
    return result


def _loss(features: Matrix, labels: Labels, weights: Matrix, decay: Matrix) -> tuple[float, Matrix]:
    """Mean cross-entropy with an L2 penalty, and its gradient."""
    rows = np.arange(len(labels))
    found = probabilities(features @ weights)
    cost = -float(np.log(np.maximum(found[rows, labels], 1e-30)).mean()) + 0.5 * float((decay * weights**2).sum())
    found[rows, labels] -= 1
    gradient: Matrix = (features.T @ found) / np.float32(len(labels)) + decay * weights
    return cost, gradient


def _minimise(function: Callable[[Matrix], tuple[float, Matrix]], weights: Matrix, steps: int) -> Matrix:
    cost, gradient = function(weights)
    history: deque[tuple[Matrix, Matrix, float]] = deque(maxlen=_MEMORY)
    for _ in range(steps):
        direction = _direction(gradient, history)
        moved, new_cost, new_gradient = _search(function, weights, cost, gradient, direction)
        step, change = moved - weights, new_gradient - gradient
        curvature = float((step * change).sum())
        if curvature > 1e-12:
            history.append((step, change, curvature))
        settled = abs(cost - new_cost) < _SETTLED * abs(cost)
        weights, cost, gradient = moved, new_cost, new_gradient
        if settled:
            break
    return weights


def _direction(gradient: Matrix, history: deque[tuple[Matrix, Matrix, float]]) -> Matrix:
    direction = gradient.copy()
    factors = []
    for step, change, curvature in reversed(history):
        factor = float((step * direction).sum()) / curvature
        factors.append(factor)
        direction -= np.float32(factor) * change
    if history:
        _, change, curvature = history[-1]
        direction *= np.float32(curvature / float((change**2).sum()))
    else:
        direction *= np.float32(_FIRST_STEP)
    for (step, change, curvature), factor in zip(history, reversed(factors), strict=True):
        direction += step * np.float32(factor - float((change * direction).sum()) / curvature)
    return direction


def _search(
    function: Callable[[Matrix], tuple[float, Matrix]], weights: Matrix, cost: float, gradient: Matrix, down: Matrix
) -> tuple[Matrix, float, Matrix]:
    """Half the step until it lowers the cost enough."""
    slope, length = float((gradient * down).sum()), 1.0
    while True:
        moved = weights - np.float32(length) * down
        new_cost, new_gradient = function(moved)
        if new_cost <= cost - _ENOUGH_DECREASE * length * slope or length < _SMALLEST_STEP:
            return moved, new_cost, new_gradient
        length /= 2
