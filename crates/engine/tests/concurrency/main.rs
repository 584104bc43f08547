//! Several engines on one database, as several processes have it: on SQLite and on PostgreSQL they leave what one
//! leaves, and one that lost its turn writes nothing.

#[path = "../shared/schema.rs"]
mod schema;

#[path = "../../../delivery/tests/channels/support/peer.rs"]
mod peer;

#[path = "../../../delivery/tests/channels/support/trunk.rs"]
#[expect(dead_code, reason = "the tests of the channel use all of it, these a part")]
mod trunk;

mod accounts;
mod agents;
mod answers;
mod batches;
mod budgets;
mod calls;
mod channels;
mod charges;
mod days;
mod dump;
mod fallback;
mod freed;
mod ground;
mod inquiries;
mod learning;
mod leases;
mod letters;
mod moments;
mod opening;
mod opt_outs;
mod outages;
mod outcome;
mod pauses;
mod watch;
mod work;
