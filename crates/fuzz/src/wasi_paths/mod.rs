//! Sequences of path operations do to a real directory what they do to a `Model`, and nothing to what lies beside it.
//!
//! A guest is given two directories and calls what the input says, with paths made of few names, so that they meet: `..`,
//! slashes, links to anywhere. Each result is compared: the error number, the descriptor, what a file or link has in it,
//! its type, size and number of names. In the end the directories are compared with the model's, and the canary, a
//! directory beside them to which links lead that somebody outside of the sandbox made, must be as it was.

mod guest;
mod model;

use crate::target::{Finding, Fuzz, Settings, Tally};
use guest::{BUFFER, Guest, RESULT, ROOM};
use model::{How, Id, Kind, Model};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use windlass_wasi::Errno;

/// What lies outside, and no guest may see.
const SECRET: &str = "what the canary knows";
/// How many operations one input has at most.
const OPERATIONS: usize = 200;
const FIRST_PREOPENED: u32 = 3;
/// A number that no guest gets.
const NONE: u32 = 77;

/// Names of which paths are made.
const NAMES: &[&str] = &["a", "b", "c", "d", "é", ".", "..", "", "out", "secret"];
/// A name that is too long.
const LONG: usize = 300;

/// What became of the operations of a case.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    /// They did what they were to do.
    done: u64,
    /// They failed, as they were to.
    failed: u64,
    /// They failed since the path led out of its directory, or could have.
    kept_in: u64,
}

/// The target.
pub struct WasiPaths;

/// Makes the target ready. The tier is of no account: the guest only hands calls on.
///
/// # Errors
/// None.
pub fn start(_settings: &Settings) -> windlass::Result<WasiPaths> {
    Ok(WasiPaths)
}

impl Fuzz for WasiPaths {
    fn run(&self, data: &[u8]) -> Result<Tally, Box<Finding>> {
        let counts = sequence(data).map_err(|what| Finding::new(what, data))?;
        Ok(Tally {
            cases: 1,
            modules: 1,
            fruitful: u64::from(counts.done > 0),
            returned: counts.done,
            refused: counts.failed + counts.kept_in,
            ..Tally::default()
        })
    }
}

/// How an operation ended: as the model says, or with a difference.
type Step<T = ()> = Result<T, String>;

/// Does what the input says to a guest and to a model, until they differ.
fn sequence(data: &[u8]) -> Step<Counts> {
    let dir = tempfile::tempdir().expect("the host has room for files");
    let mut case = Case::new(dir.path(), data);
    while !case.input.is_empty() && case.log.len() < OPERATIONS {
        case.step()?;
    }
    case.compare_trees(dir.path())?;
    Ok(case.counts)
}

/// An open descriptor of the guest, as the model has it.
#[derive(Clone, Copy, Debug)]
struct Open {
    node: Id,
    read: bool,
    write: bool,
}

struct Case<'a> {
    input: &'a [u8],
    guest: Guest,
    model: Model,
    open: BTreeMap<u32, Open>,
    counts: Counts,
    /// What was done, for whoever reads a finding.
    log: Vec<String>,
}

/// An error number as functions return it.
fn number<T>(result: &Result<T, Errno>) -> u16 {
    result.as_ref().map_or_else(|&errno| errno as u16, |_| 0)
}

impl<'a> Case<'a> {
    fn new(host: &Path, input: &'a [u8]) -> Case<'a> {
        let [first, second, canary] = ["first", "second", "canary"].map(|name| host.join(name));
        for dir in [&first, &second, &canary] {
            fs::create_dir(dir).expect("the directory is new");
        }
        fs::write(canary.join("secret"), SECRET).expect("the host has room for a file");
        let mut model = Model::new(2);
        // Links that no guest can make, and one that it can.
        let absolute = canary.to_str().expect("temporary directories have plain names").to_owned();
        for (name, target) in [("out", absolute.as_str()), ("a", "../canary"), ("b", "out/secret")] {
            std::os::unix::fs::symlink(target, first.join(name)).expect("the name is free");
            model.insert(model.roots[0], name, Kind::Link(target.to_owned()));
        }
        let open = (FIRST_PREOPENED..).zip(&model.roots);
        let open = open.map(|(fd, &node)| (fd, Open { node, read: false, write: false })).collect();
        let guest = Guest::new(&[&first, &second]);
        Case { input, guest, model, open, counts: Counts::default(), log: Vec::new() }
    }

    fn byte(&mut self) -> usize {
        match self.input.split_first() {
            Some((&byte, rest)) => {
                self.input = rest;
                byte.into()
            }
            None => 0,
        }
    }

    fn below(&mut self, limit: usize) -> usize {
        self.byte() % limit
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == n - 1
    }

    /// A path; most are short and lead somewhere.
    fn path(&mut self) -> String {
        let mut path = String::new();
        if self.one_in(32) {
            path.push('/');
        }
        let names = [1, 1, 1, 1, 2, 2, 3, 4][self.below(8)];
        for i in 0..names {
            if i > 0 {
                path.push('/');
            }
            match self.byte() {
                byte if byte >= 254 => path.push_str(&"n".repeat(LONG)),
                // The plain names more often than the others.
                byte if byte < 192 => path.push_str(NAMES[byte % 5]),
                byte => path.push_str(NAMES[byte % NAMES.len()]),
            }
        }
        if self.one_in(12) {
            path.push('/');
        }
        path
    }

    /// A descriptor: most often a directory.
    fn fd(&mut self, directory: bool) -> u32 {
        let wanted = |open: &Open| directory == self.model.is_directory(open.node);
        let right: Vec<u32> = self.open.iter().filter(|(_, open)| wanted(open)).map(|(&fd, _)| fd).collect();
        match self.byte() {
            255 => NONE,
            byte if byte >= 248 || right.is_empty() => {
                self.open.keys().nth(byte % self.open.len().max(1)).copied().unwrap_or(NONE)
            }
            byte => right[byte % right.len()],
        }
    }

    /// The directory behind a descriptor to which a function of paths is applied.
    fn directory(&self, fd: u32) -> Result<Id, Errno> {
        let open = self.open.get(&fd).ok_or(Errno::Badf)?;
        if self.model.is_directory(open.node) { Ok(open.node) } else { Err(Errno::NotDir) }
    }

    /// Compares what the guest got with what it was to get.
    fn check(&mut self, what: String, got: u16, expected: u16) -> Step {
        self.log.push(format!("{what} = {got}"));
        match got {
            0 => self.counts.done += 1,
            _ if got == Errno::Perm as u16 => self.counts.kept_in += 1,
            _ => self.counts.failed += 1,
        }
        self.equal("the result", got, expected)
    }

    fn equal<T: PartialEq + std::fmt::Debug>(&self, what: &str, got: T, expected: T) -> Step {
        if got == expected {
            return Ok(());
        }
        let log = self.log.join("\n");
        Err(format!("{what} is {got:?}, and the model says {expected:?}, after\n{log}"))
    }

    /// Does one operation.
    fn step(&mut self) -> Step {
        match self.below(20) {
            0..=2 => self.create_directory(),
            3..=6 => self.open(),
            7 | 8 => self.symlink(),
            9 => self.link(),
            10 | 11 => self.rename(),
            12 => self.unlink_file(),
            13 => self.remove_directory(),
            14 => self.readlink(),
            15 => self.stat(),
            16 => self.readdir(),
            17 => self.write(),
            18 => self.read(),
            _ => self.change_descriptor(),
        }
    }

    fn create_directory(&mut self) -> Step {
        let (fd, path) = (self.fd(true), self.path());
        let [at, len] = self.guest.path(&path);
        let got = self.guest.call("path_create_directory", &[fd.into(), at, len]);
        let expected = self.directory(fd).and_then(|dir| self.model.create_directory(dir, &path));
        self.check(format!("create_directory({fd}, {path:?})"), got, number(&expected))?;
        Ok(())
    }

    fn open(&mut self) -> Step {
        let (fd, path, flags) = (self.fd(true), self.path(), self.byte());
        let flag = |bit: usize| flags & bit != 0;
        let read = !flag(1);
        let how = How {
            follow: flag(2),
            write: flag(4),
            create: flag(8),
            directory: !flag(8) && flag(16),
            truncate: flag(32) && flag(64),
            exclusive: flag(128) && flag(64),
        };
        let oflags = u64::from(how.create)
            | u64::from(how.directory) << 1
            | u64::from(how.exclusive) << 2
            | u64::from(how.truncate) << 3;
        let rights = u64::from(read) << 1 | u64::from(how.write) << 6;
        let [at, len] = self.guest.path(&path);
        let args = [fd.into(), how.follow.into(), at, len, oflags, rights, 0, 0, RESULT as u64];
        let got = self.guest.call("path_open", &args);
        let expected = self.directory(fd).and_then(|dir| self.model.open(dir, &path, how));
        self.check(format!("open({fd}, {path:?}, {how:?}, read: {read})"), got, number(&expected))?;
        if let Ok(node) = expected {
            let opened = self.guest.u32(RESULT);
            let free = (0..).find(|fd| *fd >= FIRST_PREOPENED && !self.open.contains_key(fd));
            self.equal("the descriptor", Some(opened), free)?;
            self.open.insert(opened, Open { node, read, write: how.write });
        }
        Ok(())
    }

    fn symlink(&mut self) -> Step {
        let (fd, target, path) = (self.fd(true), self.path(), self.path());
        let ([at, len], [link, link_len]) = (self.guest.path(&target), self.guest.second(&path));
        let got = self.guest.call("path_symlink", &[at, len, fd.into(), link, link_len]);
        let expected = self.directory(fd).and_then(|dir| self.model.symlink(&target, dir, &path));
        self.check(format!("symlink({target:?}, {fd}, {path:?})"), got, number(&expected))?;
        Ok(())
    }

    /// Two places for an operation that takes an old and a new one.
    fn places(&mut self) -> (u32, String, u32, String) {
        (self.fd(true), self.path(), self.fd(true), self.path())
    }

    fn link(&mut self) -> Step {
        let (fd, path, to, new) = self.places();
        let ([at, len], [new_at, new_len]) = (self.guest.path(&path), self.guest.second(&new));
        let got = self.guest.call("path_link", &[fd.into(), 0, at, len, to.into(), new_at, new_len]);
        let expected = self.directory(fd).and_then(|from| {
            let to = self.directory(to)?;
            self.model.link((from, &path), (to, &new))
        });
        self.check(format!("link({fd}, {path:?}, {to}, {new:?})"), got, number(&expected))?;
        Ok(())
    }

    fn rename(&mut self) -> Step {
        let (fd, path, to, new) = self.places();
        let ([at, len], [new_at, new_len]) = (self.guest.path(&path), self.guest.second(&new));
        let got = self.guest.call("path_rename", &[fd.into(), at, len, to.into(), new_at, new_len]);
        let expected = self.directory(fd).and_then(|from| {
            let to = self.directory(to)?;
            self.model.rename((from, &path), (to, &new))
        });
        self.check(format!("rename({fd}, {path:?}, {to}, {new:?})"), got, number(&expected))?;
        Ok(())
    }

    fn unlink_file(&mut self) -> Step {
        let (fd, path) = (self.fd(true), self.path());
        let [at, len] = self.guest.path(&path);
        let got = self.guest.call("path_unlink_file", &[fd.into(), at, len]);
        let expected = self.directory(fd).and_then(|dir| self.model.unlink_file(dir, &path));
        self.check(format!("unlink_file({fd}, {path:?})"), got, number(&expected))?;
        Ok(())
    }

    fn remove_directory(&mut self) -> Step {
        let (fd, path) = (self.fd(true), self.path());
        let [at, len] = self.guest.path(&path);
        let got = self.guest.call("path_remove_directory", &[fd.into(), at, len]);
        let expected = self.directory(fd).and_then(|dir| self.model.remove_directory(dir, &path));
        self.check(format!("remove_directory({fd}, {path:?})"), got, number(&expected))?;
        Ok(())
    }

    fn readlink(&mut self) -> Step {
        let (fd, path) = (self.fd(true), self.path());
        let [at, len] = self.guest.path(&path);
        let args = [fd.into(), at, len, BUFFER as u64, ROOM as u64, RESULT as u64];
        let got = self.guest.call("path_readlink", &args);
        let expected = self.directory(fd).and_then(|dir| self.model.readlink(dir, &path).map(str::to_owned));
        self.check(format!("readlink({fd}, {path:?})"), got, number(&expected))?;
        if let Ok(target) = expected {
            let got = self.guest.bytes(BUFFER, self.guest.u32(RESULT) as usize);
            self.equal("the target", String::from_utf8_lossy(&got).into_owned(), target)?;
        }
        Ok(())
    }

    fn stat(&mut self) -> Step {
        let (fd, path, follow) = (self.fd(true), self.path(), self.one_in(2));
        let [at, len] = self.guest.path(&path);
        let set_times = self.one_in(4);
        let got = match set_times {
            true => {
                let args = [fd.into(), follow.into(), at, len, 1_000_000_000, 2_000_000_000, 1 | 4];
                self.guest.call("path_filestat_set_times", &args)
            }
            false => {
                self.guest.call("path_filestat_get", &[fd.into(), follow.into(), at, len, RESULT as u64])
            }
        };
        let expected = self.directory(fd).and_then(|dir| match set_times {
            true => self.model.stat_whole(dir, &path, follow),
            false => self.model.stat(dir, &path, follow),
        });
        let name = if set_times { "set_times" } else { "stat" };
        self.check(format!("{name}({fd}, {path:?}, follow: {follow})"), got, number(&expected))?;
        if let Ok(node) = expected
            && !set_times
        {
            self.compare_stat(node)?;
        }
        Ok(())
    }

    /// Compares the attributes that the guest was told with those of `node`.
    fn compare_stat(&self, node: Id) -> Step {
        let (kind, size) = match &self.model.nodes[node].kind {
            Kind::Directory { .. } => (3, None),
            Kind::File(bytes) => (4, Some(bytes.len())),
            Kind::Link(target) => (7, Some(target.len())),
        };
        self.equal("the type", self.guest.bytes(RESULT + 16, 1), vec![kind])?;
        if let Some(size) = size {
            self.equal("the size", self.guest.u64(RESULT + 32), size as u64)?;
            self.equal("the names", self.guest.u64(RESULT + 24), self.model.nodes[node].names)?;
        }
        Ok(())
    }

    fn readdir(&mut self) -> Step {
        let fd = self.fd(true);
        let got = self.guest.call("fd_readdir", &[fd.into(), BUFFER as u64, ROOM as u64, 0, RESULT as u64]);
        let expected = self.directory(fd);
        self.check(format!("readdir({fd})"), got, number(&expected))?;
        let Ok(directory) = expected else { return Ok(()) };
        let used = self.guest.u32(RESULT) as usize;
        let (mut got, mut at) = (Vec::new(), BUFFER);
        while at < BUFFER + used {
            let len = self.guest.u32(at + 16) as usize;
            let name = String::from_utf8_lossy(&self.guest.bytes(at + 24, len)).into_owned();
            got.push((name, self.guest.bytes(at + 20, 1)[0]));
            at += 24 + len;
        }
        got.sort();
        let mut expected = vec![(".".to_owned(), 3), ("..".to_owned(), 3)];
        for (name, &node) in self.model.entries(directory) {
            let kind = match self.model.nodes[node].kind {
                Kind::Directory { .. } => 3,
                Kind::File(_) => 4,
                Kind::Link(_) => 7,
            };
            expected.push((name.clone(), kind));
        }
        expected.sort();
        self.equal("the entries", got, expected)?;
        Ok(())
    }

    fn write(&mut self) -> Step {
        let (fd, offset, len) = (self.fd(false), self.below(16), self.below(8));
        let bytes: Vec<u8> = (0..len).map(|i| b'0' + i as u8).collect();
        let [at, _] = self.guest.path(&String::from_utf8_lossy(&bytes));
        let iovs = [at as u32, len as u32].map(u32::to_le_bytes).concat();
        let [iovs, _] = self.guest.put(RESULT + 64, &iovs);
        let got = self.guest.call("fd_pwrite", &[fd.into(), iovs, 1, offset as u64, RESULT as u64]);
        let expected = match self.open.get(&fd) {
            None => Err(Errno::Badf),
            Some(open) if !open.write => Err(Errno::Badf),
            Some(open) => match &mut self.model.nodes[open.node].kind {
                Kind::File(contents) => {
                    if len > 0 {
                        let end = (offset + len).max(contents.len());
                        contents.resize(end, 0);
                        contents[offset..offset + len].copy_from_slice(&bytes);
                    }
                    Ok(len as u32)
                }
                _ => Err(Errno::Badf),
            },
        };
        self.check(format!("write({fd}, {offset}, {len})"), got, number(&expected))?;
        if let Ok(len) = expected {
            self.equal("the length", self.guest.u32(RESULT), len)?;
        }
        Ok(())
    }

    fn read(&mut self) -> Step {
        let fd = self.fd(false);
        let iovs = [BUFFER as u32, 1024].map(u32::to_le_bytes).concat();
        let [iovs, _] = self.guest.put(RESULT + 64, &iovs);
        let got = self.guest.call("fd_pread", &[fd.into(), iovs, 1, 0, RESULT as u64]);
        let expected = match self.open.get(&fd) {
            None => Err(Errno::Badf),
            Some(open) => match &self.model.nodes[open.node].kind {
                Kind::File(contents) if open.read => Ok(contents.clone()),
                Kind::File(_) => Err(Errno::Badf),
                _ => Err(Errno::IsDir),
            },
        };
        self.check(format!("read({fd})"), got, number(&expected))?;
        if let Ok(contents) = expected {
            let got = self.guest.bytes(BUFFER, self.guest.u32(RESULT) as usize);
            self.equal("the contents", got, contents)?;
        }
        Ok(())
    }

    /// Closes, renumbers, resizes or asks about a descriptor.
    fn change_descriptor(&mut self) -> Step {
        let directory = self.one_in(4);
        let fd = self.fd(directory);
        let open = self.open.get(&fd).copied();
        match self.below(6) {
            0 | 1 => {
                let got = self.guest.call("fd_close", &[fd.into()]);
                self.open.remove(&fd);
                self.check(format!("close({fd})"), got, open.map_or(Errno::Badf as u16, |_| 0))?;
            }
            2 => {
                let to = self.fd(false);
                let got = self.guest.call("fd_renumber", &[fd.into(), to.into()]);
                let expected = match open {
                    Some(open) if self.open.contains_key(&to) => {
                        self.open.remove(&fd);
                        self.open.insert(to, open);
                        0
                    }
                    _ => Errno::Badf as u16,
                };
                self.check(format!("renumber({fd}, {to})"), got, expected)?;
            }
            3 => {
                let size = self.below(32);
                let got = self.guest.call("fd_filestat_set_size", &[fd.into(), size as u64]);
                let expected = match open.map(|open| (open.write, &mut self.model.nodes[open.node].kind)) {
                    Some((true, Kind::File(contents))) => {
                        contents.resize(size, 0);
                        0
                    }
                    Some((false, Kind::File(_))) => Errno::Inval as u16,
                    _ => Errno::Badf as u16,
                };
                self.check(format!("set_size({fd}, {size})"), got, expected)?;
            }
            _ => {
                let got = self.guest.call("fd_filestat_get", &[fd.into(), RESULT as u64]);
                self.check(format!("stat({fd})"), got, open.map_or(Errno::Badf as u16, |_| 0))?;
                if let Some(open) = open {
                    self.compare_stat(open.node)?;
                }
            }
        }
        Ok(())
    }

    /// Compares what is on the host in the end.
    fn compare_trees(&self, host: &Path) -> Step {
        for (name, &root) in ["first", "second"].iter().zip(&self.model.roots) {
            self.compare_tree(&host.join(name), root)?;
        }
        let canary: Vec<_> = fs::read_dir(host.join("canary")).expect("it is there").collect();
        self.equal("the canary's files", canary.len(), 1)?;
        let secret = fs::read_to_string(host.join("canary/secret")).expect("it is there");
        self.equal("the secret", secret.as_str(), SECRET)?;
        self.equal("what lies beside", fs::read_dir(host).expect("it is there").count(), 3)?;
        Ok(())
    }

    fn compare_tree(&self, host: &Path, directory: Id) -> Step {
        let mut names: Vec<String> = fs::read_dir(host)
            .map_err(|error| format!("{host:?}: {error}, after\n{}", self.log.join("\n")))?
            .map(|entry| entry.expect("it can be read").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        let expected: Vec<String> = self.model.entries(directory).keys().cloned().collect();
        self.equal(&format!("what is in {host:?}"), names, expected)?;
        for (name, &node) in self.model.entries(directory) {
            let path = host.join(name);
            match &self.model.nodes[node].kind {
                Kind::Directory { .. } => self.compare_tree(&path, node)?,
                Kind::File(contents) => {
                    self.equal(
                        &format!("what is in {path:?}"),
                        fs::read(&path).ok().as_ref(),
                        Some(contents),
                    )?;
                }
                Kind::Link(target) => {
                    let got = fs::read_link(&path).ok();
                    self.equal(&format!("{path:?}"), got.as_deref(), Some(Path::new(target)))?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Random;

    /// That paths lead out, links into each other, and names are taken, happens; else this would test nothing.
    #[test]
    fn every_end_is_reached() {
        let mut random = Random::new(1);
        let mut total = Counts::default();
        for _ in 0..150 {
            let len = 50 + random.below(400);
            let counts = sequence(&random.bytes(len)).unwrap_or_else(|finding| panic!("{finding}"));
            total.done += counts.done;
            total.failed += counts.failed;
            total.kept_in += counts.kept_in;
        }
        assert!(total.done > 500 && total.failed > 500 && total.kept_in > 100, "{total:?}");
    }
}
