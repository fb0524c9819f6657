"""The engines: ours for volume, pysnmp beside it for SET and as the oracle."""
