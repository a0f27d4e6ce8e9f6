use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use oxg_protocol::ErrorCode;
use oxg_sdk::clients::SecretError;
use oxg_sdk::http::Method;
use oxg_sdk::prelude::*;
use oxg_sdk::redact::Redactor;

use serde_json::Value;

use crate::fake::{FakeBroker, Reply, json as answer, refuse, reply};
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
        tokio::time::sleep(Duration::from_secs(35)).await;
        assert_eq!(first.get("api-token").await?.version(), 1);
        tokio::time::sleep(Duration::from_secs(9)).await;
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

fn grant(version: u64, expires_in_ms: u64, renewable: bool) -> Value {
    json!({
        "value": format!("{VALUE}-{version}"), "version": version,
        "lease": {
            "id": format!("l-{version}"), "expires_in_ms": expires_in_ms,
            "renewable": renewable, "max_ttl_ms": 3_600_000,
        },
    })
}

async fn secs_pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_renewed_at_two_thirds_and_the_value_is_not_fetched_again() {
    let broker = FakeBroker::new(|call| match call.target.as_str() {
        "/v1/secrets/api-token" => Some(answer(grant(1, 60_000, true))),
        "/v1/leases/l-1/renew" => Some(answer(grant(1, 60_000, true)["lease"].clone())),
        _ => None,
    })
    .task("t-1", json!({}));
    let plugin = probe(|ctx, _| async move {
        for _ in 0..5 {
            ctx.secrets().get("api-token").await?;
            secs_pass(44).await;
        }
        Ok(TaskOutcome::done())
    });
    assert_eq!(run(&broker, plugin).await.unwrap().completed, 1);
    assert_eq!(broker.calls_to("/api-token").len(), 1);
    assert_eq!(broker.calls_to("/renew").len(), 4);
}

#[tokio::test(start_paused = true)]
async fn an_old_value_serves_a_broker_that_is_away_until_the_lease_ends_and_no_longer() {
    let asked = AtomicU64::new(0);
    let broker = FakeBroker::new(move |call| {
        call.target.starts_with("/v1/secrets/").then(|| {
            match asked.fetch_add(1, Ordering::SeqCst) {
                0 => answer(grant(1, 60_000, false)),
                _ => refuse(ErrorCode::Unavailable),
            }
        })
    })
    .task("t-1", json!({}));
    let plugin = probe(|ctx, _| async move {
        ctx.secrets().get("api-token").await?;
        secs_pass(45).await;
        assert_eq!(ctx.secrets().get("api-token").await?.version(), 1);
        secs_pass(13).await;
        assert!(matches!(ctx.secrets().get("api-token").await, Err(SecretError::Api(_))));
        Ok(TaskOutcome::done())
    });
    assert_eq!(run(&broker, plugin).await.unwrap().completed, 1);
}

#[tokio::test(start_paused = true)]
async fn a_denial_ends_the_use_of_the_old_value_at_once() {
    let asked = AtomicU64::new(0);
    let broker = FakeBroker::new(move |call| {
        call.target.starts_with("/v1/secrets/").then(|| {
            match asked.fetch_add(1, Ordering::SeqCst) {
                0 => answer(grant(1, 60_000, false)),
                _ => refuse(ErrorCode::SecretNotGranted),
            }
        })
    })
    .task("t-1", json!({}));
    let plugin = probe(|ctx, _| async move {
        ctx.secrets().get("api-token").await?;
        secs_pass(45).await;
        let result = ctx.secrets().get("api-token").await;
        assert!(matches!(result, Err(SecretError::NotGranted { .. })));
        Ok(TaskOutcome::done())
    });
    assert_eq!(run(&broker, plugin).await.unwrap().completed, 1);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_kept_for_two_seconds_and_a_failure_is_not() {
    for (code, calls) in [(ErrorCode::SecretNotGranted, 2), (ErrorCode::Internal, 4)] {
        let broker = FakeBroker::new(move |call| {
            call.target.starts_with("/v1/secrets/").then(|| refuse(code))
        })
        .task("t-1", json!({}));
        let plugin = probe(|ctx, _| async move {
            for pause in [0, 0, 0, 3] {
                secs_pass(pause).await;
                assert!(ctx.secrets().get("api-token").await.is_err());
            }
            Ok(TaskOutcome::done())
        });
        assert_eq!(run(&broker, plugin).await.unwrap().completed, 1);
        assert_eq!(broker.calls_to("/api-token").len(), calls, "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_watcher_gets_each_new_version_and_the_redactor_knows_it_first() {
    let asked = AtomicU64::new(0);
    let broker = FakeBroker::new(move |call| match call.target.as_str() {
        "/v1/secrets/api-token" => {
            Some(answer(grant(asked.fetch_add(1, Ordering::SeqCst) + 1, 60_000, false)))
        }
        "/v1/secrets/api-token/watch" => Some(Reply::After(
            Duration::from_secs(1),
            Box::new(reply(200, "{\"version\":1}\n{\"version\":2}\n")),
        )),
        _ => None,
    })
    .task("t-1", json!({}));
    let redactor = Redactor::default();
    let known = redactor.clone();
    let plugin = probe(move |ctx, _| {
        let known = known.clone();
        async move {
            let mut token = ctx.secrets().watch("api-token").await?;
            token.changed().await.unwrap();
            let secret = token.borrow_and_update().clone();
            assert_eq!(secret.version(), 2);
            assert!(!secret.expose(|value| known.redact(value).contains(value)));
            assert_eq!(ctx.secrets().get("api-token").await?.version(), 2);
            Ok(TaskOutcome::done())
        }
    });
    let run = runtime(&broker, plugin).redactor(redactor);
    assert_eq!(run.run(std::future::pending()).await.unwrap().completed, 1);
}

#[tokio::test(start_paused = true)]
async fn a_revoked_secret_is_given_back_and_fetched_anew() {
    let broker = lending();
    let broker = broker.task("t-2", json!({}));
    let plugin = probe(|ctx, task| async move {
        if task.id().as_str() == "t-1" {
            ctx.secrets().get("api-token").await?;
            ctx.secrets().revoke("api-token").await?;
            assert_eq!(ctx.secrets().get("api-token").await?.version(), 2);
        }
        Ok(TaskOutcome::done())
    });
    run(&broker, plugin).await.unwrap();
    assert_eq!(broker.calls_to("/v1/leases/l-1").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn renewals_are_spread_about_two_thirds_of_the_lease() {
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..20 {
        let renewed = Arc::new(Mutex::new(None));
        let at = Arc::clone(&renewed);
        let broker = FakeBroker::new(move |call| match call.target.as_str() {
            "/v1/secrets/api-token" => Some(answer(grant(1, 60_000, true))),
            "/v1/leases/l-1/renew" => {
                at.lock().unwrap().get_or_insert_with(tokio::time::Instant::now);
                Some(answer(grant(1, 60_000, true)["lease"].clone()))
            }
            _ => None,
        })
        .task("t-1", json!({}));
        let plugin = probe(move |ctx, _| {
            let renewed = Arc::clone(&renewed);
            async move {
                let began = tokio::time::Instant::now();
                while renewed.lock().unwrap().is_none() {
                    ctx.secrets().get("api-token").await?;
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                let at = renewed.lock().unwrap().unwrap() - began;
                TaskOutcome::with_output(&at.as_millis())
            }
        });
        assert_eq!(run(&broker, plugin).await.unwrap().completed, 1);
        let at = broker.calls_to("/complete")[0].json()["output"].as_u64().unwrap();
        assert!((36_900..=43_200).contains(&at), "{at}");
        seen.insert(at);
    }
    assert!(seen.len() > 5, "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn a_watcher_of_a_revoked_secret_hears_the_end_and_the_old_value_is_used_no_more() {
    let broker = FakeBroker::new(|call| match call.target.as_str() {
        "/v1/secrets/api-token" => Some(answer(grant(1, 3_600_000, true))),
        "/v1/secrets/api-token/watch" => Some(Reply::After(
            Duration::from_secs(5),
            Box::new(refuse(ErrorCode::SecretNotGranted)),
        )),
        _ => None,
    })
    .task("t-1", json!({}));
    let plugin = probe(|ctx, _| async move {
        let mut token = ctx.secrets().watch("api-token").await?;
        assert_eq!(ctx.secrets().get("api-token").await?.version(), 1);
        assert!(token.changed().await.is_err());
        let result = ctx.secrets().get("api-token").await;
        assert!(matches!(result, Err(SecretError::NotGranted { .. })));
        Ok(TaskOutcome::done())
    });
    assert_eq!(run(&broker, plugin).await.unwrap().completed, 1);
}

#[tokio::test(start_paused = true)]
async fn clients_that_are_dropped_give_their_leases_back() {
    let broker = lending();
    let clients = oxg_sdk::clients::Clients::new(broker.channel(), Redactor::default());
    clients.secrets().get("api-token").await.unwrap();
    drop(clients);
    secs_pass(1).await;
    assert_eq!(broker.calls_to("/v1/leases/l-1").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_does_not_answer_holds_the_end_of_a_run_up_for_seconds_only() {
    let broker = FakeBroker::new(|call| {
        if call.target.starts_with("/v1/leases/") {
            let slow = Duration::from_millis(1900);
            return Some(Reply::After(slow, Box::new(reply(204, ""))));
        }
        let name = call.target.strip_prefix("/v1/secrets/s-")?;
        let mut grant = grant(1, 60_000, true);
        grant["lease"]["id"] = format!("l-{name}").into();
        Some(answer(grant))
    })
    .task("t-1", json!({}));
    let plugin = probe(|ctx, _| async move {
        for n in 0..100 {
            ctx.secrets().get(&format!("s-{n}")).await?;
        }
        Ok(TaskOutcome::done())
    });
    let began = tokio::time::Instant::now();
    assert_eq!(run(&broker, plugin).await.unwrap().completed, 1);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_rotated_version_that_cannot_be_redacted_is_refused_and_its_lease_given_back() {
    let asked = AtomicU64::new(0);
    let broker = FakeBroker::new(move |call| {
        call.is(Method::GET, "/v1/secrets/api-token").then(|| {
            let version = asked.fetch_add(1, Ordering::SeqCst) + 1;
            let mut grant = grant(version, 9_000, false);
            if version == 2 {
                grant["value"] = "abc".into();
            }
            answer(grant)
        })
    })
    .task("t-1", json!({}));
    let plugin = probe(|ctx, _| async move {
        ctx.secrets().get("api-token").await?;
        secs_pass(7).await;
        let error = ctx.secrets().get("api-token").await.unwrap_err();
        assert!(matches!(error, SecretError::NotRedactable { .. }));
        assert_eq!(ctx.secrets().get("api-token").await?.version(), 3);
        Ok(TaskOutcome::done())
    });
    assert_eq!(run(&broker, plugin).await.unwrap().completed, 1);
    assert_eq!(broker.calls_to("/v1/leases/l-2").len(), 1);
}
