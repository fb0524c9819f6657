-- Statements of the topology.

-- topology_now --
SELECT h.*, s.body FROM topology_history h JOIN topology_snapshot s ON s.id = h.snapshot_id
ORDER BY h.seq DESC LIMIT 1;

-- topology_at --
-- The state at a moment: the last that began before it.
SELECT h.*, s.body FROM topology_history h JOIN topology_snapshot s ON s.id = h.snapshot_id
WHERE h.first_at <= :at ORDER BY h.seq DESC LIMIT 1;

-- topology_named --
-- A snapshot by the beginning of its id, as it was last seen.
SELECT h.*, s.body FROM topology_history h JOIN topology_snapshot s ON s.id = h.snapshot_id
WHERE h.snapshot_id >= :first AND h.snapshot_id < :past ORDER BY h.seq DESC LIMIT 100;

-- topology_history --
SELECT h.*, s.devices, s.links FROM topology_history h
JOIN topology_snapshot s ON s.id = h.snapshot_id ORDER BY h.seq DESC
LIMIT COALESCE(CAST(:limit AS BIGINT), 9223372036854775807);

-- add_topology_snapshot --
INSERT INTO topology_snapshot (id, devices, links, body) VALUES (:id, :devices, :links, :body)
ON CONFLICT (id) DO NOTHING;

-- add_topology_history --
INSERT INTO topology_history (seq, snapshot_id, previous_id, first_at, last_at, scans, silent)
SELECT COALESCE(MAX(seq), 0) + 1, :snapshot_id, :previous_id, :at, :at, 1, :silent
FROM topology_history;

-- topology_seen_again --
UPDATE topology_history SET last_at = :at, scans = scans + 1, silent = :silent WHERE seq = :seq;

-- add_topology_event --
INSERT INTO topology_event
    (id, at, kind, subject, devices, before, after, snapshot_before, snapshot_after, run_id)
VALUES (:id, :at, :kind, :subject, :devices, :before, :after, :snapshot_before, :snapshot_after,
    :run_id);

-- topology_events --
-- Events from a moment on, or after an event, oldest first.
SELECT * FROM topology_event WHERE at >= :since AND id > :after_id
ORDER BY at, id LIMIT COALESCE(CAST(:limit AS BIGINT), 9223372036854775807);

-- topology_agents --
SELECT * FROM topology_agent ORDER BY name;

-- topology_agent_names --
SELECT name FROM topology_agent ORDER BY name;

-- keep_topology_agent --
INSERT INTO topology_agent (name, address, at, read_at, gate, habits, body)
VALUES (:name, :address, :at, :read_at, :gate, :habits, :body)
ON CONFLICT (name) DO UPDATE SET address = excluded.address, at = excluded.at,
    read_at = excluded.read_at, gate = excluded.gate, habits = excluded.habits,
    body = excluded.body;

-- touch_topology_agent --
UPDATE topology_agent SET at = :at, gate = :gate WHERE name = :name;

-- forget_topology_agent --
DELETE FROM topology_agent WHERE name = :name;

-- topology_missing --
SELECT * FROM topology_missing ORDER BY name;

-- clear_topology_missing --
DELETE FROM topology_missing;

-- add_topology_missing --
INSERT INTO topology_missing (name, scans, flaps) VALUES (:name, :scans, :flaps);

-- topology_claims --
SELECT * FROM topology_claim ORDER BY address, mac;

-- clear_topology_claims --
DELETE FROM topology_claim;

-- add_topology_claim --
INSERT INTO topology_claim (address, mac, at) VALUES (:address, :mac, :at);

-- endpoints --
SELECT * FROM endpoint ORDER BY mac;

-- keep_endpoint --
INSERT INTO endpoint (mac, device, port, vlan, addresses, name, first_seen_at, last_seen_at)
VALUES (:mac, :device, :port, :vlan, :addresses, :name, :at, :at)
ON CONFLICT (mac) DO UPDATE SET device = excluded.device, port = excluded.port,
    vlan = excluded.vlan, addresses = excluded.addresses, name = excluded.name,
    last_seen_at = excluded.last_seen_at;

-- add_endpoint_place --
INSERT INTO endpoint_place (mac, from_at, until_at, device, port)
VALUES (:mac, :from_at, :until_at, :device, :port)
ON CONFLICT (mac, from_at) DO UPDATE SET until_at = excluded.until_at,
    device = excluded.device, port = excluded.port;

-- endpoint_places --
-- Newest first.
SELECT * FROM endpoint_place WHERE mac = :mac ORDER BY from_at DESC;

-- endpoint_places_since --
SELECT mac, device, port FROM endpoint_place WHERE until_at >= :since ORDER BY until_at DESC;

-- bindings --
SELECT * FROM binding ORDER BY mac;

-- keep_binding --
INSERT INTO binding (mac, address, device, port, name, source, at, account, note)
VALUES (:mac, :address, :device, :port, :name, :source, :at, :account, :note)
ON CONFLICT (mac) DO UPDATE SET address = excluded.address, device = excluded.device,
    port = excluded.port, name = excluded.name, source = excluded.source, at = excluded.at,
    account = excluded.account, note = excluded.note;

-- remove_binding --
DELETE FROM binding WHERE mac = :mac RETURNING mac;
