"""When things run: plan, daemon, systemd and cron."""
