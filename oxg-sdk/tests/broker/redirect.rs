//! Redirects: what is followed, what goes along, and what ends it.

use oxg_sdk::channel::Body;
use oxg_sdk::clients::http::{
    HttpClient, HttpError, HttpResponse, Redirect, RedirectError, secret,
};
use oxg_sdk::http::{HeaderValue, Method};

use crate::fake::{Call, FakeBroker, Reply, reply, with_header};

fn to(status: u16, location: &str) -> Reply {
    with_header(reply(status, ""), "location", location)
}

/// A site whose paths answer as `script` says, and 200 elsewhere.
fn site(script: impl Fn(&str) -> Option<Reply> + Send + Sync + 'static) -> FakeBroker {
    FakeBroker::new(move |call| Some(script(&call.target).unwrap_or_else(|| reply(200, "end"))))
}

async fn get(broker: &FakeBroker, redirect: Redirect) -> Result<HttpResponse, HttpError> {
    let http = HttpClient::new(broker.channel());
    http.get("https://shop.test/a").redirect(redirect).send().await
}

#[tokio::test(start_paused = true)]
async fn within_the_origin_they_are_followed_unless_told_otherwise() {
    let broker = site(|target| match target {
        "https://shop.test/a" => Some(to(301, "b?c")),
        "https://shop.test/b?c" => Some(to(302, "https://cdn.test/d")),
        _ => None,
    });
    let page = get(&broker, Redirect::default()).await.unwrap();
    assert_eq!((page.url().as_str(), page.status().as_u16()), ("https://shop.test/b?c", 302));
    assert_eq!(page.redirects().len(), 1);
    let first = get(&broker, Redirect::none()).await.unwrap();
    assert_eq!((first.status().as_u16(), first.redirects().len()), (301, 0));
    let last = get(&broker, Redirect::follow(2)).await.unwrap();
    assert_eq!((last.url().as_str(), last.status().as_u16()), ("https://cdn.test/d", 200));
    let chain: Vec<_> =
        last.redirects().iter().map(|hop| (hop.url.as_str(), hop.status.as_u16())).collect();
    assert_eq!(chain, [("https://shop.test/a", 301), ("https://shop.test/b?c", 302)]);
}

#[tokio::test(start_paused = true)]
async fn a_circle_and_too_many_hops_are_errors() {
    let broker = site(|target| match target {
        "https://shop.test/a" => Some(to(302, "/b")),
        _ => Some(to(302, "/a#again")),
    });
    let error = get(&broker, Redirect::default()).await.unwrap_err();
    let HttpError::Redirect(RedirectError::Loop { to: back }) = error else { panic!("{error:?}") };
    assert_eq!((back.as_str(), broker.calls().len()), ("https://shop.test/a", 2));
    let endless = site(|target| Some(to(302, &format!("{target}a"))));
    let error = get(&endless, Redirect::default()).await.unwrap_err();
    assert!(matches!(error, HttpError::Redirect(RedirectError::TooMany { limit: 10, .. })));
    assert_eq!(endless.calls().len(), 11);
}

#[tokio::test(start_paused = true)]
async fn from_https_to_http_only_if_asked_for() {
    let broker =
        site(|target| (target == "https://shop.test/a").then(|| to(302, "http://shop.test/b")));
    let error = get(&broker, Redirect::follow(5)).await.unwrap_err();
    assert!(matches!(error, HttpError::Redirect(RedirectError::Downgrade { .. })), "{error:?}");
    let page = get(&broker, Redirect::follow(5).allow_downgrade()).await.unwrap();
    assert_eq!(page.url().as_str(), "http://shop.test/b");
}

#[tokio::test(start_paused = true)]
async fn a_location_that_is_no_url_is_an_error_and_nothing_is_guessed() {
    for location in ["javascript:alert(1)", "//user@b.test/", "/a b", "\\\\b.test/", "ws://b.test/"]
    {
        let broker = site(move |_| Some(to(302, location)));
        let error = get(&broker, Redirect::follow(5)).await.unwrap_err();
        let is_typed = matches!(error, HttpError::Redirect(RedirectError::Location { .. }));
        assert!(is_typed && broker.calls().len() == 1, "{location}: {error:?}");
    }
}

async fn second_call(broker: &FakeBroker, method: Method, redirect: Redirect) -> Call {
    let http = HttpClient::new(broker.channel());
    let mut marked = HeaderValue::from_static("k-1");
    marked.set_sensitive(true);
    http.request(method, "https://shop.test/a")
        .redirect(redirect)
        .header("authorization", secret("api-token").bearer())
        .header("x-token", secret("other").raw())
        .header("cookie", "sid=1")
        .header("x-key", marked)
        .header("x-plain", "1")
        .json(&1)
        .send()
        .await
        .unwrap();
    broker.calls().remove(1)
}

#[tokio::test(start_paused = true)]
async fn credentials_stay_with_their_origin() {
    let within = site(|target| target.ends_with("/a").then(|| to(307, "/b")));
    let call = second_call(&within, Method::POST, Redirect::default()).await;
    assert_eq!(call.header("authorization"), Some("Bearer {{secret:api-token}}"));
    assert_eq!(call.header("oxg-inject"), Some("authorization, x-token"));
    for away in ["https://shop.test:8443/b", "https://cdn.test/b"] {
        let across = site(move |target| target.ends_with("/a").then(|| to(307, away)));
        let call = second_call(&across, Method::POST, Redirect::follow(3)).await;
        for name in ["authorization", "x-token", "cookie", "x-key", "oxg-inject"] {
            assert_eq!(call.header(name), None, "{name} to {away}");
        }
        assert_eq!((call.header("x-plain"), &call.body[..]), (Some("1"), &b"1"[..]));
    }
}

#[tokio::test(start_paused = true)]
async fn the_method_changes_as_rfc_9110_says() {
    for (status, method, then) in [
        (301, Method::POST, Method::GET),
        (302, Method::POST, Method::GET),
        (302, Method::PUT, Method::PUT),
        (303, Method::PUT, Method::GET),
        (303, Method::HEAD, Method::HEAD),
        (307, Method::POST, Method::POST),
        (308, Method::PATCH, Method::PATCH),
    ] {
        let broker = site(move |target| target.ends_with("/a").then(|| to(status, "/b")));
        let call = second_call(&broker, method.clone(), Redirect::default()).await;
        assert_eq!(call.method, then, "{status} {method}");
        let kept = then == method;
        assert_eq!(call.header("content-type").is_some(), kept, "{status} {method}");
        assert_eq!(!call.body.is_empty(), kept, "{status} {method}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_not_sent_twice() {
    let broker = site(|target| target.ends_with("/a").then(|| to(307, "/b")));
    let http = HttpClient::new(broker.channel());
    let stream = || Body::wrap(Body::from("once"));
    let error = http.post("https://shop.test/a").body(stream()).send().await.unwrap_err();
    assert!(matches!(error, HttpError::Redirect(RedirectError::Body { .. })), "{error:?}");
    assert_eq!(broker.calls().len(), 1);
}
