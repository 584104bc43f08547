//! Fails on an arrow between crates that is not in this picture, and on an import that a crate must not have:
//!
//! ```text
//!                     lab          rehearses; only cli imports it
//!                      │
//! cli ──► server ──► engine ──► store ────► domain
//!                      ├─────► delivery ─► domain
//!                      └─────► model ────► domain
//! ```
//!
//! An arrow may skip crates in between. So `domain` stays free of IO and formats, and SQL stays inside `store`.
//! It reads the manifests as cargo sees them. A crate that only tests use is free, as long as it comes from
//! outside the workspace: a test may look into a database.

use std::process::Command;

use serde_json::{Value, json};

/// What one crate may import.
struct Rule {
    /// The crate, without the prefix `dunlin-`.
    name: &'static str,
    /// Crates of the workspace that it may import, also in tests.
    may_import: &'static [&'static str],
    /// Crates from outside.
    outside: Outside,
}

/// Which crates from outside the workspace may be imported.
enum Outside {
    /// These and no others.
    Only(&'static [&'static str]),
    /// All but these.
    AllBut(&'static [&'static str]),
}

const SQL_DRIVERS: &[&str] = &["rusqlite", "postgres", "tokio-postgres", "sqlx", "diesel"];

const RULES: &[Rule] = &[
    // Deciding needs a calendar, a hash and a search for words. Anything more would let IO, a format or a clock in.
    Rule { name: "domain", may_import: &[], outside: Outside::Only(&["aho-corasick", "blake3", "jiff"]) },
    Rule {
        name: "store",
        may_import: &["domain"],
        outside: Outside::AllBut(&[
            "axum",
            "hyper",
            "reqwest",
            "ureq",
            "lettre",
            "askama",
            "minijinja",
            "clap",
        ]),
    },
    Rule { name: "delivery", may_import: &["domain"], outside: Outside::AllBut(SQL_DRIVERS) },
    Rule { name: "model", may_import: &["domain"], outside: Outside::AllBut(SQL_DRIVERS) },
    Rule {
        name: "engine",
        may_import: &["domain", "store", "delivery", "model"],
        outside: Outside::AllBut(&[
            "axum",
            "hyper",
            "askama",
            "clap",
            "rusqlite",
            "postgres",
            "tokio-postgres",
        ]),
    },
    Rule { name: "server", may_import: &["domain", "engine"], outside: Outside::AllBut(SQL_DRIVERS) },
    Rule {
        name: "lab",
        may_import: &["domain", "store", "delivery", "model", "engine"],
        outside: Outside::AllBut(SQL_DRIVERS),
    },
    Rule {
        name: "cli",
        may_import: &["domain", "delivery", "engine", "server", "lab"],
        outside: Outside::AllBut(SQL_DRIVERS),
    },
];

/// Every import in `metadata` (the output of `cargo metadata --no-deps`) that no rule allows.
fn forbidden_imports(metadata: &Value) -> Vec<String> {
    let empty = Vec::new();
    let packages = metadata["packages"].as_array().unwrap_or(&empty);
    packages.iter().flat_map(forbidden_imports_of).collect()
}

fn forbidden_imports_of(package: &Value) -> Vec<String> {
    let full_name = package["name"].as_str().unwrap_or_default();
    let name = full_name.strip_prefix("dunlin-").unwrap_or(full_name);
    let Some(rule) = RULES.iter().find(|rule| rule.name == name) else {
        return vec![format!(
            "{name} is a new crate: draw it in the picture and give it a rule in arrows.rs"
        )];
    };
    let empty = Vec::new();
    let imports = package["dependencies"].as_array().unwrap_or(&empty);
    imports.iter().filter_map(|import| complaint(rule, import)).collect()
}

fn complaint(rule: &Rule, import: &Value) -> Option<String> {
    let imported = import["name"].as_str().unwrap_or_default();
    if let Some(member) = imported.strip_prefix("dunlin-") {
        let is_drawn = rule.may_import.contains(&member);
        return (!is_drawn).then(|| format!("{} must not import {member}", rule.name));
    }
    let is_for_tests_only = import["kind"] == "dev";
    let is_allowed = match rule.outside {
        Outside::Only(names) => names.contains(&imported),
        Outside::AllBut(names) => !names.contains(&imported),
    };
    (!is_allowed && !is_for_tests_only)
        .then(|| format!("{} must not import {imported} from outside", rule.name))
}

fn check(metadata: &Value, expected: &[&str]) {
    assert_eq!(forbidden_imports(metadata), expected);
}

#[test]
fn no_crate_imports_what_the_picture_forbids() {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline", "--locked"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs, since it runs this test");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
    let members = metadata["packages"].as_array().map_or(0, Vec::len);
    assert!(members >= 7, "cargo listed only {members} crates of the workspace");
    check(&metadata, &[]);
}

#[test]
fn an_arrow_that_is_not_in_the_picture_is_found() {
    let import = |name: &str| json!({ "name": name, "kind": null });
    let metadata = json!({ "packages": [
        { "name": "dunlin-domain", "dependencies": [import("jiff"), import("tokio"), import("dunlin-store")] },
        { "name": "dunlin-store", "dependencies": [import("dunlin-domain"), import("rusqlite")] },
        { "name": "dunlin-server", "dependencies": [import("dunlin-store"), import("postgres")] },
        { "name": "dunlin-engine", "dependencies": [import("dunlin-store"), import("dunlin-lab")] },
        { "name": "dunlin-shortcuts", "dependencies": [] },
    ]});
    check(
        &metadata,
        &[
            "domain must not import tokio from outside",
            "domain must not import store",
            "server must not import store",
            "server must not import postgres from outside",
            "engine must not import lab",
            "shortcuts is a new crate: draw it in the picture and give it a rule in arrows.rs",
        ],
    );
}

#[test]
fn tests_may_use_a_driver_but_not_another_crate_of_ours() {
    let import = |name: &str| json!({ "name": name, "kind": "dev" });
    let metadata = json!({ "packages": [
        { "name": "dunlin-cli", "dependencies": [import("postgres"), import("dunlin-store")] },
    ]});
    check(&metadata, &["cli must not import store"]);
}
