"""The plan file: its model, loading, legs, changes and trust."""
