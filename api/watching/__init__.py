"""What tells how the server fares: logs, metrics, traces, readiness."""
