//! Secrets by handle: what goes over the wire, and what never does.

use oxg_sdk::clients::http::{HttpClient, HttpError, InvalidRequest, RequestBuilder, secret};

use crate::fake::{FakeBroker, reply, with_header};

#[tokio::test(start_paused = true)]
async fn a_handle_goes_as_a_template_and_its_place_is_named() {
    let broker = FakeBroker::well_behaved();
    let http = HttpClient::new(broker.channel());
    http.get("https://shop.test/?page={{secret:a}}")
        .header("authorization", secret("api-token").basic("ci"))
        .header("X-Key", secret("key").raw())
        .header("x-plain", "{{secret:b}}")
        .send()
        .await
        .unwrap();
    let call = &broker.calls()[0];
    assert_eq!(call.header("authorization"), Some("Basic {{secret:api-token|basic:ci}}"));
    assert_eq!(call.header("x-key"), Some("{{secret:key}}"));
    // What the plugin did not ask for is not filled in.
    assert_eq!(call.header("oxg-inject"), Some("authorization, x-key"));
}

#[tokio::test(start_paused = true)]
async fn a_handle_in_the_query_is_named_and_does_not_outlive_a_redirect() {
    let broker = FakeBroker::new(|call| {
        let first = call.target.contains("key=");
        let location = "/b?x=%7B%7Bsecret:other%7D%7D";
        first.then(|| with_header(reply(302, ""), "location", location))
    });
    let http = HttpClient::new(broker.channel());
    let request = http.get("https://shop.test/?a=b").query_secret("key", &secret("api-key"));
    request.send().await.unwrap();
    let calls = broker.calls();
    assert_eq!(calls[0].target, "https://shop.test/?a=b&key=%7B%7Bsecret%3Aapi-key%7D%7D");
    assert_eq!(calls[0].header("oxg-inject"), Some(":query"));
    assert_eq!(calls[1].header("oxg-inject"), None);
}

#[tokio::test(start_paused = true)]
async fn text_that_looks_like_a_handle_is_refused_beside_a_real_one() {
    let broker = FakeBroker::well_behaved();
    let http = HttpClient::new(broker.channel());
    async fn refusal(request: RequestBuilder) -> InvalidRequest {
        match request.send().await {
            Err(HttpError::InvalidRequest(invalid)) => invalid,
            other => panic!("{other:?}"),
        }
    }
    let key = secret("key");
    for input in ["{{secret:other}}", "x{{secret:other}}", "{{secret:"] {
        let request =
            http.get("https://shop.test/").query(&[("q", input)]).query_secret("key", &key);
        assert!(matches!(refusal(request).await, InvalidRequest::ForeignTemplate(_)), "{input}");
        let request =
            http.get("https://shop.test/").header("x-key", key.raw()).header("x-key", input);
        assert!(matches!(refusal(request).await, InvalidRequest::ForeignTemplate(_)), "{input}");
    }
    let bad = http.get("https://shop.test/").header("x-key", secret("No Name").raw());
    assert!(matches!(refusal(bad).await, InvalidRequest::Template(_)));
    let bad = http.get("https://shop.test/").header("x-key", key.basic("a:b"));
    assert!(matches!(refusal(bad).await, InvalidRequest::Template(_)));
    let bad = http.get("https://shop.test/").header("accept-encoding", key.raw());
    assert!(matches!(refusal(bad).await, InvalidRequest::Place(_)));
    let many = (0..9).fold(http.get("https://shop.test/"), |request, n| {
        request.header(format!("x-{n}"), key.raw())
    });
    assert!(matches!(refusal(many).await, InvalidRequest::TooManyTemplates));
    assert!(broker.calls().is_empty());
}
