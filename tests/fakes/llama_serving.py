"""Serves a GGUF file by llama.cpp's own server, on a free loopback port, until standard input ends.

    PYTHON_WITH_XLLAMACPP llama_serving.py MODEL.gguf NAME THREADS

The first line that it prints is its address. It imports nothing of ours: it runs in another virtual environment.
"""

import sys

import xllamacpp  # ty: ignore

CONTEXT = 8192
"""Tokens: what SmolLM2 was trained with."""


def main(file: str, name: str, threads: str) -> None:
    chosen = xllamacpp.CommonParams()
    chosen.model.path, chosen.model_alias = file, {name}
    chosen.hostnames, chosen.port, chosen.ui = ["127.0.0.1"], 0, False
    chosen.n_ctx, chosen.n_parallel = CONTEXT, 1
    chosen.cpuparams.n_threads = chosen.cpuparams_batch.n_threads = int(threads)
    server = xllamacpp.Server(chosen)
    print(server.listening_address, flush=True)  # noqa: T201 - what who started it waits for
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
