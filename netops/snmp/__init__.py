"""SNMP: a polling engine of our own, a second one beside it, and what devices say as typed tables."""
