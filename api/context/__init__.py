"""What a route has at hand: services and event streams."""
