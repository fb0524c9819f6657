"""Access logs of servers, collected before they rotate away, with a count for every day."""
