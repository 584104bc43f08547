-- Where numbers and addresses come from, and what shows that they are the person's.
ALTER TABLE contact_point ADD COLUMN added_at BIGINT NOT NULL DEFAULT 0; -- 0: before this was kept
ALTER TABLE contact_point ADD COLUMN added_by TEXT NOT NULL DEFAULT '';
ALTER TABLE contact_point ADD COLUMN added_place TEXT NOT NULL DEFAULT ''; -- file and line
ALTER TABLE contact_point_change ADD COLUMN source TEXT NOT NULL DEFAULT 'staff'; -- import, staff, reply, receipt, undo
ALTER TABLE contact_point_change ADD COLUMN place TEXT NOT NULL DEFAULT ''; -- file and line, provider or batch

-- Proofs that a number or address is the person's; only ever inserted. `lookup` is the keyed hash of what was proved:
-- a proof says nothing of another number that is put in its place.
-- clustered
CREATE TABLE contact_point_proof (
  part BIGINT NOT NULL,
  customer_id BYTEA NOT NULL,
  contact_point_id BYTEA NOT NULL,
  proof_id BYTEA NOT NULL,
  lookup BYTEA NOT NULL,
  verified_on BIGINT NOT NULL,
  how TEXT NOT NULL, -- code, reply, register, customer, document
  evidence TEXT NOT NULL,
  recorded_at BIGINT NOT NULL,
  recorded_by TEXT NOT NULL,
  PRIMARY KEY (part, customer_id, contact_point_id, proof_id)
);
