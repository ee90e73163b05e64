//! Error numbers of WASI preview 1, and how errors of the host become one of them.
//!
//! [`Errno`] is written once, as a table: the name, the number of the specification, and the host's error that
//! means the same. Whatever the host says beyond the table becomes [`Errno::Io`].

use rustix::io::Errno as Host;
use std::{fmt, io};

/// Writes the enum, the names and the mapping from the host's errors from the one table below.
macro_rules! errnos {
    ($($(#[doc = $doc:literal])* $name:ident = $number:literal, host: $($host:ident)|* ;)*) => {
        /// An error number of WASI preview 1; success is not among them.
        ///
        /// The host's errors become one of them, those of custom streams, too.
        ///
        /// ```
        /// use std::io::{Error, ErrorKind};
        /// use windlass_wasi::Errno;
        ///
        /// assert_eq!(Errno::from(Error::from(ErrorKind::BrokenPipe)), Errno::Pipe);
        /// assert_eq!(Errno::Pipe as u16, 64);
        /// assert_eq!(Errno::Pipe.to_string(), "Pipe (64)");
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u16)]
        pub enum Errno {
            $($(#[doc = $doc])* $name = $number,)*
        }

        impl Errno {
            /// The name in the table.
            fn name(self) -> &'static str {
                match self {
                    $(Errno::$name => stringify!($name),)*
                }
            }
        }

        impl From<Host> for Errno {
            fn from(error: Host) -> Errno {
                $($(if error == Host::$host {
                    return Errno::$name;
                })*)*
                Errno::Io
            }
        }
    };
}

errnos! {
    /// Argument list too long.
    TooBig = 1, host: TOOBIG;
    /// Permission denied.
    Acces = 2, host: ACCESS;
    /// Address in use.
    AddrInUse = 3, host: ADDRINUSE;
    /// Address not available.
    AddrNotAvail = 4, host: ADDRNOTAVAIL;
    /// Address family not supported.
    AfNoSupport = 5, host: AFNOSUPPORT;
    /// Resource unavailable, or operation would block.
    Again = 6, host: AGAIN | WOULDBLOCK;
    /// Connection already in progress.
    Already = 7, host: ALREADY;
    /// Bad file descriptor.
    Badf = 8, host: BADF;
    /// Bad message.
    BadMsg = 9, host: BADMSG;
    /// Device or resource busy.
    Busy = 10, host: BUSY;
    /// Operation canceled.
    Canceled = 11, host: CANCELED;
    /// No child processes.
    Child = 12, host: CHILD;
    /// Connection aborted.
    ConnAborted = 13, host: CONNABORTED;
    /// Connection refused.
    ConnRefused = 14, host: CONNREFUSED;
    /// Connection reset.
    ConnReset = 15, host: CONNRESET;
    /// Resource deadlock would occur.
    Deadlk = 16, host: DEADLK;
    /// Destination address required.
    DestAddrReq = 17, host: DESTADDRREQ;
    /// Mathematics argument out of domain of function.
    Dom = 18, host: DOM;
    /// Quota exceeded.
    Dquot = 19, host: DQUOT;
    /// File exists.
    Exist = 20, host: EXIST;
    /// Bad address.
    Fault = 21, host: FAULT;
    /// File too large.
    Fbig = 22, host: FBIG;
    /// Host is unreachable.
    HostUnreach = 23, host: HOSTUNREACH;
    /// Identifier removed.
    Idrm = 24, host: IDRM;
    /// Illegal byte sequence.
    Ilseq = 25, host: ILSEQ;
    /// Operation in progress.
    InProgress = 26, host: INPROGRESS;
    /// Interrupted function.
    Intr = 27, host: INTR;
    /// Invalid argument.
    Inval = 28, host: INVAL;
    /// I/O error.
    Io = 29, host: IO;
    /// Socket is connected.
    IsConn = 30, host: ISCONN;
    /// Is a directory.
    IsDir = 31, host: ISDIR;
    /// Too many levels of symbolic links.
    Loop = 32, host: LOOP;
    /// File descriptor value too large.
    Mfile = 33, host: MFILE;
    /// Too many links.
    Mlink = 34, host: MLINK;
    /// Message too large.
    MsgSize = 35, host: MSGSIZE;
    /// Multihop attempted.
    Multihop = 36, host: MULTIHOP;
    /// Filename too long.
    NameTooLong = 37, host: NAMETOOLONG;
    /// Network is down.
    NetDown = 38, host: NETDOWN;
    /// Connection aborted by network.
    NetReset = 39, host: NETRESET;
    /// Network unreachable.
    NetUnreach = 40, host: NETUNREACH;
    /// Too many files open in system.
    Nfile = 41, host: NFILE;
    /// No buffer space available.
    NoBufs = 42, host: NOBUFS;
    /// No such device.
    NoDev = 43, host: NODEV;
    /// No such file or directory.
    NoEnt = 44, host: NOENT;
    /// Executable file format error.
    NoExec = 45, host: NOEXEC;
    /// No locks available.
    NoLck = 46, host: NOLCK;
    /// Link has been severed.
    NoLink = 47, host: NOLINK;
    /// Not enough space.
    NoMem = 48, host: NOMEM;
    /// No message of the desired type.
    NoMsg = 49, host: NOMSG;
    /// Protocol not available.
    NoProtoOpt = 50, host: NOPROTOOPT;
    /// No space left on device.
    NoSpc = 51, host: NOSPC;
    /// Function not supported.
    NoSys = 52, host: NOSYS;
    /// The socket is not connected.
    NotConn = 53, host: NOTCONN;
    /// Not a directory.
    NotDir = 54, host: NOTDIR;
    /// Directory not empty.
    NotEmpty = 55, host: NOTEMPTY;
    /// State not recoverable.
    NotRecoverable = 56, host: NOTRECOVERABLE;
    /// Not a socket.
    NotSock = 57, host: NOTSOCK;
    /// Not supported.
    NotSup = 58, host: NOTSUP | OPNOTSUPP;
    /// Inappropriate I/O control operation.
    NoTty = 59, host: NOTTY;
    /// No such device or address.
    Nxio = 60, host: NXIO;
    /// Value too large to be stored in data type.
    Overflow = 61, host: OVERFLOW;
    /// Previous owner died.
    OwnerDead = 62, host: OWNERDEAD;
    /// Operation not permitted.
    Perm = 63, host: PERM;
    /// Broken pipe.
    Pipe = 64, host: PIPE;
    /// Protocol error.
    Proto = 65, host: PROTO;
    /// Protocol not supported.
    ProtoNoSupport = 66, host: PROTONOSUPPORT;
    /// Protocol wrong type for socket.
    Prototype = 67, host: PROTOTYPE;
    /// Result too large.
    Range = 68, host: RANGE;
    /// Read-only file system.
    Rofs = 69, host: ROFS;
    /// Invalid seek.
    Spipe = 70, host: SPIPE;
    /// No such process.
    Srch = 71, host: SRCH;
    /// Stale file handle.
    Stale = 72, host: STALE;
    /// Connection timed out.
    TimedOut = 73, host: TIMEDOUT;
    /// Text file busy.
    TxtBsy = 74, host: TXTBSY;
    /// Cross-device link.
    Xdev = 75, host: XDEV;
    /// Capabilities insufficient.
    NotCapable = 76, host:;
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name(), *self as u16)
    }
}

impl std::error::Error for Errno {}

impl From<io::Error> for Errno {
    /// Errors with a number of the operating system go through the table. The others come from `cap-std` or from a
    /// custom stream; a path that would leave its directory is one of them, and is [`Errno::Perm`].
    fn from(error: io::Error) -> Errno {
        if let Some(host) = Host::from_io_error(&error) {
            return host.into();
        }
        match error.kind() {
            io::ErrorKind::PermissionDenied => Errno::Perm,
            io::ErrorKind::NotFound => Errno::NoEnt,
            io::ErrorKind::AlreadyExists => Errno::Exist,
            io::ErrorKind::WouldBlock => Errno::Again,
            io::ErrorKind::Interrupted => Errno::Intr,
            io::ErrorKind::InvalidInput => Errno::Inval,
            io::ErrorKind::InvalidData => Errno::Ilseq,
            io::ErrorKind::BrokenPipe => Errno::Pipe,
            io::ErrorKind::TimedOut => Errno::TimedOut,
            io::ErrorKind::OutOfMemory => Errno::NoMem,
            io::ErrorKind::Unsupported => Errno::NotSup,
            io::ErrorKind::StorageFull => Errno::NoSpc,
            io::ErrorKind::NotADirectory => Errno::NotDir,
            io::ErrorKind::IsADirectory => Errno::IsDir,
            io::ErrorKind::DirectoryNotEmpty => Errno::NotEmpty,
            _ => Errno::Io,
        }
    }
}

/// `proc_exit`: the guest ended its run and said with which code.
///
/// It leaves the guest as an error; [`windlass::Error::downcast_ref`] finds it. The code is the guest's own, whole:
/// what a process can say of it (on Unix, the low eight bits) is for the caller to decide.
///
/// ```
/// use windlass_wasi::Exit;
///
/// let error = windlass::Error::from(Exit(3));
/// assert_eq!(error.downcast_ref(), Some(&Exit(3)));
/// assert_eq!(error.to_string(), "the program exited with code 3");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit(
    /// The code that the guest gave.
    pub i32,
);

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the program exited with code {}", self.0)
    }
}

impl std::error::Error for Exit {}

/// Why a function ends other than with success.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The guest is told by the number.
    Errno(Errno),
    /// The guest is left.
    Exit(Exit),
    /// The guest was interrupted while it waited. If it may go on, then by calling the function again.
    Interrupted,
}

impl<E: Into<Errno>> From<E> for Stop {
    fn from(error: E) -> Stop {
        Stop::Errno(error.into())
    }
}
