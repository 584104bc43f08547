//! A schema of its own on the PostgreSQL server that `DUNLIN_TEST_POSTGRES` names, for one test.

use std::sync::atomic::{AtomicU32, Ordering};

use dunlin_store::{Db, Location};

/// A schema of the server that `DUNLIN_TEST_POSTGRES` names.
pub struct Schema {
    url: String,
    name: String,
}

impl Schema {
    /// A new schema whose name begins with `purpose`, and the way to it.
    pub fn create(purpose: &str) -> (Self, Location) {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let url = std::env::var("DUNLIN_TEST_POSTGRES")
            .expect("DUNLIN_TEST_POSTGRES is not set; run ./test, which starts one");
        let name = format!("{purpose}_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let schema = Self { url, name };
        schema.admin(&format!("create schema {}", schema.name));
        let joint = if schema.url.contains('?') { '&' } else { '?' };
        let location =
            Location::Postgres(format!("{}{joint}options=-c%20search_path%3D{}", schema.url, schema.name));
        (schema, location)
    }

    fn admin(&self, sql: &str) {
        let db = Db::open(&Location::Postgres(self.url.clone())).expect("the server answers");
        db.write(|tx| tx.execute_script(sql)).expect("the test's user may do this");
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        self.admin(&format!("drop schema if exists {} cascade", self.name));
    }
}
