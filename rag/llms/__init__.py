"""Language models: clients, limits, usage and prices."""
