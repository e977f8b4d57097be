"""Figures that are folded from facts."""
