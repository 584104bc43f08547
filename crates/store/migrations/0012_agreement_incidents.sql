-- Incidents of one agreement that are no failure of a channel: faults of the program that somebody has to look at.
CREATE TABLE agreement_incident (
  part BIGINT NOT NULL,
  incident_id BYTEA NOT NULL, -- hashed from code, agreement and day
  agreement_id BYTEA NOT NULL,
  code TEXT NOT NULL, -- statement_unbalanced
  about_on BIGINT NOT NULL, -- the day that it is about: a cut-off
  detail TEXT NOT NULL,
  opened_at BIGINT NOT NULL,
  last_seen_at BIGINT NOT NULL,
  seen_count BIGINT NOT NULL,
  closed_at BIGINT,
  PRIMARY KEY (part, incident_id)
);
CREATE INDEX agreement_incident_open ON agreement_incident (part, opened_at) WHERE closed_at IS NULL;
