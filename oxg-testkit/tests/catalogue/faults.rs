//! What can go wrong with the broker.

use std::time::Duration;

use oxg_protocol::ErrorCode;
use oxg_testkit::{Answer, Call, CallExpectation, Fault as Wire, Gate, Testkit};

use super::Idle;

/// One thing that goes wrong.
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    kind: Kind,
}

enum Kind {
    Call(fn(CallExpectation) -> CallExpectation),
    /// Nobody is there.
    Away,
}

impl Fault {
    const fn call(name: &'static str, put: fn(CallExpectation) -> CallExpectation) -> Self {
        Self { name, kind: Kind::Call(put) }
    }

    pub(crate) fn can_be_counted(&self) -> bool {
        matches!(self.kind, Kind::Call(_))
    }

    pub(crate) fn put(&self, kit: &Testkit<Idle>, call: Call, times: Option<usize>) {
        match self.kind {
            Kind::Away => kit.stop_broker(),
            Kind::Call(put) => {
                let put = put(kit.calls().on(call));
                let put = times.into_iter().fold(put, CallExpectation::times);
                drop(put.optional());
            }
        }
    }
}

pub(crate) const FAULTS: &[Fault] = &[
    Fault { name: "away", kind: Kind::Away },
    Fault::call("reset, early", |call| call.reset().early()),
    Fault::call("reset", CallExpectation::reset),
    Fault::call("stall, early", |call| call.stall().early()),
    Fault::call("stall", CallExpectation::stall),
    Fault::call("delay 2 min", |call| call.delay(Duration::from_secs(120))),
    Fault::call("gate stays shut", |call| call.hold(&Gate::new())),
    Fault::call("garbage", |call| call.fault(Wire::Garbage("SSH-2.0-OpenSSH_9.6\r\n\r\n".into()))),
    Fault::call("stall after 1 byte", |call| call.fault(Wire::StallAfter(1))),
    Fault::call("truncated after 1 byte", |call| call.fault(Wire::Truncate(1))),
    Fault::call("length too large", |call| call.fault(Wire::Length(1 << 19))),
    Fault::call("length too small", |call| call.fault(Wire::Length(1))),
    Fault::call("trickle", |call| {
        call.fault(Wire::Trickle { bytes: 1, every: Duration::from_secs(20) })
    }),
    Fault::call("wrong JSON", |call| call.answer(Answer::new(200).json(7))),
    Fault::call("endless JSON", |call| call.answer(Answer::new(200).body(vec![b' '; 3 << 20]))),
    Fault::call("a problem without a body", |call| {
        call.answer(Answer::new(503).header("oxg-error", "unavailable"))
    }),
    Fault::call("an unknown code", |call| {
        call.answer(Answer::new(418).header("oxg-error", "teapot"))
    }),
    Fault::call("`token_expired`", |call| call.refuse(ErrorCode::TokenExpired)),
    Fault::call("`unavailable` (disk full)", |call| call.refuse(ErrorCode::Unavailable)),
    Fault::call("`rate_limited`", |call| call.refuse(ErrorCode::RateLimited)),
    Fault::call("`draining`", |call| call.refuse(ErrorCode::Draining)),
    Fault::call("`lease_lost`", |call| call.refuse(ErrorCode::LeaseLost)),
    Fault::call("`internal`", |call| call.refuse(ErrorCode::Internal)),
];
