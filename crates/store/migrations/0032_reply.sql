-- What came back on our messages: answers by text message, and clicks on the link that ends mails. Only ever inserted.
-- An answer from a number that several customers have is kept for each of them; one from a number that nobody has is
-- kept without a customer, sealed by a key of its own. The first two bytes of an id are the part.
CREATE TABLE reply (
  part BIGINT NOT NULL,
  reply_id BYTEA NOT NULL,
  customer_id BYTEA,
  contact_point_id BYTEA,
  provider TEXT NOT NULL,
  channel TEXT NOT NULL,
  meaning TEXT NOT NULL, -- opt_out, other
  sender_sealed BYTEA NOT NULL,
  text_sealed BYTEA NOT NULL,
  sent_at BIGINT NOT NULL, -- by the provider's clock
  received_at BIGINT NOT NULL,
  circumstance_id BYTEA, -- the withdrawal that it became
  PRIMARY KEY (part, reply_id)
);
CREATE INDEX reply_by_customer ON reply (part, customer_id);
