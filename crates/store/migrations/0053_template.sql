-- Versions of templates that wait for a second person; what is approved becomes a policy document.
CREATE TABLE template_request (
  part BIGINT NOT NULL, -- always 0
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
  PRIMARY KEY (part, name, version)
);
