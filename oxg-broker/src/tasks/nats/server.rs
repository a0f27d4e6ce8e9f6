//! The server: one stream, in which the last message of each subject counts.

use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream::Context;
use async_nats::jetstream::consumer::DeliverPolicy;
use async_nats::jetstream::consumer::push::{Ordered, OrderedConfig};
use async_nats::jetstream::context::{ContextBuilder, PublishAckFuture, PublishErrorKind};
use async_nats::jetstream::message::{PublishMessage, StreamMessage};
use async_nats::jetstream::stream::{
    Config, DiscardPolicy, LastRawMessageErrorKind, StorageType, Stream,
};
use async_nats::{Client, ConnectOptions, Event, ServerAddr};
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};

use super::wire::{SUBJECTS, TIME};
use crate::tasks::TaskError;
use crate::tasks::queue::Number;

const STREAM: &str = "oxg-tasks";
/// How long the server may take for an answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// The most writings that wait for an answer.
const IN_FLIGHT: usize = 4096;
/// What the head of a message takes at most, of what the server takes in all.
const HEAD_BYTES: usize = 512;

pub(super) struct Server {
    client: Client,
    context: Context,
    stream: Stream,
    /// How often the connection was made or lost.
    connections: watch::Receiver<u64>,
}

/// A writing that the server has not answered yet.
pub(super) struct Writing {
    ack: PublishAckFuture,
    deadline: Instant,
    connections: watch::Receiver<u64>,
}

/// What became of a writing.
pub(super) enum Written {
    /// It is the message with this sequence.
    As(u64),
    /// Somebody else was quicker: nothing was written.
    Outdated,
}

/// The last message of a subject.
pub(super) struct Last {
    pub(super) sequence: u64,
    /// When it was written, by the server's clock, since 1970.
    pub(super) time: Duration,
}

impl Server {
    pub(super) async fn connect(address: ServerAddr) -> Result<Self, String> {
        let (connected, mut connections) = watch::channel(0);
        let mut options = match (address.username(), address.password()) {
            (Some(user), Some(password)) => {
                ConnectOptions::with_user_and_password(user.to_owned(), password.to_owned())
            }
            (Some(token), None) => ConnectOptions::with_token(token.to_owned()),
            _ => ConnectOptions::new(),
        };
        options =
            options.name("oxg-broker").connection_timeout(PATIENCE).event_callback(move |event| {
                if matches!(event, Event::Connected | Event::Disconnected) {
                    connected.send_modify(|count| *count += 1);
                }
                std::future::ready(())
            });
        let client = timeout(PATIENCE * 2, options.connect(address)).await;
        let client = client.map_err(|_| silence())?.map_err(text)?;
        // Told with some delay; from then on it means that something changed.
        let _ = timeout(PATIENCE, connections.wait_for(|count| *count > 0)).await;
        let context = ContextBuilder::new()
            .timeout(PATIENCE)
            .max_ack_inflight(IN_FLIGHT)
            .backpressure_on_inflight(true)
            .build(client.clone());
        let stream = context.get_or_create_stream(stream_config()).await.map_err(|error| {
            format!("{error}; start the server with JetStream (`nats-server -js`)")
        })?;
        let found = &stream.cached_info().config;
        if found.max_messages_per_subject != 1 || found.subjects != [SUBJECTS] {
            return Err(format!("the stream {STREAM} there is none of a broker"));
        }
        if found.max_age != Duration::ZERO || found.discard != DiscardPolicy::New {
            return Err(format!("the stream {STREAM} there would lose tasks (max_age, discard)"));
        }
        Ok(Self { client, context, stream, connections })
    }

    /// Changes when the connection is made or lost: then the server may not be what it was.
    pub(super) fn connections(&self) -> watch::Receiver<u64> {
        self.connections.clone()
    }

    /// Begins to write `payload`, if the last message of `subject` is still `last` (0: none).
    pub(super) async fn write(
        &self,
        subject: String,
        payload: Bytes,
        last: u64,
    ) -> Result<Writing, TaskError> {
        self.check_connection()?;
        let limit = self.client.max_payload().saturating_sub(HEAD_BYTES);
        if payload.len() > limit {
            return Err(TaskError::TooLarge { bytes: payload.len(), limit });
        }
        let message = PublishMessage::build().payload(payload).expected_last_subject_sequence(last);
        let mut connections = self.connections();
        connections.mark_unchanged();
        let deadline = Instant::now() + PATIENCE;
        let ack = timeout_at(deadline, self.context.send_publish(subject, message)).await;
        let ack = ack.map_err(|_| failed(silence()))?.map_err(failed)?;
        Ok(Writing { ack, deadline, connections })
    }

    /// The last message of `subject`.
    pub(super) async fn last(&self, subject: &str) -> Result<Option<Last>, TaskError> {
        self.check_connection()?;
        match self.stream.get_last_raw_message_by_subject(subject).await {
            Ok(StreamMessage { sequence, time, .. }) => {
                Ok(Some(Last { sequence, time: since_epoch(time.unix_timestamp_nanos()) }))
            }
            Err(error) if matches!(error.kind(), LastRawMessageErrorKind::NoMessageFound) => {
                Ok(None)
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// Writes the message that tells the time, and reads it back.
    pub(super) async fn time(&self) -> Result<Last, TaskError> {
        self.check_connection()?;
        let written = self.context.publish(TIME, Bytes::new()).await.map_err(failed)?;
        written.await.map_err(failed)?;
        self.last(TIME).await?.ok_or_else(|| failed("the server does not keep what it confirms"))
    }

    /// All messages, and then those to come.
    pub(super) async fn follow(&self) -> Result<Ordered, TaskError> {
        let config = OrderedConfig {
            deliver_subject: self.client.new_inbox(),
            deliver_policy: DeliverPolicy::All,
            ..OrderedConfig::default()
        };
        let consumer = self.stream.create_consumer(config).await.map_err(failed)?;
        consumer.messages().await.map_err(failed)
    }

    /// Deletes what there is of a forgotten task. The work goes first: without it the rest counts
    /// for nothing.
    pub(super) async fn forget(&self, number: Number, progress: &str) -> Result<(), TaskError> {
        if self.delete(number).await?
            && let Some(Last { sequence, .. }) = self.last(progress).await?
        {
            self.delete(sequence).await?;
        }
        Ok(())
    }

    /// Deletes one message, and says whether it was there: another broker may have been quicker.
    pub(super) async fn delete(&self, sequence: u64) -> Result<bool, TaskError> {
        self.check_connection()?;
        // Without `no_erase` the server overwrites the bytes on disk, and stands still meanwhile.
        let request = json!({ "seq": sequence, "no_erase": true }).to_string();
        let subject = format!("$JS.API.STREAM.MSG.DELETE.{STREAM}");
        let answer = self.client.request(subject, request.into()).await.map_err(failed)?;
        let answer: Value = serde_json::from_slice(&answer.payload).map_err(failed)?;
        Ok(answer["success"] == true)
    }

    /// The client would keep for later what it cannot send; then nobody knows whether it counts.
    fn check_connection(&self) -> Result<(), TaskError> {
        match self.client.connection_state() {
            State::Connected => Ok(()),
            _ => Err(failed("there is no connection to the server")),
        }
    }
}

impl Writing {
    pub(super) async fn done(self) -> Result<Written, TaskError> {
        let Self { ack, deadline, mut connections } = self;
        let ack = async {
            tokio::select! {
                biased;
                ack = ack.into_future() => Ok(ack),
                _ = connections.changed() => Err(failed("the connection was lost")),
            }
        };
        match timeout_at(deadline, ack).await.unwrap_or_else(|_| Err(failed(silence())))? {
            Ok(ack) => Ok(Written::As(ack.sequence)),
            Err(error) if error.kind() == PublishErrorKind::WrongLastSequence => {
                Ok(Written::Outdated)
            }
            Err(error) => Err(failed(error)),
        }
    }
}

fn stream_config() -> Config {
    Config {
        name: STREAM.to_owned(),
        description: Some("Tasks of oxg brokers".to_owned()),
        subjects: vec![SUBJECTS.to_owned()],
        max_messages_per_subject: 1,
        // A server without room says so, rather than dropping a task.
        discard: DiscardPolicy::New,
        storage: StorageType::File,
        num_replicas: 1,
        ..Config::default()
    }
}

fn since_epoch(nanos: i128) -> Duration {
    Duration::from_nanos(u64::try_from(nanos).unwrap_or_default())
}

fn silence() -> String {
    format!("the server did not answer within {} s", PATIENCE.as_secs())
}

pub(super) fn failed(error: impl std::fmt::Display) -> TaskError {
    TaskError::Store(format!("NATS: {error}"))
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
