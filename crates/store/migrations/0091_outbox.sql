-- What is to be done with messages, and when: a row for each message whose next_attempt_at is set. A table of its own, so that a
-- message that is answered changes no index: its row is rewritten alone, and here one row goes.
-- clustered
CREATE TABLE outbox (
  part BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  message_id BYTEA NOT NULL,
  PRIMARY KEY (part, due_at, message_id)
);
INSERT INTO outbox (part, due_at, message_id) SELECT part, next_attempt_at, message_id FROM message WHERE next_attempt_at IS NOT NULL;
DROP INDEX message_due;
