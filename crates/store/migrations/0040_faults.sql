-- What became of the messages that were handed over in five minutes of a stream; counts, over all workers. Forgotten
-- after forty days.
-- clustered
CREATE TABLE sending_cohort (
  part BIGINT NOT NULL, -- always 0
  slot BIGINT NOT NULL, -- five minutes, counted from 1970
  channel TEXT NOT NULL,
  provider TEXT NOT NULL,
  template TEXT NOT NULL,
  handed BIGINT NOT NULL, -- taken, refused for good, or with an answer that was lost
  delivered BIGINT NOT NULL,
  failed BIGINT NOT NULL,
  PRIMARY KEY (part, slot, channel, provider, template)
);

-- How long receipts of a provider took, by powers of two of seconds.
-- clustered
CREATE TABLE receipt_latency (
  part BIGINT NOT NULL, -- always 0
  channel TEXT NOT NULL,
  provider TEXT NOT NULL,
  place BIGINT NOT NULL,
  n BIGINT NOT NULL,
  PRIMARY KEY (part, channel, provider, place)
);

-- When somebody was last heard of: workers, watchers, the receipts of a provider, canaries.
-- clustered
CREATE TABLE sign_of_life (
  part BIGINT NOT NULL, -- always 0
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  at BIGINT NOT NULL,
  every_seconds BIGINT NOT NULL, -- how often it is to be heard of; 0 where that is not fixed
  PRIMARY KEY (part, kind, name)
);

-- Incidents that the watch found. One that comes again after it was closed is another.
CREATE TABLE watch_incident (
  part BIGINT NOT NULL, -- always 0
  incident_id BYTEA NOT NULL,
  code TEXT NOT NULL,
  stream TEXT NOT NULL, -- what it is about: a provider, a kind of message, a worker
  opened_at BIGINT NOT NULL,
  last_seen_at BIGINT NOT NULL,
  first_affected TEXT NOT NULL,
  affected_count BIGINT NOT NULL, -- the most that was seen
  evidence TEXT NOT NULL, -- name=value, separated by semicolons
  closed_at BIGINT,
  report TEXT, -- what was caught up when it was closed; as the evidence
  PRIMARY KEY (part, incident_id)
);
CREATE INDEX watch_incident_open ON watch_incident (part, code) WHERE closed_at IS NULL;
