-- Where a message's number belongs, by its first digits, for the streams that the watch looks at; set when it is handed over.
ALTER TABLE message ADD COLUMN area TEXT;
