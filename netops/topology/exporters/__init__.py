"""Ways out of netops: the network as other programs read it."""
