"""What every trainer of label models promises."""

from array import array
from collections.abc import Sequence

import numpy as np
import pytest

from adapters.classification.certainty import Certainty, Measured
from adapters.classification.softmax import fit_softmax, probabilities, scores
from adapters.classification.trainer import ExampleTrainer
from application.ports.classification import Features, LabelModel, Trainer
from domain.vectors import Vector

DIMENSIONS = (24, 16)
"""Of two spaces."""


@pytest.fixture(params=["examples"])
def trainer() -> Trainer:
    return ExampleTrainer()


class World:
    """Labels as directions in two spaces, and texts scattered around them."""

    def __init__(self, labels: int, spread: float, seed: int = 0) -> None:
        self._chance, self._spread = np.random.default_rng(seed), spread
        self.names = [f"label {n}" for n in range(labels)]
        self._centres = [[_unit(self._chance.normal(size=d)) for d in DIMENSIONS] for _ in self.names]

    def texts(self, label: int, count: int) -> list[Features]:
        return [self._near(self._centres[label]) for _ in range(count)]

    def strangers(self, count: int) -> list[Features]:
        return [tuple(_vector(self._chance.normal(size=d)) for d in DIMENSIONS) for _ in range(count)]

    def labelled(self, each: int) -> tuple[list[str], list[Features]]:
        labels = [name for name in self.names for _ in range(each)]
        return labels, [text for n in range(len(self.names)) for text in self.texts(n, each)]

    def _near(self, centre: Sequence[np.ndarray]) -> Features:
        parts = [self._chance.normal(size=d, scale=self._spread) for d in DIMENSIONS]
        return tuple(_vector(c + part) for c, part in zip(centre, parts, strict=True))


def _unit(values: np.ndarray) -> np.ndarray:
    return values / np.linalg.norm(values)


def _vector(values: np.ndarray) -> Vector:
    return array("f", _unit(values))


async def share_right(model: LabelModel, world: World, each: int = 20) -> float:
    labels, texts = world.labelled(each)
    found = await model.classify(texts)
    return sum(label.name == name for label, name in zip(found, labels, strict=True)) / len(labels)


@pytest.mark.parametrize("each", [3, 12, 60])
async def test_texts_get_the_label_whose_examples_they_are_like(trainer: Trainer, each: int) -> None:
    world = World(8, spread=0.12)
    model = await trainer.fit(*world.labelled(each))
    assert await share_right(model, world) >= 0.95


async def test_a_text_like_no_example_is_none(trainer: Trainer) -> None:
    world = World(8, spread=0.1)
    found = await (await trainer.fit(*world.labelled(20))).classify(world.strangers(50))
    assert sum(label.name is None for label in found) >= 45
    assert all(label.confidence == label.none for label in found if label.name is None)


async def test_confidence_is_how_often_the_label_is_right(trainer: Trainer) -> None:
    """Within 8 points, on texts so scattered that a good part of the labels is wrong."""
    world = World(6, spread=0.45)
    model = await trainer.fit(*world.labelled(60))
    labels, texts = world.labelled(150)
    sure = [label for label in zip(await model.classify(texts), labels, strict=True) if label[0].name]
    mean = sum(label.confidence for label, _ in sure) / len(sure)
    right = sum(label.name == name for label, name in sure) / len(sure)
    assert right < 0.97
    assert abs(mean - right) < 0.08


async def test_candidates_come_best_first_and_share_what_none_leaves(trainer: Trainer) -> None:
    world = World(5, spread=0.2)
    for label in await (await trainer.fit(*world.labelled(10))).classify(world.texts(0, 10) + world.strangers(5)):
        sure = [confidence for _, confidence in label.candidates]
        assert len(sure) == 3
        assert sure == sorted(sure, reverse=True)
        assert sum(sure) + label.none <= 1.0 + 1e-3


async def test_the_same_examples_give_the_same_model(trainer: Trainer) -> None:
    world = World(4, spread=0.2)
    examples, texts = world.labelled(10), world.texts(1, 5)
    one, other = [await (await trainer.fit(*examples)).classify(texts) for _ in range(2)]
    assert one == other


@pytest.mark.parametrize("labels", [1, 2])
async def test_a_single_example_is_enough_to_learn_something(trainer: Trainer, labels: int) -> None:
    world = World(labels, spread=0.05)
    model = await trainer.fit(*world.labelled(1))
    [found] = await model.classify(world.texts(0, 1))
    assert found.name == "label 0"
    assert model.fitness.held_out == 0


async def test_the_better_method_on_held_out_examples_is_taken(trainer: Trainer) -> None:
    model = await trainer.fit(*World(6, spread=0.2).labelled(15))
    accuracy = model.fitness.accuracy
    assert model.fitness.held_out == 90
    assert accuracy[model.fitness.method] == max(accuracy.values())


async def test_no_texts_get_no_labels(trainer: Trainer) -> None:
    assert await (await trainer.fit(*World(3, spread=0.2).labelled(4))).classify([]) == []


def test_the_fit_is_where_the_gradient_vanishes() -> None:
    chance = np.random.default_rng(1)
    features = chance.normal(size=(60, 5)).astype(np.float32)
    labels = chance.integers(0, 3, 60)
    weights = fit_softmax(features, labels, 3, 1e-2, 200)
    found = probabilities(scores(features, weights))
    found[np.arange(60), labels] -= 1
    gradient = features.T @ found / 60 + 1e-2 * weights[:-1]
    assert np.abs(gradient).max() < 2e-3


def test_without_anything_held_out_certainty_is_the_usual_one() -> None:
    few = Measured(np.zeros((0, 2), np.float32), np.zeros(0, np.float32), np.zeros(0, np.bool_))
    assert Certainty.learnt(few) == Certainty()
