"""How the network hangs together, how it changed, and the records of that."""
