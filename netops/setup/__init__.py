"""Making a site, and examining it."""
