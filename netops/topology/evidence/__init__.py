"""What devices say of themselves and their neighbours, and the network that follows from it."""
