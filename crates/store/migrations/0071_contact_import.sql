-- What a file would change of contact points in use, kept with its new values until a second person agrees.
ALTER TABLE contact_request ADD COLUMN overwritten_count BIGINT NOT NULL DEFAULT 0; -- of point_count, those that get another value
-- clustered
CREATE TABLE contact_request_value (
  part BIGINT NOT NULL,
  request_id BYTEA NOT NULL,
  customer_id BYTEA NOT NULL,
  contact_point_id BYTEA NOT NULL,
  external_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  party TEXT NOT NULL,
  state TEXT NOT NULL,
  priority BIGINT NOT NULL,
  value_sealed BYTEA NOT NULL,
  content_hash BYTEA NOT NULL,
  content_hash_before BYTEA NOT NULL, -- of the row that it would change: a later change of it is not undone
  place TEXT NOT NULL, -- file and line
  PRIMARY KEY (part, request_id, customer_id, contact_point_id)
);
