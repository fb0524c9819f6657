"""The append-only operation journal: chained, signed, anchored."""
