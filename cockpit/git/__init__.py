"""Everything cockpit asks of git, behind one typed façade."""
