"""Where repositories live, and what can be asked of each place."""
