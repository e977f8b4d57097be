"""What it costs to send a parcel."""

__version__ = "0.3.0"
