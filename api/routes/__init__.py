"""The HTTP API's addresses: every route parses, calls one method of what is at the services, and renders."""
