//! A checkout that is given commits, by git's own commands.
//!
//! `git fast-import` takes the whole series as one stream and moves the branch when it has all of it; the checkout's files
//! change last. A folder that is a repository of its own (rust-lang/rust has `library/backtrace` as a submodule) gets
//! commits of its own, which the commits above it point to.

use anyhow::{Context, Result, bail, ensure};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The branch that is made.
pub const BRANCH: &str = "plan9";

/// One commit of the series: whole files by their paths in rust-lang/rust.
#[derive(Debug, Clone)]
pub struct Commit {
    pub subject: &'static str,
    pub body: &'static str,
    pub files: BTreeMap<PathBuf, Vec<u8>>,
}

/// What a commit puts at a path.
enum Entry<'a> {
    File {
        executable: bool,
        bytes: &'a [u8],
    },
    /// The commit of a submodule, by its mark's number in the order of its own commits.
    Submodule(String),
}

/// A clean checkout with its submodules.
pub struct Checkout {
    dir: PathBuf,
    /// Relative paths.
    submodules: Vec<PathBuf>,
    executables: BTreeSet<PathBuf>,
}

impl Checkout {
    /// Refuses what is no checkout, has changes of its own or was exported to before.
    pub fn open(dir: &Path) -> Result<Self> {
        let shown = dir.display();
        let top = git(dir, &["rev-parse", "--show-toplevel"]).ok().map(PathBuf::from);
        ensure!(
            top.and_then(|top| top.canonicalize().ok()) == dir.canonicalize().ok() && dir.is_dir(),
            "{shown} is no git checkout of its own; name the top folder of one of rust-lang/rust"
        );
        ensure!(
            git(dir, &["rev-parse", "--verify", "--quiet", "HEAD"]).is_ok(),
            "{shown} has no commit; commit the pristine source there first"
        );
        let changes = git(dir, &["status", "--porcelain"])?;
        if let Some(first) = changes.lines().next() {
            bail!(
                "{shown} has changes that are not committed ({}); commit or stash them",
                first.trim()
            );
        }
        ready(dir)?;
        let mut checkout =
            Self { dir: dir.to_path_buf(), submodules: Vec::new(), executables: BTreeSet::new() };
        for line in git(dir, &["-c", "core.quotePath=false", "ls-files", "--stage"])?.lines() {
            match line.split_once('\t').map(|(mode, path)| (mode.split(' ').next(), path)) {
                Some((Some("160000"), path)) => {
                    let inner = dir.join(path);
                    ensure!(
                        !path.starts_with("library") || inner.join(".git").exists(),
                        "{} is a submodule that is not there; `git submodule update --init {path}`",
                        inner.display()
                    );
                    checkout.submodules.push(path.into());
                }
                Some((Some("100755"), path)) => _ = checkout.executables.insert(path.into()),
                _ => {}
            }
        }
        Ok(checkout)
    }

    /// Adds the commits on a new branch and checks it out; gives the submodules that got commits too.
    pub fn write(&self, commits: &[Commit]) -> Result<Vec<String>> {
        let Ok(committer) = git(&self.dir, &["var", "GIT_COMMITTER_IDENT"]) else {
            bail!(
                "git does not know whose the commits are; set `git config --global user.name` and `user.email`"
            );
        };
        let touched: BTreeSet<&Path> = commits
            .iter()
            .flat_map(|commit| commit.files.keys())
            .filter_map(|file| self.submodule_of(file))
            .collect();
        let repositories: Vec<PathBuf> =
            touched.iter().map(|inner| self.dir.join(inner)).chain([self.dir.clone()]).collect();
        for repository in &repositories {
            ready(repository)?;
        }
        let result =
            self.import(commits, &committer, &touched).and_then(|()| switch(&repositories));
        if result.is_err() {
            for repository in &repositories {
                // The error is what matters; where no branch was made there is none to delete.
                let _ = git(repository, &["branch", "--quiet", "-D", BRANCH]);
            }
        }
        result?;
        Ok(touched.iter().map(|inner| inner.display().to_string()).collect())
    }

    fn submodule_of(&self, file: &Path) -> Option<&Path> {
        self.submodules.iter().map(PathBuf::as_path).find(|inner| file.starts_with(inner))
    }

    /// The submodules' branches first, then the one that points to their commits.
    fn import(&self, commits: &[Commit], committer: &str, touched: &BTreeSet<&Path>) -> Result<()> {
        let mut heads: BTreeMap<&Path, Vec<(usize, String)>> = BTreeMap::new();
        for inner in touched {
            let mut places = Vec::new();
            let mut stream = Stream::new(committer);
            for (place, commit) in commits.iter().enumerate() {
                let mut entries = BTreeMap::new();
                for (file, bytes) in &commit.files {
                    if let Ok(within) = file.strip_prefix(inner) {
                        entries.insert(within, Entry::File { executable: false, bytes });
                    }
                }
                if !entries.is_empty() {
                    places.push(place);
                    stream.commit(commit, &head(&self.dir.join(inner))?, &entries)?;
                }
            }
            let hashes = stream.import(&self.dir.join(inner), places.len())?;
            heads.insert(inner, places.into_iter().zip(hashes).collect());
        }
        let mut stream = Stream::new(committer);
        let base = head(&self.dir)?;
        for (place, commit) in commits.iter().enumerate() {
            let mut entries = BTreeMap::new();
            for (file, bytes) in &commit.files {
                if self.submodule_of(file).is_none() {
                    let executable = self.executables.contains(file);
                    entries.insert(file.as_path(), Entry::File { executable, bytes });
                }
            }
            for (inner, commits) in &heads {
                if let Some((_, hash)) = commits.iter().find(|(at, _)| *at == place) {
                    entries.insert(inner, Entry::Submodule(hash.clone()));
                }
            }
            stream.commit(commit, &base, &entries)?;
        }
        stream.import(&self.dir, commits.len())?;
        Ok(())
    }
}

/// What `git fast-import` reads.
struct Stream<'a> {
    committer: &'a str,
    text: Vec<u8>,
    commits: usize,
}

impl<'a> Stream<'a> {
    fn new(committer: &'a str) -> Self {
        Self { committer, text: Vec::new(), commits: 0 }
    }

    /// One more commit, the first of them on `base`.
    fn commit(
        &mut self,
        commit: &Commit,
        base: &str,
        entries: &BTreeMap<&Path, Entry>,
    ) -> Result<()> {
        let message = format!("{}\n\n{}\n", commit.subject, commit.body);
        writeln!(self.text, "commit refs/heads/{BRANCH}\nmark :{}", self.commits + 1)?;
        writeln!(self.text, "committer {}", self.committer)?;
        self.data(message.as_bytes())?;
        if self.commits == 0 {
            writeln!(self.text, "from {base}")?;
        }
        for (path, entry) in entries {
            let path = path.to_str().context("a file has a name that is not UTF-8")?;
            match entry {
                Entry::File { executable, bytes } => {
                    let mode = if *executable { "100755" } else { "100644" };
                    writeln!(self.text, "M {mode} inline {path}")?;
                    self.data(bytes)?;
                }
                Entry::Submodule(hash) => writeln!(self.text, "M 160000 {hash} {path}")?,
            }
        }
        self.commits += 1;
        Ok(())
    }

    fn data(&mut self, bytes: &[u8]) -> Result<()> {
        writeln!(self.text, "data {}", bytes.len())?;
        self.text.write_all(bytes)?;
        self.text.write_all(b"\n")?;
        Ok(())
    }

    /// Hands the stream to git and gives the commits' hashes.
    fn import(self, repository: &Path, commits: usize) -> Result<Vec<String>> {
        let mut command = command(repository, &["fast-import", "--quiet", "--done"]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("git cannot be started; install it")?;
        let mut text = self.text;
        text.extend_from_slice(b"done\n");
        let sent = child.stdin.take().context("git takes no input")?.write_all(&text);
        let output = child.wait_with_output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "git did not take the commits: {}", said.trim());
        sent.context("git did not take the commits")?;
        let count = format!("--max-count={commits}");
        let hashes = git(repository, &["rev-list", "--reverse", &count, BRANCH])?;
        Ok(hashes.lines().map(str::to_owned).collect())
    }
}

/// Refuses a repository that the branch cannot be made in.
fn ready(repository: &Path) -> Result<()> {
    let shown = repository.display();
    ensure!(
        git(repository, &["rev-parse", "--verify", "--quiet", &format!("refs/heads/{BRANCH}")])
            .is_err(),
        "{shown} has a branch {BRANCH} already; `git branch -m {BRANCH} OTHER` there, or delete it"
    );
    Ok(())
}

/// Checks the branch out everywhere, or nowhere.
fn switch(repositories: &[PathBuf]) -> Result<()> {
    let mut back: Vec<(&Path, String)> = Vec::new();
    for repository in repositories {
        let before = match git(repository, &["symbolic-ref", "--quiet", "--short", "HEAD"]) {
            Ok(branch) => branch,
            Err(_) => head(repository)?,
        };
        if let Err(error) = git(repository, &["checkout", "--quiet", BRANCH, "--"]) {
            for (repository, before) in back.iter().rev() {
                git(repository, &["checkout", "--quiet", before, "--"])?;
            }
            return Err(error.context(format!(
                "{} cannot change to the new branch; move away what stands in its way",
                repository.display()
            )));
        }
        back.push((repository, before));
    }
    Ok(())
}

fn head(repository: &Path) -> Result<String> {
    git(repository, &["rev-parse", "HEAD"])
}

/// git in a folder. A hook of git's sets variables that would name another repository.
fn command(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new("git");
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        command.env_remove(name);
    }
    command.arg("-C").arg(dir).args(args);
    command
}

/// What git prints, or its own complaint.
pub fn git(dir: &Path, args: &[&str]) -> Result<String> {
    let output = command(dir, args).output().context("git cannot be started; install it")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "git {} failed: {}", args.join(" "), said.trim());
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}
