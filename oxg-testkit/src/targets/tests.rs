use super::*;
use serde_json::json;

fn sent(method: &str, url: &str) -> Sent {
    Sent {
        method: method.to_owned(),
        url: url.parse().unwrap(),
        headers: vec![("x-a".to_owned(), "1".to_owned())],
        body: b"hi".to_vec(),
    }
}

fn covers(pattern: Pattern, sent: &Sent) -> bool {
    pattern.differences(sent).is_empty()
}

#[test]
fn every_part_of_a_pattern_must_match() {
    let request = |url| request("POST", url);
    let sent = sent("POST", "https://e.test/a?b=c&d=e+f");
    let whole = "https://e.test/a?b=c&d=e+f";
    assert!(covers(request(whole).header("X-A", "1").body("hi"), &sent));
    assert!(covers(request("https://e.test/a").query("d", "e f").has_header("x-a"), &sent));
    assert!(covers(request("https://e.test/{x}").any_query(), &sent));
    assert!(covers(request(whole).matching("a short body", |sent| sent.body.len() < 5), &sent));
    for other in [
        get(whole),
        request("https://e.test/a"),
        request("https://e.test/a").query("d", "e"),
        request("http://e.test/a?b=c&d=e+f"),
        request(whole).header("x-a", "2"),
        request(whole).has_header("x-b"),
        request(whole).body("ho"),
        request(whole).json(json!("hi")),
        request(whole).matching("a long body", |sent| sent.body.len() > 5),
    ] {
        assert!(!covers(other.clone(), &sent), "{other}");
    }
}

#[tokio::test]
async fn a_used_up_expectation_makes_way_for_the_next() {
    let targets = Targets::default();
    targets.on(get("https://e.test/")).reply(500).times(1);
    targets.on(get("https://e.test/")).answer_in_turn([Answer::new(201), Answer::new(202)]);
    targets
        .on(get("https://e.test/"))
        .answer_with(|sent| Answer::new(sent.body.len() as u16 * 200));
    let mut heads = Vec::new();
    for _ in 0..4 {
        let answer = targets.answer(sent("GET", "https://e.test/")).unwrap().await;
        heads.push(format!("{:?}", answer.steps(false)));
    }
    for (head, status) in heads.iter().zip(["500", "201", "202", "400"]) {
        assert!(head.contains(&format!("HTTP/1.1 {status}")), "{heads:?}");
    }
    assert!(targets.complaints().is_empty());
}

#[test]
fn an_unexpected_request_names_the_nearest_expectation_field_by_field() {
    let targets = Targets::default();
    targets.on(request("POST", "https://other.test/").header("x-b", "2")).reply(200).optional();
    targets.on(get("https://e.test/").header("x-a", "2").body("ho")).reply(200).optional();
    assert!(targets.answer(sent("GET", "https://e.test/")).is_none());
    assert_eq!(
        targets.complaints(),
        ["unexpected request: GET https://e.test/
  nearest expectation: GET https://e.test/
    header x-a: expected \"2\", sent \"1\"
    body: expected \"ho\", sent \"hi\""]
    );
}

#[test]
fn each_kind_of_difference_reads_well() {
    let targets = Targets::default();
    let pattern = request("*", "https://*.e.test/items/{id}")
        .query("page", "1")
        .has_header("x-b")
        .json_partial(json!({ "a": 1 }))
        .matching("a page below 10", |_| false);
    targets.on(pattern).reply(200).optional();
    let mut sent = sent("PUT", "https://e.test/items?page=2");
    sent.body = br#"{"a":2}"#.to_vec();
    assert!(targets.answer(sent).is_none());
    assert_eq!(
        targets.complaints(),
        ["unexpected request: PUT https://e.test/items?page=2
  nearest expectation: * https://*.e.test/items/{id}
    url: expected https://*.e.test/items/{id}, sent https://e.test/items?page=2
    query page: expected \"1\", sent \"2\"
    header x-b: expected, not sent
    body $.a: expected 1, sent 2
    expected a page below 10, which does not hold"]
    );
}

#[test]
fn a_request_that_comes_too_early_is_told_what_comes_first() {
    let targets = Targets::default();
    targets.in_order();
    targets.on(get("https://e.test/login")).reply(200);
    targets.on(get("https://e.test/page")).reply(200);
    assert!(targets.answer(sent("GET", "https://e.test/page")).is_none());
    assert!(targets.answer(sent("GET", "https://e.test/login")).is_some());
    assert!(targets.answer(sent("GET", "https://e.test/page")).is_some());
    assert_eq!(
        targets.complaints(),
        ["unexpected request: GET https://e.test/page
  nearest expectation: GET https://e.test/page
    order: expected after GET https://e.test/login,
      which has not come yet"]
    );
}

#[test]
fn a_request_that_never_came_is_a_complaint() {
    let targets = Targets::default();
    targets.on(get("https://e.test/")).reply(200);
    targets.on(get("https://e.test/b")).reply(200).times(2);
    assert!(targets.answer(sent("GET", "https://e.test/b")).is_some());
    assert_eq!(
        targets.complaints(),
        [
            "missing request: GET https://e.test/\n  expected at least once, came never",
            "missing request: GET https://e.test/b\n  expected exactly twice, came once"
        ]
    );
}

#[test]
fn one_time_too_many_is_a_complaint() {
    let targets = Targets::default();
    targets.on(get("https://e.test/")).reply(200).times(1);
    assert!(targets.answer(sent("GET", "https://e.test/")).is_some());
    assert!(targets.answer(sent("GET", "https://e.test/")).is_none());
    assert_eq!(
        targets.complaints(),
        ["unexpected request: GET https://e.test/
  GET https://e.test/
    was expected once and has come more often"]
    );
}
