//! Secrets over the wire.

use http_body_util::BodyExt as _;
use oxg_broker::Broker;
use oxg_protocol::audit::{Decision, EventType};
use oxg_protocol::secret::{Lease, SecretGrant};
use oxg_protocol::{ErrorCode, Problem, SecretName};
use secrecy::ExposeSecret as _;
use serde_json::json;

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
    plugin.session.rotate_secret(&"api-token".parse().unwrap(), "battery-staple-horse".into());
    assert_eq!(next().await, "{\"version\":2}\n");
    let grant: SecretGrant = plugin.call("GET", "/v1/secrets/api-token", "").await.json();
    assert_eq!((grant.version, grant.value.expose_secret()), (2, "battery-staple-horse"));
    assert!(!plugin.broker.redactor().redact("battery-staple-horse").contains("staple"));
    let reply = plugin.call("GET", "/v1/secrets/not-declared/watch", "").await;
    assert_eq!(plugin.refusal(&reply).code(), ErrorCode::SecretNotGranted);
}

#[tokio::test]
async fn a_watch_ends_with_its_session_and_with_a_revocation() {
    for revoked in [true, false] {
        let plugin = plugin();
        let request = plugin.request("GET", "/v1/secrets/api-token/watch");
        let request = request.body(http_body_util::Empty::<bytes::Bytes>::new()).unwrap();
        let mut watching = open(plugin.broker.connect(), request).await.unwrap();
        let first = within(watching.response.body_mut().frame()).await.unwrap().unwrap();
        assert_eq!(first.into_data().unwrap(), "{\"version\":1}\n");
        let Plugin { broker, session } = plugin;
        if revoked {
            broker.revoke_secret(&"api-token".parse().unwrap());
        } else {
            drop(session);
        }
        assert!(within(watching.response.body_mut().frame()).await.is_none(), "{revoked}");
    }
}

#[tokio::test]
async fn a_revoked_secret_and_a_revoked_lease_are_lost_over_the_wire() {
    let plugin = plugin();
    let lend =
        async || -> SecretGrant { plugin.call("GET", "/v1/secrets/api-token", "").await.json() };
    let grant = lend().await;
    let renew = format!("/v1/leases/{}/renew", grant.lease.id);
    assert!(plugin.session.revoke_lease(&grant.lease.id));
    assert_eq!(plugin.call("POST", &renew, "").await.code(), ErrorCode::LeaseLost);
    lend().await;
    plugin.session.revoke_secret(&"api-token".parse().unwrap());
    assert!(plugin.session.secret_leases().is_empty());
    let reply = plugin.call("GET", "/v1/secrets/api-token", "").await;
    assert_eq!(plugin.refusal(&reply).code(), ErrorCode::SecretNotGranted);
}

#[tokio::test]
async fn each_denial_about_a_secret_is_in_the_audit_and_no_value_is() {
    let plugin = plugin();
    for (method, path, code) in [
        ("GET", "/v1/secrets/not-declared", ErrorCode::SecretNotGranted),
        ("GET", "/v1/secrets/not-declared/watch", ErrorCode::SecretNotGranted),
        ("GET", "/v1/secrets/Not-A-Name", ErrorCode::InvalidRequest),
        ("POST", "/v1/leases/l-1/renew", ErrorCode::LeaseLost),
    ] {
        let reply = plugin.call(method, path, "").await;
        assert_eq!(plugin.refusal(&reply).code(), code, "{path}");
        let record = plugin.audited(&reply);
        assert_eq!(record.decision, Decision::Deny, "{path}");
        assert_eq!(record.metadata["path"], path);
        assert_eq!(record.metadata["code"], code.as_str());
        assert_eq!(record.plugin_id, plugin.session.plugin_id());
        if code == ErrorCode::SecretNotGranted {
            assert_eq!(record.event_type, EventType::Secret);
            assert_eq!(record.metadata["capability"], "secrets");
            let hint = r#""names": ["api-token", "not-declared"]"#;
            assert_eq!(record.metadata["manifest_hint"], hint);
        }
    }
    plugin.call("GET", "/v1/secrets/api-token", "").await;
    let audit = serde_json::to_string(&plugin.broker.audit().unwrap()).unwrap();
    assert!(!audit.contains("horse") && !audit.contains("other-value"), "{audit}");
}

#[tokio::test]
async fn no_value_is_ever_on_disk() {
    let directory = tempfile::tempdir().unwrap();
    let broker = Broker::builder().directory(directory.path()).build().unwrap();
    let name: SecretName = "api-token".parse().unwrap();
    let session = broker.session(manifest()).secret(name.clone(), VALUE.into()).open().unwrap();
    let plugin = Plugin { broker, session };
    let grant: SecretGrant = plugin.call("GET", "/v1/secrets/api-token", "").await.json();
    plugin.call("POST", &format!("/v1/leases/{}/renew", grant.lease.id), "").await;
    plugin.session.rotate_secret(&name, "battery-staple-horse".into());
    plugin.call("GET", "/v1/secrets/api-token", "").await;
    let log = json!({ "ts": "", "level": "info", "target": "t", "msg": format!("{VALUE}") });
    plugin.call("POST", "/v1/logs", log.to_string()).await;
    let mut folders = vec![directory.path().to_owned()];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
                continue;
            }
            let bytes = std::fs::read(entry.path()).unwrap();
            files += 1;
            for value in [VALUE, "battery-staple"] {
                let found = bytes.windows(value.len()).any(|window| window == value.as_bytes());
                assert!(!found, "{value} in {}", entry.path().display());
            }
        }
    }
    assert!(files > 2, "{files}");
}
