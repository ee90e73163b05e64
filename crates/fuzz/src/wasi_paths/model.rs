//! A file system in memory, with the rules of the sandbox and the errors of Linux.
//!
//! It is written from what the functions are to do, component by component, and shares nothing with what it judges. A
//! [`Walk`] is where a path leads; each function first walks and then decides, in the order in which the host does.

use std::collections::BTreeMap;
use windlass_wasi::Errno;

/// How many symbolic links one path may lead over.
const MAX_LINKS: usize = 40;
/// The longest name.
const MAX_NAME: usize = 255;

/// A node's number; nodes are never reused.
pub type Id = usize;

/// A file, directory or symbolic link.
#[derive(Debug)]
pub struct Node {
    pub kind: Kind,
    /// How many names it has.
    pub names: u64,
}

#[derive(Debug)]
pub enum Kind {
    File(Vec<u8>),
    Directory {
        entries: BTreeMap<String, Id>,
        /// Where `..` leads; the roots' own is not to be asked for.
        parent: Id,
    },
    Link(String),
}

/// The file system.
#[derive(Debug)]
pub struct Model {
    pub nodes: Vec<Node>,
    /// The preopened directories.
    pub roots: Vec<Id>,
}

/// Where a path leads.
struct Walk {
    /// The directory that the last name is in.
    parent: Id,
    /// The last name; `None` if the path ends with `.` or `..`, so that it names no entry.
    name: Option<String>,
    /// What is there.
    node: Option<Id>,
    /// The path wants a directory.
    directory: bool,
}

/// How `path_open` opens.
#[derive(Clone, Copy, Debug, Default)]
pub struct How {
    pub follow: bool,
    pub create: bool,
    pub exclusive: bool,
    pub truncate: bool,
    pub directory: bool,
    pub write: bool,
}

type Result<T> = std::result::Result<T, Errno>;

impl Model {
    /// So many empty directories to begin with.
    pub fn new(roots: usize) -> Model {
        let mut model = Model { nodes: Vec::new(), roots: Vec::new() };
        for _ in 0..roots {
            let root = model.add(Kind::Directory { entries: BTreeMap::new(), parent: usize::MAX });
            model.nodes[root].names = 1;
            model.roots.push(root);
        }
        model
    }

    fn add(&mut self, kind: Kind) -> Id {
        self.nodes.push(Node { kind, names: 0 });
        self.nodes.len() - 1
    }

    /// Gives `node` a name, as somebody outside of the sandbox can.
    pub fn insert(&mut self, directory: Id, name: &str, kind: Kind) -> Id {
        let node = self.add(kind);
        self.link_in(directory, name, node);
        node
    }

    fn link_in(&mut self, directory: Id, name: &str, node: Id) {
        if let Kind::Directory { parent, .. } = &mut self.nodes[node].kind {
            *parent = directory;
        }
        self.nodes[node].names += 1;
        self.entries_mut(directory).insert(name.to_owned(), node);
    }

    fn unlink(&mut self, directory: Id, name: &str) {
        if let Some(node) = self.entries_mut(directory).remove(name) {
            self.nodes[node].names -= 1;
        }
    }

    /// What is in a directory.
    pub fn entries(&self, directory: Id) -> &BTreeMap<String, Id> {
        match &self.nodes[directory].kind {
            Kind::Directory { entries, .. } => entries,
            other => panic!("{other:?} is no directory"),
        }
    }

    fn entries_mut(&mut self, directory: Id) -> &mut BTreeMap<String, Id> {
        match &mut self.nodes[directory].kind {
            Kind::Directory { entries, .. } => entries,
            other => panic!("{other:?} is no directory"),
        }
    }

    pub fn is_directory(&self, node: Id) -> bool {
        matches!(self.nodes[node].kind, Kind::Directory { .. })
    }

    /// Looks up a name in a directory.
    fn look_up(&self, directory: Id, name: &str) -> Result<Option<Id>> {
        match () {
            () if self.nodes[directory].names == 0 => Err(Errno::NoEnt),
            () if name.len() > MAX_NAME => Err(Errno::NameTooLong),
            () => Ok(self.entries(directory).get(name).copied()),
        }
    }

    /// Follows a path from the directory `start`, and never out of it. A slash behind a name that is to be created is
    /// [`Errno::IsDir`].
    fn walk(&self, start: Id, path: &str, follow: bool, create: bool) -> Result<Walk> {
        if path.is_empty() {
            return Err(Errno::NoEnt);
        }
        let (mut links, mut directory, mut follow) = (0, false, follow);
        let mut at = start;
        let mut rest = components(path)?;
        while let Some((name, slash)) = rest.pop() {
            let last = rest.is_empty();
            if !self.is_directory(at) {
                return Err(Errno::NotDir);
            }
            match name.as_str() {
                "." => {}
                ".." if at == start => return Err(Errno::Perm),
                ".." => match self.nodes[at].kind {
                    Kind::Directory { parent, .. } => at = parent,
                    _ => return Err(Errno::NotDir),
                },
                _ => {
                    if last && create && slash {
                        return Err(Errno::IsDir);
                    }
                    directory |= last && slash;
                    follow |= directory;
                    let node = self.look_up(at, &name)?;
                    if let Some(node) = node
                        && let Kind::Link(target) = &self.nodes[node].kind
                        && (!last || follow)
                    {
                        links += 1;
                        if links > MAX_LINKS {
                            return Err(Errno::Loop);
                        }
                        rest.extend(components(target)?);
                        continue;
                    }
                    if last {
                        if directory && node.is_some_and(|node| !self.is_directory(node)) {
                            return Err(Errno::NotDir);
                        }
                        return Ok(Walk { parent: at, name: Some(name), node, directory });
                    }
                    at = node.ok_or(Errno::NoEnt)?;
                }
            }
        }
        if !self.is_directory(at) {
            return Err(Errno::NotDir);
        }
        Ok(Walk { parent: at, name: None, node: Some(at), directory })
    }

    /// Follows all of a path but its last name, which may have no slash behind it: the directory, and the name. A path
    /// that wants a directory names no entry.
    fn walk_parent(&self, start: Id, path: &str) -> Result<(Id, Option<String>)> {
        let whole = path.ends_with('/')
            || path.ends_with("/.")
            || path == ".."
            || path.ends_with("/..")
            || path.is_empty();
        let (parent, name) = match path.rsplit_once('/') {
            _ if whole => (path, None),
            Some(("", name)) => ("/", Some(name)),
            Some((parent, name)) => (parent, Some(name)),
            None => (".", Some(path)),
        };
        let walk = self.walk(start, parent, true, false)?;
        let directory = walk.node.ok_or(Errno::NoEnt)?;
        if !self.is_directory(directory) {
            return Err(Errno::NotDir);
        }
        Ok((directory, name.filter(|&name| name != ".").map(str::to_owned)))
    }

    /// The place for a new entry.
    fn free(&self, directory: Id, name: Option<String>) -> Result<String> {
        let name = name.ok_or(Errno::Exist)?;
        match self.look_up(directory, &name)? {
            Some(_) => Err(Errno::Exist),
            None => Ok(name),
        }
    }

    pub fn create_directory(&mut self, start: Id, path: &str) -> Result<()> {
        let (directory, name) = self.walk_parent(start, strip(path))?;
        let name = self.free(directory, name)?;
        self.insert(directory, &name, Kind::Directory { entries: BTreeMap::new(), parent: directory });
        Ok(())
    }

    pub fn symlink(&mut self, target: &str, start: Id, path: &str) -> Result<()> {
        if target.starts_with('/') {
            return Err(Errno::Perm);
        }
        let (directory, name) = self.walk_parent(start, path)?;
        if target.is_empty() {
            return Err(Errno::NoEnt);
        }
        let name = self.free(directory, name)?;
        self.insert(directory, &name, Kind::Link(target.to_owned()));
        Ok(())
    }

    pub fn link(&mut self, old: (Id, &str), new: (Id, &str)) -> Result<()> {
        let (from, old_name) = self.walk_parent(old.0, old.1)?;
        let (to, new_name) = self.walk_parent(new.0, new.1)?;
        let node = match old_name {
            Some(name) => self.look_up(from, &name)?.ok_or(Errno::NoEnt)?,
            None => from,
        };
        let new_name = self.free(to, new_name)?;
        if self.is_directory(node) {
            return Err(Errno::Perm);
        }
        self.link_in(to, &new_name, node);
        Ok(())
    }

    pub fn rename(&mut self, old: (Id, &str), new: (Id, &str)) -> Result<()> {
        let slash = old.1.ends_with('/');
        let is_file = |node: Id| !self.is_directory(node);
        if new.1.ends_with('/') && self.stat(old.0, old.1, false).is_ok_and(is_file) {
            return match self.stat(new.0, strip(new.1), false) {
                Ok(_) | Err(Errno::NoEnt) => Err(Errno::NotDir),
                Err(error) => Err(error),
            };
        }
        let (from, old_name) = self.walk_parent(old.0, strip(old.1))?;
        let (to, new_name) = self.walk_parent(new.0, strip(new.1))?;
        let (Some(old_name), Some(new_name)) = (old_name, new_name) else { return Err(Errno::Busy) };
        let node = self.look_up(from, &old_name)?.ok_or(Errno::NoEnt)?;
        let target = self.look_up(to, &new_name)?;
        if slash && !self.is_directory(node) {
            return Err(Errno::NotDir);
        }
        // A directory cannot come to lie in itself, nor replace one that it lies in.
        if from != to && self.contains(node, to) {
            return Err(Errno::Inval);
        }
        if from != to && target.is_some_and(|target| self.contains(target, from)) {
            return Err(Errno::NotEmpty);
        }
        if target == Some(node) {
            return Ok(());
        }
        if let Some(target) = target {
            match (self.is_directory(node), self.is_directory(target)) {
                (true, false) => return Err(Errno::NotDir),
                (false, true) => return Err(Errno::IsDir),
                (true, true) if !self.entries(target).is_empty() => return Err(Errno::NotEmpty),
                _ => self.unlink(to, &new_name),
            }
        }
        self.unlink(from, &old_name);
        self.link_in(to, &new_name, node);
        Ok(())
    }

    /// Whether `node` is the directory `inner` or one above it.
    fn contains(&self, node: Id, inner: Id) -> bool {
        let mut at = inner;
        loop {
            if at == node {
                return true;
            }
            match self.nodes.get(at).map(|node| &node.kind) {
                Some(Kind::Directory { parent, .. }) => at = *parent,
                _ => return false,
            }
        }
    }

    pub fn unlink_file(&mut self, start: Id, path: &str) -> Result<()> {
        let (directory, name) = self.walk_parent(start, path)?;
        let name = name.ok_or(Errno::IsDir)?;
        let node = self.look_up(directory, &name)?.ok_or(Errno::NoEnt)?;
        if self.is_directory(node) {
            return Err(Errno::IsDir);
        }
        self.unlink(directory, &name);
        Ok(())
    }

    pub fn remove_directory(&mut self, start: Id, path: &str) -> Result<()> {
        let (directory, name) = self.walk_parent(start, strip(path))?;
        let name = name.ok_or(Errno::Inval)?;
        let node = self.look_up(directory, &name)?.ok_or(Errno::NoEnt)?;
        match &self.nodes[node].kind {
            Kind::Directory { entries, .. } if entries.is_empty() => {}
            Kind::Directory { .. } => return Err(Errno::NotEmpty),
            _ => return Err(Errno::NotDir),
        }
        self.unlink(directory, &name);
        Ok(())
    }

    /// What a symbolic link says; where one leads that begins with a slash is not told.
    pub fn readlink(&self, start: Id, path: &str) -> Result<&str> {
        let (directory, name) = self.walk_parent(start, path)?;
        let node = match name {
            Some(name) => self.look_up(directory, &name)?.ok_or(Errno::NoEnt)?,
            None => directory,
        };
        match &self.nodes[node].kind {
            Kind::Link(target) if target.starts_with('/') => Err(Errno::Perm),
            Kind::Link(target) => Ok(target),
            _ => Err(Errno::Inval),
        }
    }

    pub fn stat(&self, start: Id, path: &str, follow: bool) -> Result<Id> {
        // A single name is looked up as such, whatever slashes and dots are behind it.
        let mut names = path.split('/').filter(|name| !name.is_empty());
        if !follow
            && !path.starts_with('/')
            && let Some(name) = names.next().filter(|&name| name != "." && name != "..")
            && names.all(|name| name == ".")
        {
            return self.look_up(start, name)?.ok_or(Errno::NoEnt);
        }
        self.stat_whole(start, path, follow)
    }

    /// The same for what opens the path as it is written.
    pub fn stat_whole(&self, start: Id, path: &str, follow: bool) -> Result<Id> {
        self.walk(start, path, follow, false)?.node.ok_or(Errno::NoEnt)
    }

    /// The node that is opened; made, emptied.
    pub fn open(&mut self, start: Id, path: &str, how: How) -> Result<Id> {
        if how.directory && (how.create || how.exclusive || how.truncate) {
            return Err(Errno::Inval);
        }
        let follow = how.follow && !(how.create && how.exclusive);
        let walk = self.walk(start, path, follow, how.create)?;
        let Some(node) = walk.node else {
            return match walk.name {
                Some(name) if how.create => Ok(self.insert(walk.parent, &name, Kind::File(Vec::new()))),
                _ => Err(Errno::NoEnt),
            };
        };
        if how.create && how.exclusive {
            return Err(Errno::Exist);
        }
        match &mut self.nodes[node].kind {
            Kind::Directory { .. } if how.create => Err(Errno::IsDir),
            Kind::Directory { .. } if how.write || how.truncate => Err(Errno::IsDir),
            Kind::Directory { .. } => Ok(node),
            Kind::Link(_) if !walk.directory => Err(Errno::Loop),
            Kind::Link(_) => Err(Errno::NotDir),
            Kind::File(_) if how.directory || walk.directory => Err(Errno::NotDir),
            Kind::File(bytes) => {
                if how.truncate {
                    bytes.clear();
                }
                Ok(node)
            }
        }
    }
}

/// The names of a path, the last one first, each with whether a slash is behind it.
fn components(path: &str) -> Result<Vec<(String, bool)>> {
    if path.starts_with('/') {
        return Err(Errno::Perm);
    }
    let mut names = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let end = rest.find('/').unwrap_or(rest.len());
        names.push((rest[..end].to_owned(), end < rest.len()));
        rest = rest[end..].trim_start_matches('/');
    }
    names.reverse();
    Ok(names)
}

/// A path without the slashes at its end.
fn strip(path: &str) -> &str {
    match path.trim_end_matches('/') {
        "" => path,
        stripped => stripped,
    }
}
