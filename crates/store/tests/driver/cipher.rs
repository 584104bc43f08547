//! Personal data: readable with the right key in the right place, else not at all.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread;

use dunlin_domain::contact::Personal;
use dunlin_domain::id::CustomerId;
use dunlin_store::cipher::{Cell, CipherError, CustomerKey, MasterKey};
use expect_test::{Expect, expect};

const CELL: Cell<'static> = Cell { table: "contact_point", column: "address", row: &[7; 16] };

fn master() -> MasterKey {
    MasterKey::from_bytes([1; 32])
}

fn key() -> CustomerKey {
    CustomerKey::from_bytes([2; 32])
}

fn phone() -> Personal {
    Personal::new("13800138000")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_text_comes_back_as_it_went() {
    for text in ["", "13800138000", "上海市浦东新区世纪大道100号", &"x".repeat(100_000)] {
        let stored = key().encrypt(&CELL, &Personal::new(text));
        assert_eq!(stored.len(), text.len() + 29);
        assert_eq!(key().decrypt(&CELL, &stored).map(|text| text.reveal().to_owned()), Ok(text.to_owned()));
    }
}

#[test]
fn what_is_stored_is_frozen_and_the_same_each_time() {
    expect!["019130decabda4e0eaf0723bd750fda10d73fb090fdcc7e9e2319d6c041e6261611c34b0d78b0e43"]
        .assert_eq(&hex(&key().encrypt(&CELL, &phone())));
    expect!["01b598c10b47cfc2e473b77ba5f59c5b93ad412dd1946fc1f532dcae55b0a35ea1ed1855b5aaa7247eda5a5ce0def688959c51bb2d8b26d95149e1b3fa5d7a995cfebf08b6"].assert_eq(&hex(&master().wrap(&CustomerId([3; 16]), &key())));
    expect!["81b303fbb5c069a24d9809d8301c0dff"]
        .assert_eq(&hex(&master().lookup_hash("phone", "13800138000")));
    expect!["b598c10b47cfc2e4"].assert_eq(&master().fingerprint());
}

#[test]
fn equal_texts_do_not_show_between_cells_columns_and_customers() {
    let stored = key().encrypt(&CELL, &phone());
    let others = [
        key().encrypt(&Cell { row: &[8; 16], ..CELL }, &phone()),
        key().encrypt(&Cell { column: "name", ..CELL }, &phone()),
        CustomerKey::from_bytes([9; 32]).encrypt(&CELL, &phone()),
    ];
    // The nonce and the first byte of the ciphertext would be enough to tell.
    assert!(others.iter().all(|other| other[1..14] != stored[1..14]));
}

fn check_damaged(result: Result<Personal, CipherError>, expected: &Expect) {
    expected.assert_eq(&result.expect_err("it must not decrypt").to_string());
}

#[test]
fn altered_bytes_another_cell_and_another_key_do_not_decrypt() {
    let expected = expect![
        "stored contact_point.address does not decrypt: it was altered or belongs elsewhere; restore the row from a backup"
    ];
    let stored = key().encrypt(&CELL, &phone());
    for index in 0..stored.len() {
        for bit in [1, 128] {
            let mut altered = stored.clone();
            altered[index] ^= bit;
            check_damaged(key().decrypt(&CELL, &altered), &expected);
        }
        check_damaged(key().decrypt(&CELL, &stored[..index]), &expected);
    }
    check_damaged(key().decrypt(&CELL, &[&stored[..], &[0]].concat()), &expected);
    check_damaged(key().decrypt(&Cell { row: &[8; 16], ..CELL }, &stored), &expected);
    check_damaged(CustomerKey::from_bytes([9; 32]).decrypt(&CELL, &stored), &expected);
}

#[test]
fn a_customers_key_is_unwrapped_by_its_master_for_its_customer_only() {
    let customer = CustomerId([3; 16]);
    let wrapped = master().wrap(&customer, &key());
    let stored = key().encrypt(&CELL, &phone());
    let unwrapped = master().unwrap(&customer, &wrapped).expect("the key is the right one");
    assert_eq!(unwrapped.decrypt(&CELL, &stored), Ok(phone()));

    let check = |master: MasterKey, customer, wrapped: &[u8], expected: Expect| {
        let error = master.unwrap(&customer, wrapped).expect_err("it must not be unwrapped");
        expected.assert_eq(&error.to_string());
    };
    check(
        master(),
        CustomerId([4; 16]),
        &wrapped,
        expect![
            "stored key of customer cus_04040404040404040404040404040404 does not decrypt: it was altered or belongs elsewhere; restore the row from a backup"
        ],
    );
    check(
        MasterKey::from_bytes([5; 32]),
        customer,
        &wrapped,
        expect![
            "personal data was encrypted under master key b598c10b47cfc2e4, the one given is 829963bfb9a36b6c; give the key that this database was made with"
        ],
    );
    let mut altered = wrapped.clone();
    altered[40] ^= 1;
    check(
        master(),
        customer,
        &altered,
        expect![
            "stored key of customer cus_03030303030303030303030303030303 does not decrypt: it was altered or belongs elsewhere; restore the row from a backup"
        ],
    );
    check(
        master(),
        customer,
        &[],
        expect![
            "stored key of customer cus_03030303030303030303030303030303 does not decrypt: it was altered or belongs elsewhere; restore the row from a backup"
        ],
    );
}

#[test]
fn a_lookup_hash_depends_on_key_kind_and_text() {
    let hash = |byte, kind, text| MasterKey::from_bytes([byte; 32]).lookup_hash(kind, text);
    let all = [
        hash(1, "phone", "138"),
        hash(2, "phone", "138"),
        hash(1, "name", "138"),
        hash(1, "phone", "1381"),
        hash(1, "phone1", "38"),
    ];
    for (index, one) in all.iter().enumerate() {
        assert!(!all[..index].contains(one), "hash {index} is an earlier one");
    }
    assert_eq!(hash(1, "phone", "138"), all[0]);
}

#[test]
fn keys_never_show() {
    let secret = MasterKey::from_bytes([0xab; 32]);
    let shown = format!("{secret:?} {:?} {:?}", CustomerKey::from_bytes([0xab; 32]), phone());
    expect!["master key 43f43b8e69c44b22 customer key personal text of 11 bytes"].assert_eq(&shown);
}

fn check_parse(text: &str, expected: Expect) {
    expected.assert_eq(&match MasterKey::parse("DUNLIN_MASTER_KEY", text) {
        Ok(key) => key.fingerprint(),
        Err(error) => error.to_string(),
    });
}

#[test]
fn a_master_key_is_64_hexadecimal_digits() {
    let digits = "01".repeat(32);
    check_parse(&digits, expect!["b598c10b47cfc2e4"]);
    check_parse(&format!(" {digits}\n"), expect!["b598c10b47cfc2e4"]);
    check_parse(&digits.replace("01", "FF"), expect!["3ab21c1bf800f68b"]);
    check_parse(
        &digits[1..],
        expect![
            "the master key in DUNLIN_MASTER_KEY is not 64 hexadecimal digits; make one with: openssl rand -hex 32"
        ],
    );
    check_parse(
        &digits.replacen('0', "g", 1),
        expect![
            "the master key in DUNLIN_MASTER_KEY is not 64 hexadecimal digits; make one with: openssl rand -hex 32"
        ],
    );
    check_parse(
        &digits.replacen("01", "+1", 1),
        expect![
            "the master key in DUNLIN_MASTER_KEY is not 64 hexadecimal digits; make one with: openssl rand -hex 32"
        ],
    );
    check_parse(
        &"é".repeat(32),
        expect![
            "the master key in DUNLIN_MASTER_KEY is not 64 hexadecimal digits; make one with: openssl rand -hex 32"
        ],
    );
}

fn check_file(path: &Path, expected: Expect) {
    let text = match MasterKey::read_file(path) {
        Ok(key) => key.fingerprint(),
        Err(error) => error.to_string().replace(&path.display().to_string(), "FILE"),
    };
    expected.assert_eq(&text);
}

#[test]
fn a_key_file_is_made_once_for_its_owner_only_and_never_replaced() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("master.key");
    check_file(
        &path,
        expect![
            "master key file FILE is missing; without it no personal data can be read: restore it from where you keep its copy, or name the right file"
        ],
    );
    let made = MasterKey::read_or_create_file(&path, [1; 32]).expect("the folder is ours");
    assert_eq!(made.fingerprint(), master().fingerprint());
    let mode = fs::metadata(&path).expect("the file is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    check_file(&path, expect!["b598c10b47cfc2e4"]);
    let again = MasterKey::read_or_create_file(&path, [9; 32]).expect("the file is there");
    assert_eq!(again.fingerprint(), master().fingerprint());
    let refused = MasterKey::create_file(&path, [9; 32]).expect_err("the file is there");
    assert!(matches!(refused, CipherError::FileExists { .. }), "{refused}");
    let names: Vec<_> =
        fs::read_dir(folder.path()).expect("the folder").map(|entry| entry.map(|e| e.file_name())).collect();
    assert_eq!(names.len(), 1, "a draft was left behind: {names:?}");
}

#[test]
fn a_key_file_that_others_can_open_or_that_holds_no_key_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("master.key");
    MasterKey::create_file(&path, [1; 32]).expect("the folder is ours");
    let set_mode = |mode| fs::set_permissions(&path, Permissions::from_mode(mode)).expect("the file is ours");
    set_mode(0o640);
    check_file(&path, expect!["master key file FILE is open to other users (mode 640); run: chmod 600 FILE"]);
    set_mode(0o602);
    check_file(&path, expect!["master key file FILE is open to other users (mode 602); run: chmod 600 FILE"]);
    set_mode(0o400);
    check_file(&path, expect!["b598c10b47cfc2e4"]);
    set_mode(0o600);
    fs::write(&path, [0xff, 0xfe]).expect("the file is ours");
    check_file(
        &path,
        expect!["the master key in FILE is not 64 hexadecimal digits; make one with: openssl rand -hex 32"],
    );
    let error =
        MasterKey::create_file(&folder.path().join("none/master.key"), [1; 32]).expect_err("no folder");
    let text = error.to_string().replace(&folder.path().display().to_string(), "FOLDER");
    expect!["cannot use master key file FOLDER/none/master.key: No such file or directory (os error 2); check that the folder exists and belongs to you"].assert_eq(&text);
}

#[test]
fn programs_that_start_together_get_the_same_key() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("master.key");
    let fingerprints: Vec<String> = thread::scope(|scope| {
        let make = |byte| MasterKey::read_or_create_file(&path, [byte; 32]).expect("a key").fingerprint();
        let threads: Vec<_> = (0..8).map(|byte| scope.spawn(move || make(byte))).collect();
        threads.into_iter().map(|thread| thread.join().expect("the thread ends")).collect()
    });
    assert!(fingerprints.iter().all(|one| *one == fingerprints[0]), "{fingerprints:?}");
}
