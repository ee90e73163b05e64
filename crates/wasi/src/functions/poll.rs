//! `poll_oneoff`: waiting for times, and for streams to be ready.

use super::Outcome;
use crate::clocks::Clocks;
use crate::descriptors::{Descriptors, Kind};
use crate::errno::Stop;
use crate::memory::GuestMemory;
use crate::types::Rights;
use crate::wait::Paused;
use crate::{Errno, WasiCtx};
use rustix::event::PollFlags;
use rustix::fd::BorrowedFd;
use rustix::fs::SeekFrom;
use std::task::Context;
use std::time::{Duration, Instant};

/// More subscriptions than this at once are [`Errno::Inval`], as the host's own poll has its limit.
const MAX_SUBSCRIPTIONS: u32 = 1 << 16;
const SUBSCRIPTION_SIZE: u32 = 48;
const EVENT_SIZE: u32 = 32;

/// What the guest waits for.
struct Subscription {
    userdata: u64,
    kind: u8,
    what: What,
}

enum What {
    /// A clock, and the time that it is to show or that is to pass.
    Clock { id: u32, timeout: u64, absolute: bool },
    /// A descriptor that is to be readable or writable.
    Descriptor { fd: u32, write: bool },
}

/// When a subscription to a clock happens, in the host's time since the guest began to wait.
pub(crate) type Time = Result<Duration, Errno>;

/// How it stands with a subscription.
enum State {
    Happened(Event),
    /// Has not happened yet.
    Waiting,
    /// Happens when the host says so of the file with this index among those polled.
    Polled(usize),
}

/// What has happened.
#[derive(Clone, Copy)]
struct Event {
    error: Option<Errno>,
    /// How much can be read or written.
    nbytes: u64,
    hangup: bool,
}

impl Event {
    const TIME: Event = Event { error: None, nbytes: 0, hangup: false };
    /// Of a custom stream: how many bytes it has, it does not tell.
    const READY: Event = Event { nbytes: 1, ..Event::TIME };

    fn error(error: Errno) -> Event {
        Event { error: Some(error), ..Event::TIME }
    }
}

impl WasiCtx {
    /// Waits until at least one of the subscriptions has happened, and writes an event for each that has.
    ///
    /// What is wrong with one subscription (an unknown clock, a bad descriptor) is an event that says so.
    pub(crate) fn poll_oneoff(
        &mut self,
        memory: &mut GuestMemory<'_>,
        subscriptions: u32,
        events: u32,
        nsubscriptions: u32,
        nevents: u32,
    ) -> Outcome {
        if nsubscriptions == 0 || nsubscriptions > MAX_SUBSCRIPTIONS {
            return Err(Errno::Inval.into());
        }
        memory.check(subscriptions, (nsubscriptions * SUBSCRIPTION_SIZE) as usize)?;
        memory.check(events, (nsubscriptions * EVENT_SIZE) as usize)?;
        memory.check(nevents, 4)?;
        let subscriptions: Vec<Subscription> = (0..nsubscriptions)
            .map(|i| Subscription::decode(&memory.read(subscriptions + i * SUBSCRIPTION_SIZE)?))
            .collect::<Result<_, Errno>>()?;

        let happened = self.wait_for(&subscriptions)?;
        let mut out = Vec::with_capacity(happened.len() * EVENT_SIZE as usize);
        for (subscription, event) in subscriptions.iter().zip(&happened) {
            if let Some(event) = event {
                out.extend_from_slice(&subscription.encode(event));
            }
        }
        memory.write(events, &out)?;
        memory.write_u32(nevents, out.len() as u32 / EVENT_SIZE)?;
        Ok(())
    }

    /// The events of `subscriptions`, at least one.
    fn wait_for(&mut self, subscriptions: &[Subscription]) -> Result<Vec<Option<Event>>, Stop> {
        // The clocks are asked once: what a replaced one shows later does not change how long the guest waits.
        let (start, times) = match std::mem::take(&mut self.paused) {
            Paused::Waiting(start, times) => (start, times),
            _ => (Instant::now(), subscriptions.iter().filter_map(|it| it.time(&mut self.clocks)).collect()),
        };
        let done = self.wait_since(start, &times, subscriptions);
        if matches!(done, Err(Stop::Interrupted)) {
            self.paused = Paused::Waiting(start, times);
        }
        done
    }

    /// The same, waiting since `start` for `times`, which are those of the clocks among `subscriptions`.
    fn wait_since(
        &mut self,
        start: Instant,
        times: &[Time],
        subscriptions: &[Subscription],
    ) -> Result<Vec<Option<Event>>, Stop> {
        let shortest = times.iter().filter_map(|time| (*time).ok()).min();
        // A time that the host cannot express is never.
        let deadline = shortest.and_then(|time| start.checked_add(time));
        let waker = self.waiter.waker()?;
        loop {
            let passed = start.elapsed();
            let mut times = times.iter();
            let mut polled = Vec::new();
            let mut states = Vec::with_capacity(subscriptions.len());
            for subscription in subscriptions {
                states.push(match subscription.what {
                    What::Clock { .. } => match times.next() {
                        Some(&Ok(time)) if time > passed => State::Waiting,
                        Some(&Err(error)) => State::Happened(Event::error(error)),
                        _ => State::Happened(Event::TIME),
                    },
                    What::Descriptor { fd, write } => {
                        let mut context = Context::from_waker(&waker);
                        readiness(&mut self.descriptors, fd, write, &mut context, &mut polled)
                    }
                });
            }
            let mut files = Vec::with_capacity(polled.len());
            for (fd, flags) in polled {
                files.push((self.descriptors.get(fd)?.host().ok_or(Errno::Badf)?, flags));
            }
            let nothing_yet = !states.iter().any(|state| matches!(state, State::Happened(_)));
            let ready = self.waiter.wait(&files, if nothing_yet { deadline } else { Some(start) })?;
            let event = |state: &State| match *state {
                State::Happened(event) => Some(event),
                State::Waiting => None,
                State::Polled(index) => polled_event(files[index].0, ready[index]),
            };
            let events: Vec<Option<Event>> = states.iter().map(event).collect();
            if events.iter().any(Option::is_some) {
                return Ok(events);
            }
        }
    }
}

/// Whether `fd` is ready now; if only the host can tell, it joins `polled`.
fn readiness(
    descriptors: &mut Descriptors,
    fd: u32,
    write: bool,
    context: &mut Context<'_>,
    polled: &mut Vec<(u32, PollFlags)>,
) -> State {
    let right = if write { Rights::FD_WRITE } else { Rights::FD_READ };
    let ready = match descriptors.with_mut(fd, right | Rights::POLL_FD_READWRITE) {
        Ok(descriptor) => match &mut descriptor.kind {
            Kind::Input(stream) => stream.poll_readable(context),
            Kind::Output(stream) => stream.poll_writable(context),
            Kind::Host(_) | Kind::File(_) | Kind::Special(_) => {
                polled.push((fd, if write { PollFlags::OUT } else { PollFlags::IN }));
                return State::Polled(polled.len() - 1);
            }
            Kind::Directory(_) => return State::Happened(Event::error(Errno::Badf)),
        },
        Err(Errno::IsDir) => return State::Happened(Event::error(Errno::Badf)),
        Err(error) => return State::Happened(Event::error(error)),
    };
    if ready.is_ready() { State::Happened(Event::READY) } else { State::Waiting }
}

/// What the host says of a file.
fn polled_event(file: BorrowedFd<'_>, ready: PollFlags) -> Option<Event> {
    if ready.is_empty() {
        return None;
    }
    if ready.contains(PollFlags::NVAL) {
        return Some(Event::error(Errno::Badf));
    }
    if ready.contains(PollFlags::ERR) && !ready.intersects(PollFlags::IN | PollFlags::OUT) {
        return Some(Event::error(Errno::Io));
    }
    let nbytes = if ready.contains(PollFlags::IN) { readable(file) } else { 1 };
    Some(Event { error: None, nbytes, hangup: ready.contains(PollFlags::HUP) })
}

/// How many bytes can be read: of a file up to its end, of a stream what has come; one if the host cannot tell.
fn readable(file: BorrowedFd<'_>) -> u64 {
    if let Ok(stat) = rustix::fs::fstat(file)
        && rustix::fs::FileType::from_raw_mode(stat.st_mode).is_file()
        && let Ok(position) = rustix::fs::seek(file, SeekFrom::Current(0))
    {
        return u64::try_from(stat.st_size).unwrap_or(0).saturating_sub(position);
    }
    rustix::io::ioctl_fionread(file).unwrap_or(1)
}

impl Subscription {
    /// When it happens, from now on, if it is to a clock.
    fn time(&self, clocks: &mut Clocks) -> Option<Time> {
        let What::Clock { id, timeout, absolute } = self.what else { return None };
        Some(
            clocks.now(id).map(|now| {
                Duration::from_nanos(if absolute { timeout.saturating_sub(now) } else { timeout })
            }),
        )
    }

    /// Reads the record; a type that does not exist is [`Errno::Inval`].
    fn decode(bytes: &[u8; SUBSCRIPTION_SIZE as usize]) -> Result<Subscription, Errno> {
        let kind = bytes[8];
        let what = match kind {
            0 => What::Clock {
                id: u32::from_le_bytes(field(bytes, 16)),
                timeout: u64::from_le_bytes(field(bytes, 24)),
                absolute: match u16::from_le_bytes(field(bytes, 40)) {
                    0 => false,
                    1 => true,
                    _ => return Err(Errno::Inval),
                },
            },
            1 | 2 => What::Descriptor { fd: u32::from_le_bytes(field(bytes, 16)), write: kind == 2 },
            _ => return Err(Errno::Inval),
        };
        Ok(Subscription { userdata: u64::from_le_bytes(field(bytes, 0)), kind, what })
    }

    /// The record that tells the guest of `event`.
    fn encode(&self, event: &Event) -> [u8; EVENT_SIZE as usize] {
        let mut out = [0; EVENT_SIZE as usize];
        out[0..8].copy_from_slice(&self.userdata.to_le_bytes());
        out[8..10].copy_from_slice(&event.error.map_or(0, |error| error as u16).to_le_bytes());
        out[10] = self.kind;
        out[16..24].copy_from_slice(&event.nbytes.to_le_bytes());
        out[24] = u8::from(event.hangup);
        out
    }
}

/// The `N` bytes at `at`.
fn field<const N: usize>(bytes: &[u8; SUBSCRIPTION_SIZE as usize], at: usize) -> [u8; N] {
    std::array::from_fn(|i| bytes[at + i])
}
