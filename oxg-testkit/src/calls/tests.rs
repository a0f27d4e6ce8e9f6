use http::Request;

use super::*;

fn covers(call: &Call, method: &str, uri: &str) -> bool {
    call.covers(&Request::builder().method(method).uri(uri).body(()).unwrap())
}

#[test]
fn a_call_covers_what_it_names_and_nothing_else() {
    for (call, method, uri) in [
        (Call::session(), "GET", "/v1/session"),
        (Call::secret("api-token"), "GET", "/v1/secrets/api-token"),
        (Call::watch_secret("api-token"), "GET", "/v1/secrets/api-token/watch"),
        (Call::renew_lease(), "POST", "/v1/leases/abc/renew"),
        (Call::give_back_lease(), "DELETE", "/v1/leases/abc"),
        (Call::put_artifact("a/b c"), "PUT", "/v1/artifacts/a/b%20c"),
        (Call::list_artifacts(), "GET", "/v1/artifacts?prefix=a"),
        (Call::begin_upload(), "POST", "/v1/uploads"),
        (Call::append_upload(), "PATCH", "/v1/uploads/abc"),
        (Call::lease_tasks(), "POST", "/v1/tasks/lease"),
        (Call::extend_task(), "POST", "/v1/tasks/abc/extend"),
        (Call::complete_task(), "POST", "/v1/tasks/abc/complete"),
        (Call::enqueue_task(), "POST", "/v1/tasks"),
        (Call::egress("https://shop.test/{*rest}"), "PUT", "https://shop.test/a/b?c=d"),
    ] {
        assert!(covers(&call, method, uri), "{call}");
        assert!(covers(&Call::any(), method, uri), "{call}");
        assert!(!covers(&call, method, "/v1/other"), "{call}");
        assert!(!covers(&call, method, "https://other.test/v1/session"), "{call}");
        let other = if method == "GET" { "POST" } else { "GET" };
        let any_method = call.to_string().starts_with('*');
        assert_eq!(covers(&call, other, uri), any_method, "{call}");
    }
}

#[test]
fn a_call_that_never_came_is_a_complaint() {
    let calls = Calls::default();
    calls.on(Call::secret("api-token")).reset().times(2);
    calls.on(Call::send_logs()).optional();
    assert_eq!(
        calls.complaints(),
        ["missing call: GET /v1/secrets/api-token\n  expected at least twice, came never"]
    );
}
