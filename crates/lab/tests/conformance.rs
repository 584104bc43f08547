//! The shipped files of cases, and those of this repository, are played; nothing may differ.

use std::path::{Path, PathBuf};

use dunlin_lab::conformance::{Outcome, Report, play_file};

/// A shared file of cases, where these lie beside the checkout.
fn shared(name: &str) -> Option<PathBuf> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/scenarios").join(name);
    file.is_file().then_some(file)
}

fn play(file: &Path) -> Report {
    play_file(file).expect("a file of cases")
}

fn failures(report: &Report) -> Vec<String> {
    let failed = report.cases.iter().filter_map(|case| match &case.outcome {
        Outcome::Failed(failure) => Some(format!("{} {failure}", case.id)),
        Outcome::Passed | Outcome::Differs(_) => None,
    });
    failed.collect()
}

#[test]
fn the_cases_of_other_servicing_systems_hold() {
    let Some(file) = shared("servicing.json") else { return };
    let failed = failures(&play(&file));
    assert_eq!(failed, Vec::<String>::new());
}

#[test]
fn the_cases_of_chinese_contact_rules_hold() {
    let Some(file) = shared("cn_contacts.json") else { return };
    assert_eq!(failures(&play(&file)), Vec::<String>::new());
}

#[test]
fn the_cases_of_united_states_contact_rules_hold() {
    let Some(file) = shared("us_reg_f_contacts.json") else { return };
    assert_eq!(failures(&play(&file)), Vec::<String>::new());
}

#[test]
fn the_examples_of_regulation_z_hold() {
    let Some(file) = shared("apr_regz_appendix_j.json") else { return };
    assert_eq!(failures(&play(&file)), Vec::<String>::new());
}

#[test]
fn the_cases_of_this_repository_hold() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/conformance");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("the folder of cases") {
        let file = entry.expect("a file").path();
        let report = play(&file);
        assert_eq!(failures(&report), Vec::<String>::new(), "in {}", file.display());
        assert!(report.passed_count() > 5, "{} has cases", file.display());
        count += 1;
    }
    assert!(count > 3, "the files of cases are there");
}
