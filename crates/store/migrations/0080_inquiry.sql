-- When a provider is to be asked what became of an attempt whose outcome is open; one row for an attempt at most.
-- clustered
CREATE TABLE inquiry_due (
  part BIGINT NOT NULL,
  message_id BYTEA NOT NULL,
  attempt_index BIGINT NOT NULL,
  provider TEXT NOT NULL,
  handed_over_at BIGINT NOT NULL, -- when handing it over began
  next_at BIGINT, -- not asked any more where it is null
  asked_count BIGINT NOT NULL,
  fingerprint BYTEA, -- of the text that was handed over, where that is known
  unit_count BIGINT, -- what the provider charges for it, where that is known
  PRIMARY KEY (part, message_id, attempt_index)
);
CREATE INDEX inquiry_due_next ON inquiry_due (part, next_at) WHERE next_at IS NOT NULL;

-- What a provider said when it was asked what became of an attempt; only ever inserted.
-- clustered
CREATE TABLE inquiry (
  part BIGINT NOT NULL,
  message_id BYTEA NOT NULL,
  attempt_index BIGINT NOT NULL,
  asked_index BIGINT NOT NULL, -- counts the questions about the attempt from 0
  asked_at BIGINT NOT NULL,
  provider TEXT NOT NULL,
  answer TEXT NOT NULL, -- delivered, failed, underway, never_taken, cannot_tell
  code TEXT NOT NULL, -- the provider's own
  state_after TEXT NOT NULL, -- of the message, when that was written
  PRIMARY KEY (part, message_id, attempt_index, asked_index)
);
