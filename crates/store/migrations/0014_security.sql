-- How well an agreement is secured, for the order of Civil Code Art. 560; and where money that belongs to nobody came
-- from.
ALTER TABLE agreement ADD COLUMN security TEXT NOT NULL DEFAULT 'none'; -- none, guaranteed, secured
ALTER TABLE suspense ADD COLUMN source TEXT NOT NULL DEFAULT 'bank_file'; -- bank_file, gateway
