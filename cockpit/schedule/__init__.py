"""The pure core: facts in, orders out."""
