//! The all clear: written beside the watch, checked where there is neither database nor secret.

use std::path::Path;

use crate::support::{PROGRAM, Place, Ran};

#[test]
fn an_all_clear_is_checked_elsewhere_and_says_why_it_is_none() {
    let place = Place::imported();
    place.run(&["all-clear"]).check_exit(2);
    assert!(place.run(&["all-clear"]).stderr().contains("nobody has watched so far"));
    place.run(&["watch", "--once", "--all-clear", "clear.json"]);
    let key = place.json(&["all-clear", "key"])["key"].as_str().expect("a key").to_owned();

    let elsewhere = Place::empty();
    elsewhere.write("clear.json", place.read("clear.json"));
    let check = |file: &str, key: &str| elsewhere.run(&["all-clear", "check", file, "--key", key]);
    check("clear.json", &key).check_exit(0);
    assert!(check("clear.json", &key).stdout().starts_with("all clear; watched at "));
    // Nothing was made where it was checked.
    assert!(!elsewhere.path("dunlin-data").exists());

    let other_key = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    let forged = check("clear.json", other_key);
    assert!(forged.check_exit(1).stdout().contains("not signed with the key"), "{}", forged.stdout());
    elsewhere.write(
        "changed.json",
        place.read("clear.json").replace("\\\"open\\\":[]", "\\\"open\\\":[\\\"x\\\"]"),
    );
    assert!(check("changed.json", &key).check_exit(1).stdout().contains("not signed with the key"));
    elsewhere.write("other.json", "{}");
    assert!(check("other.json", &key).check_exit(1).stdout().contains("this is no all clear"));
    check("nowhere.json", &key).check_exit(2);

    let mut later =
        elsewhere.command(Path::new(PROGRAM), &["all-clear", "check", "clear.json", "--key", &key]);
    let too_old = Ran(later.env("DUNLIN_NOW", "2026-12-31T09:00:00+08:00").output().expect("it runs"));
    assert!(too_old.check_exit(1).stdout().contains("nobody has watched in time"), "{}", too_old.stdout());
}

#[test]
fn an_open_incident_is_no_all_clear() {
    let place = Place::imported();
    place.run(&["day", "--date", "2026-01-24"]).check_exit(0);
    // Days that should have been run were not.
    place.run(&["watch", "--once", "--all-clear", "clear.json", "--clock", "real"]).check_exit(1);
    let key = place.json(&["all-clear", "key"])["key"].as_str().expect("a key").to_owned();
    let checked = place.run(&["all-clear", "check", "clear.json", "--key", &key]);
    assert!(checked.check_exit(1).stdout().contains("day_not_run"), "{}", checked.stdout());
}
