"""Evaluations, sweeps over settings, and thresholds."""
