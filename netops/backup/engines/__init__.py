"""How each kind of source becomes files that can be backed up."""
