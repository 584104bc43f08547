-- Until when a worker has a message in hand. Not in next_attempt_at, which stands in an index: so claiming writes the row alone,
-- and on PostgreSQL onto its own page where that has room for each of its rows once more.
ALTER TABLE message ADD COLUMN claimed_until BIGINT;
-- postgres: ALTER TABLE message SET (fillfactor = 45);
