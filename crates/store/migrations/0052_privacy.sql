-- What was done with a customer's data at their wish or for the law: only ever inserted.
-- clustered
CREATE TABLE privacy_log (
  part BIGINT NOT NULL,
  customer_id BYTEA NOT NULL,
  entry_index BIGINT NOT NULL,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL, -- access, copy, correct, restrict, end_restriction, delete, erase
  detail TEXT NOT NULL,
  PRIMARY KEY (part, customer_id, entry_index)
);
