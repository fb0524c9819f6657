"""The record book: forms with a life cycle, numbered, approved, never edited."""
