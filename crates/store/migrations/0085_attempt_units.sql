-- What a provider will charge an attempt by, should its answer be lost: segments of a text message, else 1. Null in attempts
-- of earlier versions.
ALTER TABLE attempt ADD COLUMN unit_count INTEGER;
