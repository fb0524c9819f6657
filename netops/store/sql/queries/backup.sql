-- Every statement netops sends for backups, runs and custody, for SQLite and PostgreSQL alike.
--
-- A block starts with its name between dashes. Values are written :like_this and must all be given.
-- Portable subset: no ::casts, no dollar quotes, no E'' strings; CAST(:x AS TEXT) where :x may be
-- NULL and nothing else tells its type. "Good" is always: status 0 or 1, and listed again.

-- add_schema_version --
INSERT INTO schema_version (version, name, applied_at) VALUES (:version, :name, :applied_at);

-- start_run --
INSERT INTO run (id, verb, started_at, detail)
VALUES (:id, :verb, :started_at, COALESCE(CAST(:detail AS TEXT), '{}'));

-- finish_run --
-- detail NULL keeps what start_run wrote. No row comes back when there is no such run.
UPDATE run SET finished_at = :finished_at, status = :status,
    detail = COALESCE(CAST(:detail AS TEXT), detail)
WHERE id = :id RETURNING id;

-- unfinished_runs --
SELECT * FROM run WHERE finished_at IS NULL ORDER BY started_at, id;

-- next_backup_seq --
-- One writer at a time gets past this row, so no number is given twice; numbers that came into the
-- table by another way (an import) are stepped over.
UPDATE sequence SET value = 1 + CASE
    WHEN value >= (SELECT COALESCE(MAX(seq), 0) FROM backup) THEN value
    ELSE (SELECT MAX(seq) FROM backup) END
WHERE name = 'backup' RETURNING value AS seq;

-- start_backup --
INSERT INTO backup (id, run_id, seq, job, repository, kind, base_id, parent_id, started_at, sources,
    owner, department, custodian, data_class)
VALUES (:id, :run_id, :seq, :job, :repository, :kind, :base_id, :parent_id, :started_at, :sources,
    COALESCE(CAST(:owner AS TEXT), ''), COALESCE(CAST(:department AS TEXT), ''),
    COALESCE(CAST(:custodian AS TEXT), ''), COALESCE(CAST(:data_class AS TEXT), ''));

-- finish_backup --
UPDATE backup SET finished_at = :finished_at, status = :status, snapshot_id = :snapshot_id,
    files_new = :files_new, files_changed = :files_changed, files_unmodified = :files_unmodified,
    bytes_processed = :bytes_processed, bytes_added = :bytes_added, duration_s = :duration_s,
    message = COALESCE(CAST(:message AS TEXT), '')
WHERE id = :id RETURNING id;

-- put_placement --
-- Writes the placement or replaces it.
INSERT INTO placement (backup_id, location, role, status, snapshot_id, started_at, listed_at,
    duration_s, message, job, kind, seq)
VALUES (:backup_id, :location, :role, :status, :snapshot_id, :started_at, :listed_at,
    :duration_s, COALESCE(CAST(:message AS TEXT), ''),
    (SELECT job FROM backup WHERE id = :backup_id), (SELECT kind FROM backup WHERE id = :backup_id),
    (SELECT seq FROM backup WHERE id = :backup_id))
ON CONFLICT (backup_id, location) DO UPDATE SET
    role = excluded.role, status = excluded.status, snapshot_id = excluded.snapshot_id,
    started_at = excluded.started_at, listed_at = excluded.listed_at,
    duration_s = excluded.duration_s, message = excluded.message;

-- add_verification --
INSERT INTO verification (id, run_id, location, kind, at, status, message)
VALUES (:id, :run_id, :location, :kind, :at, :status, COALESCE(CAST(:message AS TEXT), ''));

-- add_restore --
INSERT INTO restore (id, run_id, backup_id, job, location, snapshot_id, at, target, status, files,
    bytes, duration_s, message)
VALUES (:id, :run_id, :backup_id, :job, :location, :snapshot_id, :at, :target, :status, :files,
    :bytes, :duration_s, COALESCE(CAST(:message AS TEXT), ''));

-- backup_by_id --
SELECT * FROM backup WHERE id = :id;

-- backup_by_seq --
SELECT * FROM backup WHERE seq = :seq;

-- backups --
-- Newest first; job NULL means every job, limit NULL every backup. Two arms, so that one job is an
-- index look-up. "= :job" would let PostgreSQL walk back through everyone's backups by seq, which is
-- slow for a job that has not run for long; the range leaves it the index of jobs alone.
SELECT * FROM (
    SELECT * FROM backup WHERE CAST(:job AS TEXT) IS NULL
    ORDER BY seq DESC LIMIT COALESCE(CAST(:limit AS BIGINT), 9223372036854775807)
) every_job
UNION ALL
SELECT * FROM (
    SELECT * FROM backup WHERE job >= CAST(:job AS TEXT) AND job <= CAST(:job AS TEXT)
    ORDER BY job DESC, seq DESC LIMIT COALESCE(CAST(:limit AS BIGINT), 9223372036854775807)
) one_job
ORDER BY seq DESC;

-- backups_of_run --
SELECT * FROM backup WHERE run_id = :run_id ORDER BY seq;

-- placements_of --
SELECT * FROM placement WHERE backup_id = :backup_id ORDER BY role DESC, location;

-- last_good_full --
SELECT backup.*, placement.location, placement.listed_at
FROM placement JOIN backup ON backup.id = placement.backup_id
WHERE placement.job = :job AND placement.kind = 'full' AND backup.repository = :repository
    AND placement.role = 'primary' AND placement.status IN (0, 1)
    AND placement.listed_at IS NOT NULL
ORDER BY placement.seq DESC LIMIT 1;

-- last_good_backup --
-- The newest of each kind first, so that every step is an index look-up; then the newest of those.
SELECT backup.*, placement.location, placement.listed_at
FROM (SELECT 'full' AS kind UNION ALL SELECT 'differential' UNION ALL SELECT 'log') kinds
JOIN placement ON placement.seq = (
    SELECT good.seq FROM placement good JOIN backup b ON b.id = good.backup_id
    WHERE good.job = :job AND good.kind = kinds.kind AND b.repository = :repository
        AND good.role = 'primary' AND good.status IN (0, 1) AND good.listed_at IS NOT NULL
    ORDER BY good.seq DESC LIMIT 1)
    AND placement.job = :job AND placement.kind = kinds.kind
    AND placement.role = 'primary' AND placement.status IN (0, 1)
    AND placement.listed_at IS NOT NULL
JOIN backup ON backup.id = placement.backup_id
ORDER BY placement.seq DESC LIMIT 1;

-- latest_placements --
-- The newest good placement of every job and location, and when the oldest was seen. The recursions
-- step from one value of the index to the next (a loose index scan), so the cost follows jobs and
-- locations, not backups.
WITH RECURSIVE jobs (job) AS (
    SELECT MIN(job) FROM placement WHERE status IN (0, 1) AND listed_at IS NOT NULL
    UNION ALL
    SELECT (SELECT MIN(p.job) FROM placement p WHERE p.job > jobs.job
        AND p.status IN (0, 1) AND p.listed_at IS NOT NULL)
    FROM jobs WHERE jobs.job IS NOT NULL
), places (job, location) AS (
    SELECT jobs.job, (SELECT MIN(p.location) FROM placement p WHERE p.job = jobs.job
        AND p.status IN (0, 1) AND p.listed_at IS NOT NULL)
    FROM jobs WHERE jobs.job IS NOT NULL
    UNION ALL
    SELECT places.job, (SELECT MIN(p.location) FROM placement p WHERE p.job = places.job
        AND p.location > places.location AND p.status IN (0, 1) AND p.listed_at IS NOT NULL)
    FROM places WHERE places.location IS NOT NULL
), newest (location, backup_id) AS (
    SELECT places.location, (SELECT p.backup_id FROM placement p
        WHERE p.job = places.job AND p.location = places.location
            AND p.status IN (0, 1) AND p.listed_at IS NOT NULL
        ORDER BY p.seq DESC LIMIT 1)
    FROM places WHERE places.location IS NOT NULL
)
SELECT p.job, p.location, p.role, p.backup_id, p.seq, p.kind, p.status, p.snapshot_id, p.listed_at,
    p.message, b.repository, b.base_id, b.started_at, b.finished_at, b.bytes_processed,
    b.bytes_added,
    (SELECT o.listed_at FROM placement o WHERE o.job = p.job AND o.location = p.location
        AND o.status IN (0, 1) AND o.listed_at IS NOT NULL
        ORDER BY o.seq LIMIT 1) AS first_listed_at
FROM newest JOIN placement p ON p.backup_id = newest.backup_id AND p.location = newest.location
JOIN backup b ON b.id = p.backup_id
ORDER BY p.job, p.location;

-- latest_attempts --
-- The newest placement of every job and location, however it ended; the same steps as above.
WITH RECURSIVE jobs (job) AS (
    SELECT MIN(job) FROM placement
    UNION ALL
    SELECT (SELECT MIN(p.job) FROM placement p WHERE p.job > jobs.job)
    FROM jobs WHERE jobs.job IS NOT NULL
), places (job, location) AS (
    SELECT jobs.job, (SELECT MIN(p.location) FROM placement p WHERE p.job = jobs.job)
    FROM jobs WHERE jobs.job IS NOT NULL
    UNION ALL
    SELECT places.job, (SELECT MIN(p.location) FROM placement p WHERE p.job = places.job
        AND p.location > places.location)
    FROM places WHERE places.location IS NOT NULL
), newest (location, backup_id) AS (
    SELECT places.location, (SELECT p.backup_id FROM placement p
        WHERE p.job = places.job AND p.location = places.location ORDER BY p.seq DESC LIMIT 1)
    FROM places WHERE places.location IS NOT NULL
)
SELECT p.job, p.location, p.role, p.backup_id, p.seq, p.kind, p.status, p.message, p.snapshot_id,
    p.listed_at, p.duration_s, b.repository, b.started_at, b.finished_at,
    b.status AS backup_status, b.message AS backup_message
FROM newest JOIN placement p ON p.backup_id = newest.backup_id AND p.location = newest.location
JOIN backup b ON b.id = p.backup_id
ORDER BY p.job, p.location;

-- latest_backups --
-- The newest backup of every job, also one that failed before it had a placement. A range instead
-- of "=" for the reason given at backups.
WITH RECURSIVE jobs (job) AS (
    SELECT MIN(job) FROM backup
    UNION ALL
    SELECT (SELECT MIN(b.job) FROM backup b WHERE b.job > jobs.job)
    FROM jobs WHERE jobs.job IS NOT NULL
)
SELECT backup.* FROM jobs
JOIN backup ON backup.id = (SELECT b.id FROM backup b WHERE b.job >= jobs.job AND b.job <= jobs.job
    ORDER BY b.job DESC, b.seq DESC LIMIT 1)
ORDER BY backup.job;

-- last_good_per_kind --
WITH RECURSIVE jobs (job) AS (
    SELECT MIN(job) FROM placement
    UNION ALL
    SELECT (SELECT MIN(p.job) FROM placement p WHERE p.job > jobs.job)
    FROM jobs WHERE jobs.job IS NOT NULL
), kinds (kind) AS (
    SELECT 'full' UNION ALL SELECT 'differential' UNION ALL SELECT 'log'
), newest (backup_id) AS (
    SELECT (SELECT p.backup_id FROM placement p
        WHERE p.job = jobs.job AND p.kind = kinds.kind AND p.role = 'primary'
            AND p.status IN (0, 1) AND p.listed_at IS NOT NULL
        ORDER BY p.seq DESC LIMIT 1)
    FROM jobs CROSS JOIN kinds WHERE jobs.job IS NOT NULL
)
SELECT b.job, b.kind, b.id AS backup_id, b.seq, b.repository, b.started_at, b.finished_at
FROM newest JOIN backup b ON b.id = newest.backup_id
ORDER BY b.job, b.kind;

-- last_verifications --
-- The newest of every location and kind.
WITH RECURSIVE places (location) AS (
    SELECT MIN(location) FROM verification
    UNION ALL
    SELECT (SELECT MIN(v.location) FROM verification v WHERE v.location > places.location)
    FROM places WHERE places.location IS NOT NULL
), kinds (kind) AS (
    SELECT 'list' UNION ALL SELECT 'structure' UNION ALL SELECT 'data'
), newest (id) AS (
    SELECT (SELECT v.id FROM verification v
        WHERE v.location = places.location AND v.kind = kinds.kind
        ORDER BY v.at DESC, v.id DESC LIMIT 1)
    FROM places CROSS JOIN kinds WHERE places.location IS NOT NULL
)
SELECT verification.* FROM newest JOIN verification ON verification.id = newest.id
ORDER BY verification.location, verification.kind;

-- unfinished_backups --
SELECT * FROM backup WHERE finished_at IS NULL ORDER BY seq;

-- restores --
-- Newest first; job NULL means every job, limit NULL every restore.
SELECT * FROM restore
WHERE CAST(:job AS TEXT) IS NULL OR job = CAST(:job AS TEXT)
ORDER BY at DESC, id DESC LIMIT COALESCE(CAST(:limit AS BIGINT), 9223372036854775807);

-- missing_at --
-- Good backups in the repository that the location lacks, newest first, among the newest 200: what
-- is older than that has been given up or never belonged there. What retention dropped there is not
-- missing. One that is listed there but damaged is not lacking: a second copy would change nothing,
-- `repair` heals it.
SELECT newest.* FROM (
    SELECT * FROM backup WHERE job = :job ORDER BY seq DESC LIMIT 200
) newest
JOIN placement here ON here.backup_id = newest.id AND here.location = :repository
    AND here.status IN (0, 1) AND here.listed_at IS NOT NULL
WHERE NOT EXISTS (
    SELECT 1 FROM placement there WHERE there.backup_id = newest.id AND there.location = :location
        AND (there.forgotten_at IS NOT NULL OR there.listed_at IS NOT NULL))
ORDER BY newest.seq DESC LIMIT COALESCE(CAST(:limit AS BIGINT), 200);

-- good_at --
-- Everything that should lie at a location.
SELECT snapshot_id, backup_id FROM placement
WHERE location = :location AND status IN (0, 1) AND listed_at IS NOT NULL
    AND snapshot_id IS NOT NULL;

-- open_copies --
-- Copies that were begun and never seen at the location: killed, timed out, or failed half-way.
SELECT * FROM placement
WHERE location = :location AND role = 'offsite' AND listed_at IS NULL AND started_at IS NOT NULL
    AND (status IS NULL OR (status > 1 AND substr(message, 1, 5) <> 'gone:'))
    AND forgotten_at IS NULL;

-- broken_off_uploads --
-- A backup since the newest one seen at the location that began to send data and came to nothing.
SELECT p.backup_id FROM placement p
WHERE p.job = :job AND p.location = :location AND p.role = 'primary'
    AND p.listed_at IS NULL AND p.started_at IS NOT NULL AND p.status > 1
    AND substr(p.message, 1, 5) <> 'gone:'
    AND p.seq > COALESCE((SELECT g.seq FROM placement g
        WHERE g.job = :job AND g.location = :location AND g.listed_at IS NOT NULL
        ORDER BY g.seq DESC LIMIT 1), 0)
LIMIT 1;

-- listed_at_location --
-- Everything that was seen at a location, whole or damaged.
SELECT * FROM placement
WHERE location = :location AND listed_at IS NOT NULL AND snapshot_id IS NOT NULL;

-- first_backup_at --
-- When a job's first backup at a location began.
SELECT backup.started_at FROM placement JOIN backup ON backup.id = placement.backup_id
WHERE placement.job = :job AND placement.location = :location
    AND placement.status IN (0, 1) AND placement.listed_at IS NOT NULL
ORDER BY placement.seq LIMIT 1;

-- move_backup --
-- The snapshot of a backup has another id since it was healed.
UPDATE backup SET snapshot_id = :snapshot_id WHERE id = :id RETURNING id;

-- put_reading --
INSERT INTO reading (location, parts, part, at, run_id)
VALUES (:location, :parts, :part, :at, :run_id)
ON CONFLICT (location, parts, part) DO UPDATE SET at = excluded.at, run_id = excluded.run_id;

-- readings --
SELECT location, parts, part, at FROM reading ORDER BY location, parts, part;

-- put_damage --
-- What is found again keeps the day it was first found, unless it had been healed in between.
INSERT INTO damage (location, kind, object, found_at, run_id, detail)
VALUES (:location, :kind, :object, :found_at, :run_id, COALESCE(CAST(:detail AS TEXT), '{}'))
ON CONFLICT (location, kind, object) DO UPDATE SET
    found_at = CASE WHEN damage.healed_at IS NULL THEN damage.found_at ELSE excluded.found_at END,
    run_id = excluded.run_id, detail = excluded.detail, healed_at = NULL;

-- open_damage --
-- What is broken now; location NULL means everywhere.
SELECT * FROM damage
WHERE healed_at IS NULL
    AND (CAST(:location AS TEXT) IS NULL OR location = CAST(:location AS TEXT))
ORDER BY location, found_at, kind, object;

-- heal_damage --
UPDATE damage SET healed_at = :healed_at
WHERE location = :location AND kind = :kind AND object = :object AND healed_at IS NULL
RETURNING object;

-- gone_at --
-- What was once seen at the location and is not listed there any more.
SELECT * FROM placement
WHERE location = :location AND listed_at IS NULL AND snapshot_id IS NOT NULL AND status = 2
    AND substr(message, 1, 5) = 'gone:' AND forgotten_at IS NULL;

-- add_change_rate --
INSERT INTO change_rate (backup_id, job, seq, kind, files, files_before, bytes, bytes_before,
    touched, removed, new_blobs, sampled, broken, opaque)
VALUES (:backup_id, :job, :seq, :kind, :files, :files_before, :bytes, :bytes_before,
    :touched, :removed, :new_blobs, :sampled, :broken, :opaque);

-- change_rates --
-- Newest first, limit NULL all, with what the backup itself tells. alarms counts those raised, doubts those that
-- nobody declared ordinary.
SELECT c.*, b.parent_id, b.repository, b.started_at, b.sources, b.files_new, b.files_changed,
    b.files_unmodified,
    (SELECT COUNT(*) FROM alarm a WHERE a.backup_id = c.backup_id) AS alarms,
    (SELECT COUNT(*) FROM alarm a WHERE a.backup_id = c.backup_id AND a.declared = 0) AS doubts
FROM change_rate c JOIN backup b ON b.id = c.backup_id
WHERE c.job = :job ORDER BY c.seq DESC LIMIT COALESCE(CAST(:limit AS BIGINT), 9223372036854775807);

-- open_alarm --
INSERT INTO alarm (id, job, backup_id, clean_id, at, signs)
VALUES (:id, :job, :backup_id, :clean_id, :at, :signs);

-- open_alarms --
-- Oldest first: the first of a job tells the last backup before the trouble began.
SELECT * FROM alarm WHERE acknowledged_at IS NULL ORDER BY job, id;

-- open_alarms_of --
SELECT * FROM alarm WHERE job = :job AND acknowledged_at IS NULL ORDER BY id;

-- alarms --
-- Newest first; limit NULL all.
SELECT * FROM alarm ORDER BY id DESC
LIMIT COALESCE(CAST(:limit AS BIGINT), 9223372036854775807);

-- alarm_by_id --
SELECT * FROM alarm WHERE id = :id;

-- acknowledge_alarm --
-- No row comes back when there is no such open alarm.
UPDATE alarm SET acknowledged_at = :at, acknowledged_by = :by, reason = :reason, declared = :declared
WHERE id = :id AND acknowledged_at IS NULL RETURNING id;

-- last_before --
-- The newest good backup of a job in its repository before a number.
SELECT backup_id FROM placement
WHERE job = :job AND location = :repository AND seq < :seq AND status IN (0, 1)
    AND listed_at IS NOT NULL
ORDER BY seq DESC LIMIT 1;
-- add_custody_step --
INSERT INTO custody_step (journal_seq, handover_id, step, at, account, party, giver, receiver,
    items, method, place, note, digest)
VALUES (:journal_seq, :handover_id, :step, :at, :account, :party, :giver, :receiver,
    :items, :method, :place, :note, :digest);

-- remove_custody_step --
-- Only to write back what the journal says.
DELETE FROM custody_step WHERE journal_seq = :journal_seq;

-- custody_steps --
SELECT * FROM custody_step ORDER BY journal_seq;

-- open_handovers --
-- Offers that nobody has answered, oldest first.
SELECT * FROM custody_step offer
WHERE offer.step = 'offered' AND NOT EXISTS (
    SELECT 1 FROM custody_step answer
    WHERE answer.handover_id = offer.handover_id AND answer.step <> 'offered')
ORDER BY offer.journal_seq;

-- failures_since --
-- Backups that are not OK, newest first; limit NULL means all.
SELECT * FROM backup WHERE started_at >= :since AND (status IS NULL OR status <> 0)
ORDER BY seq DESC LIMIT COALESCE(CAST(:limit AS BIGINT), 9223372036854775807);

-- outcomes_since --
-- How the backups of every job ended; status NULL has no outcome.
SELECT job, status, COUNT(*) AS count, MAX(started_at) AS last_at FROM backup
WHERE started_at >= :since GROUP BY job, status ORDER BY job, status;
-- link_backup --
-- What a backup stands on, when that became known after the backup itself.
UPDATE backup SET base_id = :base_id, parent_id = :parent_id
WHERE id = :id AND base_id IS NULL AND parent_id IS NULL;

-- placed_history --
-- Every backup of a job by its number, with its place at the location where it has one.
SELECT b.id, b.seq, b.kind, b.base_id, b.parent_id, b.started_at, b.status AS backup_status,
    p.status, p.snapshot_id, p.listed_at, p.forgotten_at
FROM backup b LEFT JOIN placement p ON p.backup_id = b.id AND p.location = :location
WHERE b.job = :job ORDER BY b.seq;

-- forget_placement --
-- Listed no more, so nothing counts it as good; forgotten_at tells that it was meant to go.
UPDATE placement SET forgotten_at = :forgotten_at, listed_at = NULL,
    message = COALESCE(CAST(:message AS TEXT), '')
WHERE backup_id = :backup_id AND location = :location RETURNING backup_id;

-- recall_placement --
UPDATE placement SET forgotten_at = NULL WHERE backup_id = :backup_id AND location = :location;

-- add_hold --
INSERT INTO hold (id, run_id, backup_id, reason, placed_at, until)
VALUES (:id, :run_id, :backup_id, :reason, :placed_at, :until);

-- release_holds --
UPDATE hold SET released_at = :released_at,
    release_reason = COALESCE(CAST(:release_reason AS TEXT), '')
WHERE backup_id = :backup_id AND released_at IS NULL RETURNING id;

-- open_holds --
-- Oldest first; job NULL means every job.
SELECT hold.*, backup.job FROM hold JOIN backup ON backup.id = hold.backup_id
WHERE hold.released_at IS NULL
    AND (CAST(:job AS TEXT) IS NULL OR backup.job = CAST(:job AS TEXT))
ORDER BY hold.placed_at, hold.id;

-- put_chore --
INSERT INTO chore (verb, location, at, run_id)
VALUES (:verb, :location, :at, :run_id)
ON CONFLICT (verb, location) DO UPDATE SET at = excluded.at, run_id = excluded.run_id;

-- chores --
SELECT location, at FROM chore WHERE verb = :verb;
