"""ASGI middleware: guards, failures, request log, connection limits."""
