//! The strategies make what they say, and what they make holds the broker to its promises.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use oxg_manifest::Manifest;
use oxg_manifest::as_host::as_host;
use oxg_protocol::Finding;
use oxg_protocol::task::NewTask;
use oxg_sdk::prelude::*;
use oxg_testkit::Ended;
use oxg_testkit::prelude::{Answer, Testkit, get, json, request};
use oxg_testkit::strategies::{self, Call};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

/// Makes the calls of its task; those that fail are only counted.
#[derive(Default)]
struct Flow;

#[oxg_sdk::plugin]
impl Plugin for Flow {
    async fn on_task(&self, ctx: &Context<Self>, task: Task) -> Result<TaskOutcome> {
        let mut failed = 0;
        for call in task.input::<Vec<Call>>()? {
            failed += usize::from(call.make(ctx).await.is_err());
        }
        TaskOutcome::with_output(&failed)
    }
}

/// A test with a broker and a clock of its own.
fn with_testkit<T: Future<Output = TestCaseResult>>(
    test: impl FnOnce(Testkit<Flow>) -> T,
) -> TestCaseResult {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.unwrap().block_on(test(Testkit::new(Flow::default)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_manifest_is_read_and_written_as_it_was(value in strategies::manifests()) {
        let manifest = Manifest::from_slice(value.to_string().as_bytes()).unwrap();
        let again = serde_json::to_vec(&manifest).unwrap();
        prop_assert_eq!(Manifest::from_slice(&again).unwrap(), manifest);
    }

    #[test]
    fn a_manifest_of_the_host_is_read_alike_by_both_parsers(value in strategies::host_manifests()) {
        let text = value.to_string();
        let (ours, hosts) = (Manifest::from_slice(text.as_bytes()).unwrap(), as_host(text.as_bytes()));
        prop_assert_eq!(hosts.refusal, None);
        prop_assert_eq!(ours.name.as_str(), hosts.manifest.name);
        prop_assert!(hosts.differences.is_empty(), "{:?}", hosts.differences);
    }

    #[test]
    fn a_manifest_that_is_almost_valid_is_refused(spoiled in strategies::almost_valid_manifests()) {
        let read = Manifest::from_slice(spoiled.value.to_string().as_bytes());
        prop_assert!(read.is_err(), "{}", spoiled.flaw);
    }

    #[test]
    fn findings_and_tasks_survive_the_wire(
        finding in strategies::findings(),
        task in strategies::tasks(),
    ) {
        let text = serde_json::to_string(&finding).unwrap();
        prop_assert_eq!(serde_json::from_str::<Finding>(&text).unwrap(), finding);
        let text = serde_json::to_string(&task).unwrap();
        prop_assert_eq!(serde_json::from_str::<NewTask>(&text).unwrap(), task);
    }

    #[test]
    fn what_is_almost_a_finding_or_a_task_is_refused(
        finding in strategies::almost_valid_findings(),
        task in strategies::almost_valid_tasks(),
    ) {
        prop_assert!(serde_json::from_value::<Finding>(finding.value).is_err(), "{}", finding.flaw);
        prop_assert!(serde_json::from_value::<NewTask>(task.value).is_err(), "{}", task.flaw);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_plugin_does_the_broker_keeps_to_the_manifest(flow in strategies::flows()) {
        with_testkit(|t| async move {
            t.http().on(request("*", "https://shop.test/{*any}")).reply(200).body("page").optional();
            let run = t.task(json!(flow)).await;
            run.assert_completed();
            run.assert_no_leaks();

            let mut artifacts = BTreeMap::new();
            let mut urls = Vec::new();
            let mut kinds = BTreeSet::new();
            for call in &flow {
                match call {
                    Call::Get { url } | Call::Post { url, .. } => urls.push(url.as_str()),
                    Call::Put { name, content } => {
                        artifacts.insert(name.as_str(), content.as_bytes());
                    }
                    Call::Report { finding } => {
                        kinds.insert(finding.kind.as_str());
                    }
                    _ => {}
                }
            }
            urls.retain(|url| url.starts_with("https://shop.test/"));
            let sent: Vec<_> = run.sent.iter().map(|sent| sent.url.as_str()).collect();
            prop_assert_eq!(sent, urls, "only what the manifest names was reached, in order");
            let kept: BTreeMap<_, _> = run
                .artifacts
                .iter()
                .map(|(name, content)| (name.as_str(), content.as_slice()))
                .collect();
            prop_assert_eq!(kept, artifacts, "each artifact is the last one of its name");
            let found: BTreeSet<_> = run.findings.iter().map(|found| found.kind.as_str()).collect();
            prop_assert_eq!(found, kinds);
            Ok(())
        })?;
    }

    #[test]
    fn whatever_targets_do_the_run_ends_well(answers in strategies::fault_schedules()) {
        with_testkit(|t| async move {
            let calls = vec![json!({ "call": "get", "url": "https://shop.test/" }); answers.len()];
            // A call may be tried again, so there may be more requests than calls.
            let next = AtomicUsize::new(0);
            t.http().on(get("https://shop.test/")).answer_with(move |_| {
                let answer = answers.get(next.fetch_add(1, Ordering::Relaxed));
                answer.cloned().unwrap_or_else(|| Answer::new(200))
            });
            let run = t.task(json!(calls)).await;
            prop_assert!(matches!(run.ended, Ended::Returned(Ok(_))), "{:?}", run.ended);
            Ok(())
        })?;
    }
}
