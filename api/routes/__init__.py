"""The HTTP routes: each parses the request, calls one service, and renders the result."""
