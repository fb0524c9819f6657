"""Pages for people and auditors: one self-contained file each, in three languages."""
