"""The network on paper: the map on a sheet, the report of a period, the record to sign."""
