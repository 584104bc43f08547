-- The first schema. One text for SQLite and PostgreSQL; crates/store/src/dialect.rs says how it is read.

-- The audit log: a hash chain per range of parts, named by the range's first part. Rows are only ever inserted.
create table audit_entry (
    part BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    before TEXT,
    after TEXT,
    cause TEXT NOT NULL,
    previous_hash BYTEA NOT NULL,
    hash BYTEA NOT NULL,
    primary key (part, seq)
);

-- The end of each chain; its row is the lock that puts appenders of one range in order.
-- clustered
create table audit_head (
    part BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    primary key (part)
);

-- One root a day over the ends of all chains, itself chained; `heads` is the list of (part, seq) it covers.
create table audit_root (
    part BIGINT NOT NULL,
    business_date BIGINT NOT NULL,
    previous_root BYTEA NOT NULL,
    root BYTEA NOT NULL,
    heads BYTEA NOT NULL,
    entry_count BIGINT NOT NULL,
    primary key (part, business_date)
);
