-- How much of a channel's limit for a day the agreements of a span used; one row a span, named by its first part.
-- clustered
CREATE TABLE channel_use (
  part BIGINT NOT NULL,
  business_date BIGINT NOT NULL,
  currency TEXT NOT NULL,
  channel TEXT NOT NULL,
  taken BIGINT NOT NULL, -- contacts planned
  left_over BIGINT NOT NULL, -- agreements that found the limit used up
  left_over_seen BIGINT NOT NULL, -- of those left over the day before, how many were looked at
  PRIMARY KEY (part, business_date, currency, channel)
);

-- Gentler modes: a part of the portfolio is treated more gently than its strategy says. Never changed but for the
-- decision and the end.
-- clustered
CREATE TABLE gentle_mode (
  part BIGINT NOT NULL, -- always 0
  mode_id BYTEA NOT NULL,
  reason TEXT NOT NULL,
  effect TEXT NOT NULL,
  products TEXT NOT NULL,
  buckets TEXT NOT NULL,
  segments TEXT NOT NULL,
  from_on BIGINT NOT NULL,
  through_on BIGINT, -- missing when it runs until it is ended
  note TEXT NOT NULL,
  author TEXT NOT NULL,
  asked_at BIGINT NOT NULL,
  state TEXT NOT NULL, -- pending, approved, rejected
  decided_by TEXT,
  decided_at BIGINT,
  decision_note TEXT,
  ended_on BIGINT, -- the first business date on which it was not in force any more
  ended_by TEXT,
  PRIMARY KEY (part, mode_id)
);
