"""The machines and devices netops looks after."""
