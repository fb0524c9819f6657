-- The ledger: what the organisation owns, who answers for it, and every change of that.

-- assets --
SELECT * FROM asset ORDER BY number;

-- asset --
SELECT * FROM asset WHERE number = :number;

-- put_asset --
-- Writes the asset as its newest version has it.
INSERT INTO asset (number, version, state, device, kind, maker, model, specification, serial,
    supplier, purchased_on, warranty_until, location, department, owner, custodian, note)
VALUES (:number, :version, :state, :device, :kind, :maker, :model, :specification, :serial,
    :supplier, :purchased_on, :warranty_until, :location, :department, :owner, :custodian, :note)
ON CONFLICT (number) DO UPDATE SET
    version = excluded.version, state = excluded.state, device = excluded.device,
    kind = excluded.kind, maker = excluded.maker, model = excluded.model,
    specification = excluded.specification, serial = excluded.serial,
    supplier = excluded.supplier, purchased_on = excluded.purchased_on,
    warranty_until = excluded.warranty_until, location = excluded.location,
    department = excluded.department, owner = excluded.owner, custodian = excluded.custodian,
    note = excluded.note;

-- add_asset_version --
INSERT INTO asset_version (number, version, at, account, party, action, reason, facts, run_id,
    journal_seq, digest)
VALUES (:number, :version, :at, :account, :party, :action, :reason, :facts, :run_id,
    :journal_seq, :digest);

-- asset_versions --
SELECT * FROM asset_version WHERE number = :number ORDER BY version;

-- all_asset_versions --
SELECT * FROM asset_version ORDER BY number, version;

-- add_asset_approval --
INSERT INTO asset_approval (id, number, version, at, account, approver, applicant, reason, run_id,
    journal_seq)
VALUES (:id, :number, :version, :at, :account, :approver, :applicant, :reason, :run_id,
    :journal_seq);

-- open_asset_approvals --
SELECT * FROM asset_approval WHERE number = :number AND used_by IS NULL ORDER BY id DESC;

-- use_asset_approval --
-- No row comes back when it was used already.
UPDATE asset_approval SET used_by = :run_id WHERE id = :id AND used_by IS NULL RETURNING id;

-- forget_sightings --
DELETE FROM sighting WHERE device = :device;

-- add_sighting --
INSERT INTO sighting (device, serial, part, maker, model, software, name, address, at, run_id)
VALUES (:device, :serial, :part, :maker, :model, :software, :name, :address, :at, :run_id);

-- sightings_of_serial --
SELECT * FROM sighting WHERE serial = :serial ORDER BY at DESC, device;

-- sightings --
SELECT * FROM sighting ORDER BY device, part, serial;

-- forget_ledger_findings --
DELETE FROM ledger_finding WHERE target = :target;

-- add_ledger_finding --
INSERT INTO ledger_finding (target, position, kind, status, text, at, run_id)
VALUES (:target, :position, :kind, :status, :text, :at, :run_id);

-- ledger_findings --
SELECT * FROM ledger_finding ORDER BY target, position;
