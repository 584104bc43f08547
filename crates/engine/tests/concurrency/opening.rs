//! Programs that start at once on a database that is not there yet.

use std::sync::Barrier;

use dunlin_engine::{Config, Engine};

use crate::ground::{FIRST_DAY, Ground, grounds, moment};

/// Opens as many engines at once as there are configurations, each with fresh bytes of its own for a key.
fn open_at_once(configs: Vec<Config>) -> Vec<Result<Engine, String>> {
    let start = Barrier::new(configs.len());
    std::thread::scope(|scope| {
        let open = |(number, config): (u8, Config)| {
            let start = &start;
            scope.spawn(move || {
                start.wait();
                Engine::open(config, moment(FIRST_DAY, 0), [number; 32]).map_err(|error| error.to_string())
            })
        };
        let threads: Vec<_> = (1..).zip(configs).map(open).collect();
        threads.into_iter().map(|thread| thread.join().expect("the thread ends")).collect()
    })
}

fn check_one_system(ground: &Ground, engine: &Engine) {
    let entries = engine.db().read(|tx| {
        tx.query("select subject from audit_entry where part = 0 order by seq", &[], |row| {
            Ok(row.text(0).to_owned())
        })
    });
    let mut subjects = entries.expect("the audit log is read");
    let count = subjects.len();
    subjects.sort_unstable();
    subjects.dedup();
    assert!(
        count > 5 && subjects.len() == count,
        "{}: each document was imported once: {subjects:?}",
        ground.name
    );
    let report = engine.verify(&|_| {}).expect("the database can be read");
    assert_eq!(report.problems, Vec::<String>::new(), "{}", ground.name);
}

#[test]
fn of_programs_that_start_together_one_makes_the_database_and_its_key() {
    for ground in grounds() {
        let configs = (0..4).map(|number| ground.config(&format!("worker-{number}"))).collect();
        let engines = open_at_once(configs);
        for engine in &engines {
            let engine = engine.as_ref().unwrap_or_else(|error| panic!("{}: {error}", ground.name));
            check_one_system(&ground, engine);
        }
    }
}

#[test]
fn of_machines_that_start_together_with_keys_of_their_own_all_but_one_are_turned_away() {
    for ground in grounds() {
        let folders: Vec<tempfile::TempDir> =
            (0..4).map(|_| tempfile::tempdir().expect("a temporary folder")).collect();
        let config = |(number, folder): (usize, &tempfile::TempDir)| Config {
            folder: folder.path().to_owned(),
            ..ground.config(&format!("worker-{number}"))
        };
        let engines = open_at_once(folders.iter().enumerate().map(config).collect());
        let refusals: Vec<&String> = engines.iter().filter_map(|engine| engine.as_ref().err()).collect();
        assert_eq!(refusals.len(), 3, "{}: {refusals:?}", ground.name);
        for refusal in refusals {
            assert!(refusal.contains("master key"), "{}: {refusal}", ground.name);
        }
    }
}
