"""The network as a picture: who stands above whom, where the boxes go, how the lines run."""
