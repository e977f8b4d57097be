"""Checks of what agents wrote."""
