"""netops: network and backup operations, and the evidence they leave."""

__version__ = "0.1.0"
