"""State behind one door: SQLite or PostgreSQL, the same named SQL."""
