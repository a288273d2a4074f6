//! What the operating system takes from a worker's process before it reads its first job.

use std::io;

use rustix::process::{
    DumpableBehavior, Resource, Rlimit, Signal, getrlimit, set_dumpable_behavior,
    set_parent_process_death_signal, setpriority_process, setrlimit,
};
use rustix::thread::set_no_new_privs;

/// Address space beyond the heap that a function may have: the program, its stack, and the copies
/// of a frame on its way in or out.
const ADDRESS_SPACE_BEYOND_HEAP: u64 = 512 << 20;

/// How far a worker's processes stand behind the server's when the processor is scarce: the last.
const NICENESS: i32 = 19;

/// Takes from this process what a worker does not need, for good.
///
/// It keeps its three streams and its memory. It can open no file and no socket, start no process
/// and no thread, write no file, gain no privilege, be read by no debugger; it dies with its
/// parent and yields the processor to it.
///
/// # Errors
/// Fails if the operating system refuses; the process must not run functions then.
pub fn confine(memory_bytes_max: u64) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    set_no_new_privs(true)?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    setpriority_process(None, NICENESS)?;
    limit(Resource::Core, 0)?;
    limit(Resource::Fsize, 0)?;
    limit(Resource::Nproc, 0)?;
    limit(
        Resource::As,
        memory_bytes_max.saturating_add(ADDRESS_SPACE_BEYOND_HEAP),
    )?;
    limit(Resource::Nofile, 0)
}

/// Lowers a limit, and the limit of the limit; one that is lower already stays.
fn limit(resource: Resource, most: u64) -> io::Result<()> {
    let present = getrlimit(resource);
    let lower = |limit: Option<u64>| Some(limit.map_or(most, |limit| limit.min(most)));
    Ok(setrlimit(
        resource,
        Rlimit {
            current: lower(present.current),
            maximum: lower(present.maximum),
        },
    )?)
}
