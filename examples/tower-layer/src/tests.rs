use std::convert::Infallible;
use std::time::Duration;

use oxg_testkit::prelude::*;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tower::{Layer as _, ServiceExt as _};

use super::DeadLinks;
use super::pace::PaceLayer;

#[oxg_testkit::test]
async fn a_dead_link_is_reported_and_a_live_one_is_not(t: Testkit<DeadLinks>) {
    t.http().on(get("https://shop.test/")).reply(200);
    t.http().on(get("https://shop.test/gone")).reply(410);
    let links = ["https://shop.test/", "https://shop.test/gone"];
    let run = t.task(json!({ "links": links })).await;
    run.assert_findings([finding("web.link.dead").message_contains("410")]);
    run.assert_least_privilege();
}

#[oxg_testkit::test]
async fn the_requests_of_all_tasks_keep_one_pace(t: Testkit<DeadLinks>) {
    t.http().on(get("https://shop.test/")).reply(200).times(10);
    let links = ["https://shop.test/"; 5];
    let begin = Instant::now();
    let run = t.tasks([json!({ "links": links }), json!({ "links": links })]).await;
    run.assert_completed();
    assert!(begin.elapsed() >= Duration::from_millis(9 * 200), "{:?}", begin.elapsed());
}

#[oxg_testkit::test]
async fn a_link_elsewhere_is_denied_through_all_layers(t: Testkit<DeadLinks>) {
    let run = t.task(json!({ "links": ["https://billing.test/"] })).await;
    run.assert_denied("https://billing.test/");
    run.assert_failed(r#""hosts": ["shop.test", "billing.test"]"#);
}

#[tokio::test(start_paused = true)]
async fn services_of_one_layer_share_its_pace_and_idle_time_is_not_saved_up() {
    let layer = PaceLayer::new(Duration::from_secs(1));
    let service =
        || layer.layer(tower::service_fn(|()| async { Ok::<_, Infallible>(Instant::now()) }));
    let begin = Instant::now();
    for round in [0, 10] {
        tokio::time::sleep_until(begin + Duration::from_secs(round)).await;
        let mut calls = JoinSet::new();
        (0..3).for_each(|_| drop(calls.spawn(service().oneshot(()))));
        let answers = calls.join_all().await.into_iter();
        let mut seconds: Vec<_> =
            answers.map(|at| at.unwrap().duration_since(begin).as_secs()).collect();
        seconds.sort_unstable();
        assert_eq!(seconds, [round, round + 1, round + 2]);
    }
}
