"""pytest, LlamaIndex and predictions of other systems."""
