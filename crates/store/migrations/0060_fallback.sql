-- What followed on a message that did not get through: the message by another channel that took its place, or why there
-- is none. Only ever inserted, one row for each message at most, so that two workers make one message.
-- clustered
CREATE TABLE message_fallback (
  part BIGINT NOT NULL,
  after_id BYTEA NOT NULL, -- the message that did not get through
  root_id BYTEA NOT NULL, -- the first of the chain, which the day's verdict names
  cause TEXT NOT NULL, -- failed, no_receipt_after, unknown_after
  decided_at BIGINT NOT NULL,
  message_id BYTEA, -- the message that takes its place; null for none
  reason TEXT NOT NULL, -- why there is none; empty where there is one
  detail TEXT NOT NULL, -- its proof in words
  PRIMARY KEY (part, after_id)
);
CREATE INDEX message_fallback_root ON message_fallback (part, root_id);
CREATE UNIQUE INDEX message_fallback_message ON message_fallback (part, message_id);
