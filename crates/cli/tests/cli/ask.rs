//! Asking a provider on the command line: what can be asked about, and what is said where nothing can.

use crate::support::{Place, TODAY};

#[test]
fn a_provider_that_knows_messages_by_our_ids_need_not_be_asked() {
    for place in Place::portfolios_on_both() {
        place.write("may/customers.csv", "customer_id,name,language\nC-1,Wang Shili,zh\n");
        place.write(
            "may/contact_points.csv",
            "contact_point_id,customer_id,kind,value\nP-1,C-1,phone,10000000001\n",
        );
        place.write(
            "may/agreements.csv",
            "agreement_id,customer_id,product,currency,opened_on,credit_limit,statement_day\n\
             A-1,C-1,baitiao,CNY,2026-03-05,8000.00,15\n",
        );
        place.write(
            "may/purchases.csv",
            "purchase_id,agreement_id,purchased_on,amount,instalment_count\nB-1,A-1,2026-04-08,300.00,0\n",
        );
        place.write("may/payments.csv", "payment_id,agreement_id,paid_on,amount,reverses\n");
        place.run(&["import", "may"]).check_exit(0);
        let day = place.run(&["--lang", "en", "day", "--date", TODAY]);
        // The server for tests keeps nothing on its disk at once, and whoever works on it is told so.
        let warnings = day.check_exit(0).warnings();
        let is_told = warnings.starts_with("warning: PostgreSQL runs with fsync, synchronous_commit");
        assert_eq!(is_told, place.is_on_postgres(), "{warnings}");
        let why = place.json(&["why", "A-1", "--on", TODAY]);
        let message = why["links"]
            .as_array()
            .expect("links")
            .iter()
            .flat_map(|link| link["evidence"].as_array().expect("evidence"))
            .filter_map(|evidence| evidence.as_str())
            .find(|evidence| evidence.starts_with("msg_"))
            .expect("a message")
            .to_owned();
        let refused = place.run(&["ask", &message]);
        let words = refused.check_exit(2).stderr();
        assert!(words.contains("cannot be asked about message"), "{words}");
        let unknown = place.run(&["ask", "msg_00"]);
        assert!(unknown.check_exit(2).stderr().contains("msg_00"));
    }
}
