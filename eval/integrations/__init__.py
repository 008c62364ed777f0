"""Runs in other tools: pytest, LlamaIndex, and the benchmarks' scorer."""
