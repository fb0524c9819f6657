-- When forgetting and pruning last came to a good end in each repository.

CREATE TABLE chore (
    verb      TEXT NOT NULL CHECK (verb IN ('forget', 'prune')),
    location  TEXT NOT NULL,
    at        TEXT NOT NULL,
    run_id    TEXT NOT NULL REFERENCES run (id),
    PRIMARY KEY (verb, location)
);
