"""The screen, a client of the driver."""
