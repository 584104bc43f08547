//! Each fault of the bench is found in time, as what it is, and with its first victim.

use dunlin_lab::bench::faults;

#[test]
fn every_fault_is_found_in_time_with_its_first_victim() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let caught = faults::run(folder.path(), &mut |_, _| {}).expect("faults can be made");
    let missed: Vec<String> =
        caught.iter().filter(|caught| !caught.is_met()).map(|caught| format!("{caught:?}")).collect();
    assert_eq!(missed, Vec::<String>::new());
    assert_eq!(caught.len(), 17);
}

#[test]
fn a_storm_of_repeated_receipts_and_commands_changes_nothing_and_sends_nothing_twice() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let storm = faults::storm::storm(folder.path()).expect("a storm can be made");
    assert!(storm.is_met(), "{storm:?}");
    assert!(storm.receipts > 1_000 && storm.commands == 80, "{storm:?}");
}
