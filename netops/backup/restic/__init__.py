"""The one door to restic."""
