"""The driver: loop, effects, clients."""
