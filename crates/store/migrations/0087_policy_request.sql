-- Versions of policy documents that wait for a second person; what is approved becomes a policy document.
CREATE TABLE policy_request (
  part BIGINT NOT NULL, -- always 0
  kind TEXT NOT NULL, -- template, contact_rules, strategy
  name TEXT NOT NULL,
  version BIGINT NOT NULL,
  content TEXT NOT NULL,
  file_name TEXT NOT NULL,
  submitted_by TEXT NOT NULL,
  submitted_at BIGINT NOT NULL,
  state TEXT NOT NULL, -- pending, approved, rejected
  decided_by TEXT,
  decided_at BIGINT,
  note TEXT,
  PRIMARY KEY (part, kind, name, version)
);
-- Until here only templates were asked for, in a table of their own.
INSERT INTO policy_request (part, kind, name, version, content, file_name, submitted_by, submitted_at, state, decided_by, decided_at, note)
  SELECT part, 'template', name, version, content, file_name, submitted_by, submitted_at, state, decided_by, decided_at, note
  FROM template_request;
DROP TABLE template_request;
