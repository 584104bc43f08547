-- Channels that a file opts many customers out of, or in to, kept until a second person agrees, and to undo them as one.
ALTER TABLE contact_request ADD COLUMN opted_out_count BIGINT NOT NULL DEFAULT 0; -- customers with a channel less
ALTER TABLE contact_request ADD COLUMN opted_in_count BIGINT NOT NULL DEFAULT 0; -- customers with a channel more
-- clustered
CREATE TABLE opt_out_change (
  part BIGINT NOT NULL,
  batch_id BYTEA NOT NULL,
  customer_id BYTEA NOT NULL,
  channels_before TEXT NOT NULL,
  channels_after TEXT NOT NULL,
  content_hash BYTEA NOT NULL, -- of the row that says it: where another one came since, this one is out of date
  PRIMARY KEY (part, batch_id, customer_id)
);
CREATE INDEX opt_out_change_customer ON opt_out_change (part, customer_id, content_hash);
