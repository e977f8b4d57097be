"""A terminal cockpit over a plan of parallel work; holds nothing but the version, so that importing it is free."""

__version__ = "0.1.0"
