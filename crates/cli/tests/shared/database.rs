//! A database of its own on the PostgreSQL server that `DUNLIN_TEST_POSTGRES` names, for one test.

use std::sync::atomic::{AtomicU32, Ordering};

/// A database of its own on the server for tests; dropped with it.
pub struct TestDatabase {
    /// The way to it.
    pub url: String,
    /// Its name, for copies of it.
    pub name: String,
    server: String,
}

impl TestDatabase {
    /// A copy of the database `original`, whose name holds `purpose`; `template1` is an empty one.
    pub fn copy(purpose: &str, original: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let server = std::env::var("DUNLIN_TEST_POSTGRES")
            .expect("DUNLIN_TEST_POSTGRES is not set; run ./test, which starts one");
        let name =
            format!("dunlin_{purpose}_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        administer(&server, &format!("create database {name} template {original}"));
        let (address, _) = server.rsplit_once('/').expect("the URL names a database");
        Self { url: format!("{address}/{name}"), server, name }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        administer(&self.server, &format!("drop database if exists {} with (force)", self.name));
    }
}

fn administer(server: &str, sql: &str) {
    let client = postgres::Client::connect(server, postgres::NoTls);
    let mut client = client.expect("the server named by DUNLIN_TEST_POSTGRES answers");
    client.batch_execute(sql).expect("the test's superuser may do this");
}
