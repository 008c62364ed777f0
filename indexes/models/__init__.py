"""Encoders and rerankers, and the model files they load."""
