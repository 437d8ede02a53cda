"""What every embedder does to a text before its model, and to a vector after it."""

import re
from array import array

import numpy as np
from numpy.typing import ArrayLike

from domain.vectors import Vector

MAX_CHARACTERS = 4096
"""More than 256 tokens of any prose; bounds what hostile input costs the tokenizers."""

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def utf8(text: str) -> str:
    """`text` with what cannot be written in UTF-8 replaced."""
    return _LONE_SURROGATE.sub("\ufffd", text)


def encodable(text: str) -> str:
    """`text` cut to what a model reads, in valid UTF-8."""
    return utf8(text[:MAX_CHARACTERS])


def unit(values: ArrayLike) -> Vector:
    """`values` at length one, as the core's vector type."""
    floats = np.asarray(values, dtype=np.float32)
    scaled = floats / max(float(np.linalg.norm(floats)), 1e-12)
    return array("f", scaled.astype(np.float32).tobytes())
