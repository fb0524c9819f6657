-- The ledger: what the organisation owns, who answers for it, and every change of that.

CREATE TABLE asset (
    number          TEXT NOT NULL PRIMARY KEY,
    version         BIGINT NOT NULL CHECK (version >= 1),
    state           TEXT NOT NULL CHECK (state IN
        ('in_use', 'in_store', 'in_repair', 'on_loan', 'lost', 'retired')),
    device          TEXT NOT NULL DEFAULT '',
    kind            TEXT NOT NULL DEFAULT '',
    maker           TEXT NOT NULL DEFAULT '',
    model           TEXT NOT NULL DEFAULT '',
    specification   TEXT NOT NULL DEFAULT '',
    serial          TEXT NOT NULL DEFAULT '',
    supplier        TEXT NOT NULL DEFAULT '',
    purchased_on    TEXT NOT NULL DEFAULT '',
    warranty_until  TEXT NOT NULL DEFAULT '',
    location        TEXT NOT NULL DEFAULT '',
    department      TEXT NOT NULL DEFAULT '',
    owner           TEXT NOT NULL DEFAULT '',
    custodian       TEXT NOT NULL DEFAULT '',
    note            TEXT NOT NULL DEFAULT ''
);

CREATE INDEX asset_serial ON asset (serial);

-- Rows are added and never changed. facts is the asset as it stood after the change; digest covers
-- the version and, through the one before, all earlier ones of the asset.
CREATE TABLE asset_version (
    number       TEXT NOT NULL,
    version      BIGINT NOT NULL CHECK (version >= 1),
    at           TEXT NOT NULL,
    account      TEXT NOT NULL,
    party        TEXT NOT NULL,
    action       TEXT NOT NULL CHECK (action IN ('added', 'changed', 'handed-over', 'retired')),
    reason       TEXT NOT NULL,
    facts        TEXT NOT NULL,
    run_id       TEXT,
    journal_seq  BIGINT NOT NULL,
    digest       TEXT NOT NULL,
    PRIMARY KEY (number, version)
);

-- A yes to retiring an asset, said before it is done. version is how the asset stood then.
CREATE TABLE asset_approval (
    id           TEXT NOT NULL PRIMARY KEY,
    number       TEXT NOT NULL,
    version      BIGINT NOT NULL,
    at           TEXT NOT NULL,
    account      TEXT NOT NULL,
    approver     TEXT NOT NULL,
    applicant    TEXT NOT NULL,
    reason       TEXT NOT NULL,
    run_id       TEXT,
    journal_seq  BIGINT NOT NULL,
    used_by      TEXT
);

CREATE INDEX asset_approval_open ON asset_approval (number) WHERE used_by IS NULL;

-- What a device said of its hardware when it was last asked.
CREATE TABLE sighting (
    device    TEXT NOT NULL,
    serial    TEXT NOT NULL,
    part      TEXT NOT NULL CHECK (part IN ('chassis', 'module')),
    maker     TEXT NOT NULL DEFAULT '',
    model     TEXT NOT NULL DEFAULT '',
    software  TEXT NOT NULL DEFAULT '',
    name      TEXT NOT NULL DEFAULT '',
    address   TEXT NOT NULL DEFAULT '',
    at        TEXT NOT NULL,
    run_id    TEXT NOT NULL REFERENCES run (id),
    PRIMARY KEY (device, serial)
);

CREATE INDEX sighting_serial ON sighting (serial);

-- Where ledger, inventory and reality disagreed when they were last compared.
CREATE TABLE ledger_finding (
    target    TEXT NOT NULL,
    position  BIGINT NOT NULL,
    kind      TEXT NOT NULL,
    status    BIGINT NOT NULL CHECK (status BETWEEN 0 AND 3),
    text      TEXT NOT NULL,
    at        TEXT NOT NULL,
    run_id    TEXT NOT NULL REFERENCES run (id),
    PRIMARY KEY (target, position)
);
