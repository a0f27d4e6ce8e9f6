//! Secrets over the wire.

use http_body_util::BodyExt as _;
use oxg_broker::Broker;
use oxg_protocol::secret::{Lease, SecretGrant};
use oxg_protocol::{ErrorCode, Problem};
use secrecy::ExposeSecret as _;

use crate::support::{Plugin, manifest, open, within};

const VALUE: &str = "correct-horse-battery";

fn plugin() -> Plugin {
    let broker = Broker::builder().build().unwrap();
    let session = broker
        .session(manifest())
        .secret("api-token".parse().unwrap(), VALUE.into())
        .secret("not-declared".parse().unwrap(), "other-value-here".into())
        .open()
        .unwrap();
    Plugin { broker, session }
}

#[tokio::test]
async fn a_granted_secret_is_lent_and_never_cached() {
    let plugin = plugin();
    let reply = plugin.call("GET", "/v1/secrets/api-token", "").await;
    assert_eq!((reply.status, reply.header("cache-control")), (200, "no-store"));
    let grant: SecretGrant = reply.json();
    assert_eq!(grant.value.expose_secret(), VALUE);
    assert!(grant.lease.renewable && grant.lease.expires_in_ms <= grant.lease.max_ttl_ms);
}

#[tokio::test]
async fn a_secret_that_is_not_granted_looks_like_one_that_is_not_there() {
    let plugin = plugin();
    let shape = async |name: &str| -> Problem {
        let reply = plugin.call("GET", &format!("/v1/secrets/{name}"), "").await;
        let mut problem = plugin.refusal(&reply);
        assert_eq!(problem.code(), ErrorCode::SecretNotGranted);
        problem.request_id = None;
        problem.detail = problem.detail.replace(name, "NAME");
        problem.manifest_hint = problem.manifest_hint.map(|hint| hint.replace(name, "NAME"));
        problem
    };
    let there = shape("not-declared").await;
    assert_eq!(there, shape("never-heard-of").await);
    assert_eq!(there.manifest_hint.as_deref(), Some(r#""names": ["api-token", "NAME"]"#));
}

#[tokio::test]
async fn a_name_that_is_no_name_is_refused() {
    let plugin = plugin();
    for name in ["API-TOKEN", "api%2dtoken", "..", "-a", "a%00"] {
        let reply = plugin.call("GET", &format!("/v1/secrets/{name}"), "").await;
        assert_eq!(plugin.refusal(&reply).code(), ErrorCode::InvalidRequest, "{name}");
    }
}

#[tokio::test]
async fn a_lease_is_renewed_until_it_is_given_back() {
    let plugin = plugin();
    let grant: SecretGrant = plugin.call("GET", "/v1/secrets/api-token", "").await.json();
    let id = grant.lease.id.as_str();
    let renew = format!("/v1/leases/{id}/renew");
    let lease: Lease = plugin.call("POST", &renew, "").await.json();
    assert_eq!(lease.id, grant.lease.id);
    for _ in 0..2 {
        let reply = plugin.call("DELETE", &format!("/v1/leases/{id}"), "").await;
        assert_eq!(reply.status, 204, "giving back twice is giving back");
    }
    let reply = plugin.call("POST", &renew, "").await;
    assert_eq!(plugin.refusal(&reply).code(), ErrorCode::LeaseLost);
}

#[tokio::test]
async fn the_lease_of_one_session_is_nothing_to_another() {
    let plugin = plugin();
    let grant: SecretGrant = plugin.call("GET", "/v1/secrets/api-token", "").await.json();
    let other = Plugin::of(plugin.broker.clone());
    let renew = format!("/v1/leases/{}/renew", grant.lease.id);
    assert_eq!(other.call("POST", &renew, "").await.code(), ErrorCode::LeaseLost);
    other.call("DELETE", &format!("/v1/leases/{}", grant.lease.id), "").await;
    assert_eq!(plugin.call("POST", &renew, "").await.status, 200);
}

#[tokio::test]
async fn a_rotation_reaches_whoever_watches() {
    let plugin = plugin();
    let request = plugin.request("GET", "/v1/secrets/api-token/watch");
    let request = request.body(http_body_util::Empty::<bytes::Bytes>::new()).unwrap();
    let mut watching = open(plugin.broker.connect(), request).await.unwrap();
    let mut next = async || {
        let frame = within(watching.response.body_mut().frame()).await.unwrap().unwrap();
        frame.into_data().unwrap()
    };
    assert_eq!(next().await, "{\"version\":1}\n");
    plugin.session.rotate_secret("api-token".parse().unwrap(), "battery-staple-horse".into());
    assert_eq!(next().await, "{\"version\":2}\n");
    let grant: SecretGrant = plugin.call("GET", "/v1/secrets/api-token", "").await.json();
    assert_eq!((grant.version, grant.value.expose_secret()), (2, "battery-staple-horse"));
    assert!(!plugin.broker.redactor().redact("battery-staple-horse").contains("staple"));
    let reply = plugin.call("GET", "/v1/secrets/not-declared/watch", "").await;
    assert_eq!(plugin.refusal(&reply).code(), ErrorCode::SecretNotGranted);
}
