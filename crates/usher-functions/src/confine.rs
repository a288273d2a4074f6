//! What the operating system takes from a worker's process: before it reads its first job, and
//! when a job turns out to be long.

mod filter;

use std::ffi::c_int;
use std::io;
use std::os::fd::RawFd;

use rustix::io::close;
use rustix::process::{
    DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit,
};
use rustix::thread::set_no_new_privs;
use rustix::time::{ClockId, clock_gettime};

pub use filter::can_filter;

/// Address space beyond the heap that a function may have: the program, its stack, and the copies
/// of a frame on its way in or out.
const ADDRESS_SPACE_BEYOND_HEAP: u64 = 512 << 20;

/// Processor time beyond what a job may take, before the system kills the process: in seconds.
const CPU_SECONDS_BEYOND_JOB: u64 = 2;

/// Takes from this process what a worker does not need, for good.
///
/// It keeps its three streams and its memory. It can open no file and no socket, start no process
/// and no thread, write no file, gain no privilege, be read by no debugger. A kernel that can filter
/// system calls lets it make those that computing needs, and no other.
///
/// # Errors
/// Fails if the operating system refuses; the process must not run functions then.
pub fn confine(memory_bytes_max: u64) -> io::Result<()> {
    close_inherited()?;
    set_no_new_privs(true)?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    limit(Resource::Core, 0)?;
    limit(Resource::Fsize, 0)?;
    limit(Resource::Nproc, 0)?;
    limit(
        Resource::As,
        memory_bytes_max.saturating_add(ADDRESS_SPACE_BEYOND_HEAP),
    )?;
    limit(Resource::Nofile, 0)?;
    if can_filter() {
        filter::apply()?;
    }
    Ok(())
}

/// Lets a process run only while nobody else wants the processor, for good.
///
/// Niceness would be a smaller share, which is given in slices of milliseconds: whoever wants the
/// processor would wait for the end of each.
///
/// # Errors
/// Fails if the process is gone, is another user's, or the system has no such class.
pub fn stand_back(process: u32) -> io::Result<()> {
    /// `sched_setscheduler(2)`: for work that may wait for ever.
    const SCHED_IDLE: c_int = 5;
    #[repr(C)]
    struct Parameters {
        priority: c_int,
    }
    #[expect(unsafe_code, reason = "no library of ours has this call")]
    // SAFETY: the declaration is that of the C library, on which the standard library stands.
    unsafe extern "C" {
        fn sched_setscheduler(process: c_int, policy: c_int, with: *const Parameters) -> c_int;
    }
    let process = c_int::try_from(process).map_err(io::Error::other)?;
    let parameters = Parameters { priority: 0 };
    #[expect(unsafe_code, reason = "no library of ours has this call")]
    // SAFETY: the parameters outlive the call, which only reads them.
    let outcome = unsafe { sched_setscheduler(process, SCHED_IDLE, &raw const parameters) };
    if outcome == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Closes whatever the parent, or its parent, left open beyond the three streams.
fn close_inherited() -> io::Result<()> {
    let mut listed: Vec<RawFd> = Vec::new();
    for entry in std::fs::read_dir("/proc/self/fd")? {
        let name = entry?.file_name();
        listed.extend(name.to_str().and_then(|name| name.parse::<RawFd>().ok()));
    }
    // The listing itself was among them and is closed again.
    let is_open =
        |stray: &RawFd| std::fs::symlink_metadata(format!("/proc/self/fd/{stray}")).is_ok();
    for stray in listed
        .into_iter()
        .filter(|stray| *stray > 2)
        .filter(is_open)
    {
        #[expect(unsafe_code, reason = "nobody owns what was inherited")]
        // SAFETY: it is open, and no value of this process owns it, which has opened nothing yet.
        unsafe {
            close(stray);
        }
    }
    Ok(())
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

/// Bounds the processor time of the job that begins.
///
/// This is the last of three bounds and the only one that outlives the parent: the engine stops
/// most runs, the parent kills the others.
///
/// # Errors
/// Fails if the operating system refuses.
pub fn bound_job(cpu_ms: u64) -> io::Result<()> {
    let used = clock_gettime(ClockId::ProcessCPUTime).tv_sec;
    let used = u64::try_from(used).unwrap_or(0);
    let seconds = used
        .saturating_add(cpu_ms.div_ceil(1_000))
        .saturating_add(CPU_SECONDS_BEYOND_JOB);
    let maximum = getrlimit(Resource::Cpu).maximum;
    Ok(setrlimit(
        Resource::Cpu,
        Rlimit {
            current: Some(maximum.map_or(seconds, |maximum| seconds.min(maximum))),
            maximum,
        },
    )?)
}
