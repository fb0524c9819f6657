"""Full, differential and log backups with offsite copies."""
