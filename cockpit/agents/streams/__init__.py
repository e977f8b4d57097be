"""One parser per output format of agents."""
