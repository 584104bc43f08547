-- Changes of contact data that are so large that a second person has to agree, and the points that they are about.
CREATE TABLE contact_request (
  part BIGINT NOT NULL, -- always 0
  request_id BYTEA NOT NULL,
  asked_at BIGINT NOT NULL,
  author TEXT NOT NULL,
  reason TEXT NOT NULL,
  point_count BIGINT NOT NULL,
  customer_count BIGINT NOT NULL,
  agreement_count BIGINT NOT NULL,
  overdue_count BIGINT NOT NULL, -- agreements that are overdue
  unreachable_count BIGINT NOT NULL, -- customers left without any number or address in use
  share_millionths BIGINT NOT NULL, -- of all that are in use
  state TEXT NOT NULL, -- pending, approved, rejected
  decided_by TEXT,
  decided_at BIGINT,
  note TEXT,
  PRIMARY KEY (part, request_id)
);

-- clustered
CREATE TABLE contact_request_point (
  part BIGINT NOT NULL,
  request_id BYTEA NOT NULL,
  customer_id BYTEA NOT NULL,
  contact_point_id BYTEA NOT NULL,
  PRIMARY KEY (part, request_id, customer_id, contact_point_id)
);

-- How many numbers and addresses in use were removed on a business date.
-- clustered
CREATE TABLE contact_removal (
  part BIGINT NOT NULL,
  business_date BIGINT NOT NULL,
  n BIGINT NOT NULL,
  PRIMARY KEY (part, business_date)
);

-- Days on which more was removed than is usual; open until somebody looked.
-- clustered
CREATE TABLE contact_alarm (
  part BIGINT NOT NULL, -- always 0
  business_date BIGINT NOT NULL,
  removed BIGINT NOT NULL,
  removed_before BIGINT NOT NULL, -- in the 28 days before
  opened_at BIGINT NOT NULL,
  closed_at BIGINT,
  closed_by TEXT,
  note TEXT,
  PRIMARY KEY (part, business_date)
);
