-- Which customers are one person. Rows are inserted and ended once; agreements and history stay with the customer.
-- clustered
CREATE TABLE customer_merge ( -- in the part of the customer that is another one
  part BIGINT NOT NULL,
  customer_id BYTEA NOT NULL,
  merge_id BYTEA NOT NULL,
  person_id BYTEA NOT NULL, -- the customer that it is: caps of the person are counted there
  merged_at BIGINT NOT NULL,
  from_on BIGINT NOT NULL, -- first business date
  ended_at BIGINT,
  ended_on BIGINT, -- first business date on which it did not hold any more
  PRIMARY KEY (part, customer_id, merge_id)
);

-- clustered
CREATE TABLE customer_member ( -- the same, in the part of the person
  part BIGINT NOT NULL,
  person_id BYTEA NOT NULL,
  customer_id BYTEA NOT NULL,
  merge_id BYTEA NOT NULL,
  merged_at BIGINT NOT NULL,
  from_on BIGINT NOT NULL, -- first business date
  ended_at BIGINT,
  ended_on BIGINT, -- first business date on which it did not hold any more
  PRIMARY KEY (part, person_id, customer_id, merge_id)
);

-- What was asked for, and what a second person decided.
CREATE TABLE customer_merge_request (
  part BIGINT NOT NULL, -- always 0
  request_id BYTEA NOT NULL,
  kind TEXT NOT NULL, -- one_person, two_persons
  customer_id BYTEA NOT NULL,
  person_id BYTEA NOT NULL,
  asked_at BIGINT NOT NULL,
  author TEXT NOT NULL,
  reason TEXT NOT NULL,
  state TEXT NOT NULL, -- pending, approved, rejected
  decided_at BIGINT,
  decided_by TEXT,
  note TEXT,
  PRIMARY KEY (part, request_id)
);
