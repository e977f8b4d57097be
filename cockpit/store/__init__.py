"""What is kept on disk: journal, paths, locks."""
