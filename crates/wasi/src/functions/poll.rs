//! `poll_oneoff`: waiting for times, and for streams to be ready.

use super::Outcome;
use crate::descriptors::Kind;
use crate::memory::GuestMemory;
use crate::types::Rights;
use crate::{Errno, WasiCtx, wait};
use rustix::event::{PollFd, PollFlags};
use rustix::fs::SeekFrom;
use std::time::Duration;

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

/// How it stands with a subscription.
enum State {
    Happened(Event),
    /// Will have happened when so much time has passed.
    After(Duration),
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

    fn error(error: Errno) -> Event {
        Event { error: Some(error), ..Event::TIME }
    }

    fn ready(nbytes: u64) -> Event {
        Event { nbytes, ..Event::TIME }
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
    fn wait_for(&mut self, subscriptions: &[Subscription]) -> Result<Vec<Option<Event>>, Errno> {
        let mut times = Vec::with_capacity(subscriptions.len());
        for subscription in subscriptions {
            times.push(match subscription.what {
                What::Clock { id, timeout, absolute } => Some(match self.clocks.now(id) {
                    Err(error) => State::Happened(Event::error(error)),
                    Ok(now) => {
                        let left = if absolute { timeout.saturating_sub(now) } else { timeout };
                        State::After(Duration::from_nanos(left))
                    }
                }),
                What::Descriptor { .. } => None,
            });
        }

        let mut polled: Vec<PollFd<'_>> = Vec::new();
        let mut states = Vec::with_capacity(subscriptions.len());
        for (subscription, time) in subscriptions.iter().zip(times) {
            states.push(match (time, &subscription.what) {
                (Some(state), _) => state,
                (None, &What::Descriptor { fd, write }) => self.readiness(fd, write, &mut polled),
                (None, What::Clock { .. }) => State::Happened(Event::error(Errno::Inval)),
            });
        }

        let shortest = states.iter().filter_map(|state| match state {
            State::Happened(_) => Some(Duration::ZERO),
            State::After(time) => Some(*time),
            State::Polled(_) => None,
        });
        let shortest = shortest.min();
        wait::poll(&mut polled, shortest)?;
        let none_ready = polled.iter().all(|fd| fd.revents().is_empty());
        // If no file became ready then so much time has passed, whatever a replaced clock shows now.
        let passed = if none_ready { shortest.unwrap_or_default() } else { Duration::ZERO };
        Ok(states
            .into_iter()
            .map(|state| match state {
                State::Happened(event) => Some(event),
                State::After(time) => (time <= passed).then_some(Event::TIME),
                State::Polled(index) => polled_event(&polled[index]),
            })
            .collect())
    }

    /// Whether `fd` is ready now; if only the host can tell, it joins `polled`.
    fn readiness<'a>(&'a self, fd: u32, write: bool, polled: &mut Vec<PollFd<'a>>) -> State {
        let right = if write { Rights::FD_WRITE } else { Rights::FD_READ };
        let descriptor = match self.descriptors.with(fd, right | Rights::POLL_FD_READWRITE) {
            Ok(descriptor) => descriptor,
            Err(Errno::IsDir) => return State::Happened(Event::error(Errno::Badf)),
            Err(error) => return State::Happened(Event::error(error)),
        };
        match (&descriptor.kind, descriptor.host()) {
            (Kind::Host(_) | Kind::File(_), Some(file)) => {
                let flags = if write { PollFlags::OUT } else { PollFlags::IN };
                polled.push(PollFd::from_borrowed_fd(file, flags));
                State::Polled(polled.len() - 1)
            }
            // Whether a custom stream would wait, nobody can say.
            _ => State::Happened(Event::ready(1)),
        }
    }
}

/// What the host says of a file.
fn polled_event(fd: &PollFd<'_>) -> Option<Event> {
    let ready = fd.revents();
    if ready.is_empty() {
        return None;
    }
    if ready.contains(PollFlags::NVAL) {
        return Some(Event::error(Errno::Badf));
    }
    if ready.contains(PollFlags::ERR) && !ready.intersects(PollFlags::IN | PollFlags::OUT) {
        return Some(Event::error(Errno::Io));
    }
    let nbytes = if ready.contains(PollFlags::IN) { readable(fd) } else { 1 };
    Some(Event { error: None, nbytes, hangup: ready.contains(PollFlags::HUP) })
}

/// How many bytes can be read: of a file up to its end, of a stream what has come; one if the host cannot tell.
fn readable(fd: &PollFd<'_>) -> u64 {
    use rustix::fd::AsFd;
    let file = fd.as_fd();
    if let Ok(stat) = rustix::fs::fstat(file)
        && rustix::fs::FileType::from_raw_mode(stat.st_mode).is_file()
        && let Ok(position) = rustix::fs::seek(file, SeekFrom::Current(0))
    {
        return u64::try_from(stat.st_size).unwrap_or(0).saturating_sub(position);
    }
    rustix::io::ioctl_fionread(file).unwrap_or(1)
}

impl Subscription {
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
