"""Agent programs: presets, prompts, supervised runs."""
