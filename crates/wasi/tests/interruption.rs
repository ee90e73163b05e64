//! Guests that wait for the host are interrupted at once, or go on as if nothing had been.

use rustix::fs::{CWD, FileType, Mode, OFlags};
use std::io;
use std::os::fd::OwnedFd;
use std::task::{Context, Poll};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use windlass::{
    Config, Engine, Instance, Linker, Memory, Module, Result, Store, Strategy, Trap, UpdateDeadline,
    WasmParams,
};
use windlass_wasi::{
    DirPerms, Errno, FilePerms, InputBuffer, OutputStream, WasiCtx, WasiCtxBuilder, add_to_linker,
};

/// How soon an interrupted guest must have stopped: `WINDLASS_STOP_MS`, else what even a busy machine keeps.
fn soon() -> Duration {
    let given = std::env::var("WINDLASS_STOP_MS").ok();
    Duration::from_millis(given.map_or(250, |ms| ms.parse().expect("a number of milliseconds")))
}

const READ: i64 = 1 << 1;
const WRITE: i64 = 1 << 6;

struct Guest {
    store: Store<WasiCtx>,
    instance: Instance,
    memory: Memory,
    dir: TempDir,
}

/// Runs a test with a guest in each way to run one.
fn each(build: impl Fn(&mut WasiCtxBuilder), test: impl Fn(&mut Guest)) {
    for strategy in [Strategy::Interpreter, Strategy::Auto] {
        let engine = Engine::new(Config::new().epoch_interruption(true).strategy(strategy)).unwrap();
        let module = Module::new(&engine, include_str!("guests/forward.wat")).unwrap();
        let mut linker = Linker::new(&engine);
        add_to_linker(&mut linker, |wasi: &mut WasiCtx| wasi).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let mut builder = WasiCtxBuilder::new();
        builder.preopened_dir(dir.path(), "/", DirPerms::all(), FilePerms::all()).unwrap();
        build(&mut builder);
        let mut store = Store::new(&engine, builder.build());
        store.set_epoch_deadline(u64::MAX);
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let memory = instance.get_memory(&mut store, "memory").unwrap();
        test(&mut Guest { store, instance, memory, dir });
    }
}

impl Guest {
    fn call<P: WasmParams>(&mut self, name: &str, params: P) -> Result<i32> {
        self.instance.get_typed_func::<P, i32>(&mut self.store, name)?.call(&mut self.store, params)
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        self.memory.write(&mut self.store, at, bytes).unwrap();
    }

    fn u32(&mut self, at: usize) -> u32 {
        let mut bytes = [0; 4];
        self.memory.read(&self.store, at, &mut bytes).unwrap();
        u32::from_le_bytes(bytes)
    }

    /// Describes the one buffer.
    fn buffer(&mut self, len: u32) {
        self.put(0, &[4096_u32.to_le_bytes(), len.to_le_bytes()].concat());
    }

    /// Describes a subscription.
    fn subscribe(&mut self, number: usize, kind: u8, what: u32, timeout: Duration) {
        let mut record = [0; 48];
        (record[0], record[8]) = (number as u8, kind);
        record[16..20].copy_from_slice(&what.to_le_bytes());
        record[24..32].copy_from_slice(&(timeout.as_nanos() as u64).to_le_bytes());
        self.put(2048 + 48 * number, &record);
    }

    fn fifo(&self) {
        rustix::fs::mknodat(CWD, self.dir.path().join("fifo"), FileType::Fifo, Mode::RWXU, 0).unwrap();
    }

    fn open(&mut self, name: &str, rights: i64, flags: i32) -> Result<i32> {
        self.put(1024, name.as_bytes());
        self.call("path_open", (name.len() as i32, rights, flags))
    }

    /// Interrupts a call that would take very long or forever, after it began, and says how soon it ended.
    fn interrupt<P: WasmParams>(&mut self, name: &str, params: P) -> Duration {
        let handle = self.store.interrupt_handle().unwrap();
        let start = Instant::now();
        let interrupter = thread::spawn(move || {
            thread::sleep(Duration::from_millis(40));
            let now = Instant::now();
            handle.interrupt();
            now
        });
        let result = self.call(name, params);
        let ended = Instant::now();
        let interrupted = interrupter.join().unwrap();
        let error = result.expect_err("it ended by itself");
        assert_eq!(error.downcast_ref(), Some(&Trap::Interrupt), "{error:?}");
        assert!(ended - start >= Duration::from_millis(40), "it did not wait");
        ended - interrupted
    }

    /// Checks that a call can be interrupted.
    #[track_caller]
    fn is_interrupted<P: WasmParams + Clone>(&mut self, name: &str, params: P) {
        let mut late = Vec::new();
        // A busy machine may be late now and then; the engine may not.
        for _ in 0..20 {
            let took = self.interrupt(name, params.clone());
            if took < soon() {
                return;
            }
            late.push(took);
        }
        panic!("{name} was interrupted too late: {late:?}");
    }
}

#[test]
fn sleeping() {
    each(
        |_| (),
        |guest| {
            guest.subscribe(0, 0, 1, Duration::from_secs(3600));
            guest.is_interrupted("poll_oneoff", 1);
        },
    );
}

#[test]
fn waiting_for_a_custom_stream() {
    let input = InputBuffer::new();
    each(
        |builder| {
            builder.stdin(input.clone());
        },
        |guest| {
            guest.buffer(10);
            guest.is_interrupted("fd_read", 0);
            guest.subscribe(0, 1, 0, Duration::ZERO);
            guest.is_interrupted("poll_oneoff", 1);
            guest.subscribe(1, 0, 1, Duration::from_secs(3600));
            guest.is_interrupted("poll_oneoff", 2);
        },
    );
}

#[test]
fn waiting_for_a_fifo() {
    each(
        |_| (),
        |guest| {
            guest.fifo();
            guest.put(1024, b"fifo");
            guest.is_interrupted("path_open", (4, WRITE, 0));
            assert_eq!(guest.open("fifo", WRITE, 4).unwrap(), Errno::Nxio as i32);

            // Opening it to read waits for nobody, reading does.
            assert_eq!(guest.open("fifo", READ, 0).unwrap(), 0);
            let fd = guest.u32(8) as i32;
            guest.buffer(10);
            guest.is_interrupted("fd_read", fd);
            guest.subscribe(0, 1, fd as u32, Duration::ZERO);
            guest.is_interrupted("poll_oneoff", 1);
            let writer: OwnedFd = rustix::fs::open(
                guest.dir.path().join("fifo"),
                OFlags::WRONLY | OFlags::CLOEXEC,
                Mode::empty(),
            )
            .unwrap();
            guest.is_interrupted("fd_read", fd);
            rustix::io::write(&writer, b"abc").unwrap();
            assert_eq!((guest.call("fd_read", fd).unwrap(), guest.u32(8)), (0, 3));
            drop(writer);
            assert_eq!((guest.call("fd_read", fd).unwrap(), guest.u32(8)), (0, 0), "the end");
        },
    );
}

#[test]
fn writing_what_nobody_reads() {
    each(
        |_| (),
        |guest| {
            guest.fifo();
            assert_eq!(guest.open("fifo", READ | WRITE, 0).unwrap(), 0);
            let fd = guest.u32(8) as i32;
            // More than there is room for: it says how much it wrote, and the guest ends at its next check.
            guest.buffer(1 << 20);
            let handle = guest.store.interrupt_handle().unwrap();
            let interrupter = thread::spawn(move || {
                thread::sleep(Duration::from_millis(40));
                handle.interrupt();
            });
            assert_eq!((guest.call("fd_write", fd).unwrap(), guest.u32(8)), (0, 65536));
            interrupter.join().unwrap();
            assert!(guest.call("fd_write", fd).unwrap_err().is::<Trap>());
            guest.is_interrupted("fd_write", fd);
        },
    );
}

#[test]
fn much_of_anything() {
    each(
        |_| (),
        |guest| {
            let len = (1 << 30) - 4096;
            guest.buffer(len);
            guest.is_interrupted("random_get", len as i32);
            std::os::unix::fs::symlink("/dev/null", guest.dir.path().join("escape")).unwrap();
            assert_eq!(guest.open("escape", WRITE, 0).unwrap(), Errno::Loop as i32);
        },
    );
}

#[test]
fn special_files_do_not_hold_up_what_does_not_read_them() {
    each(
        |_| (),
        |guest| {
            guest.fifo();
            guest.put(1024, b"fifo");
            let start = Instant::now();
            assert_eq!(guest.call("set_times", 4).unwrap(), 0);
            assert!(start.elapsed() < Duration::from_secs(5));
            assert_eq!(
                guest.dir.path().join("fifo").metadata().unwrap().modified().unwrap(),
                std::time::UNIX_EPOCH
            );
            std::os::unix::net::UnixListener::bind(guest.dir.path().join("socket")).unwrap();
            assert_eq!(guest.open("socket", READ, 0).unwrap(), Errno::Nxio as i32);
        },
    );
}

/// Never has room, but wakes whoever waits for it, as a stream with a bug does.
struct Restless;

impl OutputStream for Restless {
    fn poll_write(&mut self, context: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        context.waker().wake_by_ref();
        Poll::Pending
    }

    fn poll_writable(&mut self, context: &mut Context<'_>) -> Poll<()> {
        context.waker().wake_by_ref();
        Poll::Pending
    }

    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

#[test]
fn waiting_for_a_stream_that_always_wakes() {
    each(
        |builder| {
            builder.stdout(Restless);
        },
        |guest| {
            guest.buffer(10);
            guest.is_interrupted("fd_write", 1);
            guest.is_interrupted("fd_close", 1);
            guest.subscribe(0, 2, 1, Duration::ZERO);
            guest.is_interrupted("poll_oneoff", 1);
            guest.subscribe(1, 0, 1, Duration::from_millis(30));
            assert_eq!((guest.call("poll_oneoff", 2).unwrap(), guest.u32(8)), (0, 1), "the time");
        },
    );
}

#[test]
fn input_that_comes_late_is_read() {
    let input = InputBuffer::new();
    each(
        |builder| {
            builder.stdin(input.clone());
        },
        |guest| {
            let later = input.clone();
            let host = thread::spawn(move || {
                thread::sleep(Duration::from_millis(30));
                later.push("late");
                thread::sleep(Duration::from_millis(30));
                later.push("r");
            });
            guest.buffer(4);
            guest.subscribe(0, 1, 0, Duration::ZERO);
            guest.subscribe(1, 0, 1, Duration::from_secs(3600));
            assert_eq!((guest.call("poll_oneoff", 2).unwrap(), guest.u32(8)), (0, 1));
            assert_eq!((guest.call("fd_read", 0).unwrap(), guest.u32(8)), (0, 4));
            assert_eq!((guest.call("fd_read", 0).unwrap(), guest.u32(8)), (0, 1));
            host.join().unwrap();
        },
    );
}

/// The deadline comes every few milliseconds, and each time the guest may go on.
#[test]
fn a_guest_that_may_go_on_waits_as_long_as_it_wanted_to() {
    each(
        |_| (),
        |guest| {
            let engine = guest.store.engine().clone();
            let ticks = 40;
            guest.store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Continue(1)));
            guest.store.set_epoch_deadline(1);
            let ticker = thread::spawn(move || {
                for _ in 0..ticks {
                    thread::sleep(Duration::from_millis(2));
                    engine.increment_epoch();
                }
            });
            let sleep = Duration::from_millis(60);
            guest.subscribe(0, 0, 1, sleep);
            let start = Instant::now();
            assert_eq!(guest.call("poll_oneoff", 1).unwrap(), 0);
            let slept = start.elapsed();
            assert!(slept >= sleep && slept < sleep + Duration::from_secs(2), "{slept:?}");
            // So much randomness takes many ticks, and is given whole.
            guest.put(4096 + (4 << 20) - 16, &[0; 16]);
            assert_eq!(guest.call("random_get", 4 << 20).unwrap(), 0);
            let last: Vec<u32> = (1..=4).map(|i| guest.u32(4096 + (4 << 20) - 4 * i)).collect();
            assert_ne!(last, [0; 4]);
            ticker.join().unwrap();
        },
    );
}

#[test]
fn a_long_listing_goes_on_where_it_was_interrupted() {
    each(
        |_| (),
        |guest| {
            for i in 0..2000 {
                std::fs::write(guest.dir.path().join(format!("{i}")), "").unwrap();
            }
            let engine = guest.store.engine().clone();
            guest.store.epoch_deadline_callback(move |_| {
                engine.increment_epoch();
                Ok(UpdateDeadline::Continue(0))
            });
            guest.store.set_epoch_deadline(0);
            assert_eq!(guest.call("fd_readdir", 3).unwrap(), 0);
            assert_eq!(guest.u32(8), 4096);
        },
    );
}
