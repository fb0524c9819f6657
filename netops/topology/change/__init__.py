"""From events to change records: grouped, weighed, held against plans, verified."""
