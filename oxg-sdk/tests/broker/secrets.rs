use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use oxg_protocol::ErrorCode;
use oxg_sdk::clients::SecretError;
use oxg_sdk::http::Method;
use oxg_sdk::prelude::*;
use oxg_sdk::redact::Redactor;

use crate::fake::{FakeBroker, Reply, json as answer, refuse};
use crate::probe::{probe, run, runtime};

const VALUE: &str = "s3cr3t-of-the-shop";

/// A broker that lends a secret for a minute, a new version each time, after a second of thought.
fn lending() -> FakeBroker {
    let version = AtomicU64::new(1);
    FakeBroker::new(move |call| {
        call.is(Method::GET, "/v1/secrets/api-token").then(|| {
            let version = version.fetch_add(1, Ordering::SeqCst);
            let grant = json!({
                "value": VALUE, "version": version,
                "lease": {
                    "id": format!("l-{version}"), "expires_in_ms": 60_000,
                    "renewable": false, "max_ttl_ms": 60_000,
                },
            });
            Reply::After(Duration::from_secs(1), Box::new(answer(grant)))
        })
    })
    .task("t-1", json!({}))
}

#[tokio::test(start_paused = true)]
async fn the_redactor_knows_a_secret_before_the_plugin_does() {
    let broker = lending();
    let redactor = Redactor::default();
    let known = redactor.clone();
    let plugin = probe(move |ctx, _| {
        let known = known.clone();
        async move {
            let secret = ctx.secrets().get("api-token").await?;
            assert!(!known.redact(VALUE).contains(VALUE));
            assert_eq!(secret.expose(str::to_owned), VALUE);
            assert!(!format!("{secret:?}").contains(VALUE));
            Ok(TaskOutcome::done())
        }
    });
    let run = runtime(&broker, plugin).redactor(redactor);
    assert_eq!(run.run(std::future::pending()).await.unwrap().completed, 1);
}

#[tokio::test(start_paused = true)]
async fn callers_share_one_fetch_until_the_lease_is_about_to_end() {
    let broker = lending();
    let plugin = probe(|ctx, _| async move {
        let (first, second) = (ctx.secrets(), ctx.secrets());
        let (a, b) = tokio::join!(first.get("api-token"), second.get("api-token"));
        assert_eq!((a?.version(), b?.version()), (1, 1));
        tokio::time::sleep(Duration::from_secs(55)).await;
        assert_eq!(first.get("api-token").await?.version(), 1);
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(first.get("api-token").await?.version(), 2);
        Ok(TaskOutcome::done())
    });
    assert_eq!(run(&broker, plugin).await.unwrap().completed, 1);
    assert_eq!(broker.calls_to("/api-token").len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_failed_fetch_does_not_stick() {
    let failures = AtomicU64::new(0);
    let broker = FakeBroker::new(move |call| {
        let first = call.target.ends_with("/api-token") && failures.fetch_add(1, Ordering::SeqCst) == 0;
        first.then(|| refuse(ErrorCode::Internal)).or_else(|| {
            call.target.ends_with("/api-token").then(|| {
                let lease = json!({ "id": "l", "expires_in_ms": 9000, "renewable": false, "max_ttl_ms": 9000 });
                answer(json!({ "value": VALUE, "version": 7, "lease": lease }))
            })
        })
    })
    .task("t-1", json!({}));
    let plugin = probe(|ctx, _| async move {
        assert!(ctx.secrets().get("api-token").await.is_err());
        assert_eq!(ctx.secrets().get("api-token").await?.version(), 7);
        Ok(TaskOutcome::done())
    });
    assert_eq!(run(&broker, plugin).await.unwrap().completed, 1);
}

#[tokio::test(start_paused = true)]
async fn leases_are_released_when_the_run_ends() {
    let broker = lending();
    let plugin = probe(|ctx, _| async move {
        ctx.secrets().get("api-token").await?;
        Ok(TaskOutcome::done())
    });
    run(&broker, plugin).await.unwrap();
    let released = broker.calls_to("/v1/leases/l-1");
    assert_eq!(released.len(), 1);
    assert_eq!(released[0].method, Method::DELETE);
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_is_not_granted_says_so() {
    let broker = FakeBroker::new(|call| {
        let asked = call.target.starts_with("/v1/secrets/");
        asked.then(|| refuse(ErrorCode::SecretNotGranted))
    })
    .task("t-1", json!({}));
    let plugin = probe(|ctx, _| async move {
        let error = ctx.secrets().get("db-password").await.unwrap_err();
        assert!(matches!(error, SecretError::NotGranted { .. }));
        let error = ctx.secrets().get("Not A Name").await.unwrap_err();
        assert!(matches!(error, SecretError::Name(_)));
        Ok(TaskOutcome::done())
    });
    assert_eq!(run(&broker, plugin).await.unwrap().completed, 1);
}

#[tokio::test(start_paused = true)]
async fn a_value_that_cannot_be_redacted_is_not_handed_out() {
    let broker = FakeBroker::new(|call| {
        call.target.starts_with("/v1/secrets/").then(|| {
            let lease =
                json!({ "id": "l", "expires_in_ms": 9000, "renewable": false, "max_ttl_ms": 9000 });
            answer(json!({ "value": "abc", "version": 1, "lease": lease }))
        })
    })
    .task("t-1", json!({}));
    let plugin = probe(|ctx, _| async move {
        let error = ctx.secrets().get("api-token").await.unwrap_err();
        assert!(matches!(error, SecretError::NotRedactable { .. }));
        Ok(TaskOutcome::done())
    });
    assert_eq!(run(&broker, plugin).await.unwrap().completed, 1);
}
