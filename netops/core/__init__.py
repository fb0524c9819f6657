"""What every capability stands on: errors, status, runs, processes, locks, secrets."""
