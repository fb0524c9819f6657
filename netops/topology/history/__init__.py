"""What the network was: snapshots by content, how they differ, what is kept from scan to scan."""
