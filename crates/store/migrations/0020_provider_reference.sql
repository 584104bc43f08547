-- What providers call messages, and receipts that name them so.

-- Finds a message by what its provider called it, or one of its segments, when it took it. `part` here is the hash of
-- `reference_key`, which is hashed from provider and reference. A row without a message was made by a receipt that
-- came before the answer was written.
-- clustered
CREATE TABLE provider_reference (
  part BIGINT NOT NULL,
  reference_key BYTEA NOT NULL,
  message_id BYTEA,
  segment_index BIGINT NOT NULL,
  segment_count BIGINT NOT NULL,
  PRIMARY KEY (part, reference_key)
);

-- A receipt whose reference nobody knew when it came; only ever inserted. `part` as above.
-- clustered
CREATE TABLE receipt_waiting (
  part BIGINT NOT NULL,
  reference_key BYTEA NOT NULL,
  receipt_key BYTEA NOT NULL,
  provider TEXT NOT NULL,
  reference TEXT NOT NULL,
  state TEXT NOT NULL,
  code TEXT NOT NULL,
  at BIGINT NOT NULL,
  received_at BIGINT NOT NULL,
  PRIMARY KEY (part, reference_key, receipt_key)
);

-- A provider's word on one segment of a message that went in several; only ever inserted. The message's own receipt
-- follows from all of them.
-- clustered
CREATE TABLE segment_receipt (
  part BIGINT NOT NULL,
  message_id BYTEA NOT NULL,
  receipt_key BYTEA NOT NULL,
  segment_index BIGINT NOT NULL,
  segment_count BIGINT NOT NULL,
  state TEXT NOT NULL,
  code TEXT NOT NULL,
  at BIGINT NOT NULL,
  received_at BIGINT NOT NULL,
  PRIMARY KEY (part, message_id, receipt_key)
);
