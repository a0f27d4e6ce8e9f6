use oxg_testkit::prelude::*;

use super::HeaderAudit;

#[oxg_testkit::test] // a broker of its own, no port, no sleep
async fn reports_a_bare_page(t: Testkit<HeaderAudit>) {
    t.http().on(get("https://shop.test/")).reply(200).body("<html>");
    let run = t.task(json!({ "url": "https://shop.test/" })).await;
    run.assert_findings([finding("web.header.missing").at_least(Low)]);
    run.assert_no_leaks(); // canaries planted in every secret
    run.assert_least_privilege(); // declared but never used, used but not declared
}

#[oxg_testkit::test]
async fn a_page_with_every_header_is_kept_and_not_reported(t: Testkit<HeaderAudit>) {
    let mut page = t.http().on(get("https://shop.test/")).reply(200).body("<html>");
    for header in [
        "content-security-policy",
        "referrer-policy",
        "strict-transport-security",
        "x-content-type-options",
    ] {
        page = page.header(header, "set");
    }
    page.header("set-cookie", "id=1; HttpOnly");
    let run = t.task(json!({ "url": "https://shop.test/" })).await;
    run.assert_findings([]);
    let pages: Vec<_> = run.artifacts.values().collect();
    assert_eq!(pages, [b"<html>"]);
}

#[oxg_testkit::test]
async fn a_cookie_that_scripts_can_read_is_named(t: Testkit<HeaderAudit>) {
    t.config(json!({ "required": [] }));
    t.http().on(get("https://shop.test/")).reply(200).header("set-cookie", "id=1; Path=/");
    let run = t.task(json!({ "url": "https://shop.test/" })).await;
    run.assert_findings([finding("web.cookie.open").severity(Medium).message_contains("read id")]);
}

#[oxg_testkit::test]
async fn the_token_goes_to_the_page_and_nowhere_else(t: Testkit<HeaderAudit>) {
    let token = format!("Bearer {}", t.secret("api-token"));
    t.http().on(get("https://shop.test/").header("authorization", token)).reply(200).times(1);
    t.task(json!({ "url": "https://shop.test/" })).await.assert_no_leaks();
}

#[oxg_testkit::test]
async fn a_page_elsewhere_is_denied_and_fails_its_task_only(t: Testkit<HeaderAudit>) {
    t.http().on(get("https://shop.test/")).reply(200);
    let run = t
        .tasks([json!({ "url": "https://shop.test/" }), json!({ "url": "https://billing.test/" })])
        .await;
    run.assert_denied("https://billing.test/");
    run.assert_failed(r#""hosts": ["shop.test", "billing.test"]"#);
    assert_eq!(run.failures().count(), 1);
}

#[oxg_testkit::test]
async fn a_task_without_a_url_fails_and_says_what_is_missing(t: Testkit<HeaderAudit>) {
    t.task(json!({ "uri": "https://shop.test/" })).await.assert_failed("url");
}
