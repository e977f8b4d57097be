"""When it ends: decide on a virtual clock."""
