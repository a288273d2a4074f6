//! Which system calls a worker may make: the kernel refuses all others.

use std::io;

use rustix::thread::secure_computing_mode;
use seccompiler::{BpfProgram, TargetArch, apply_filter, compile_from_json};

/// The calls by name; whatever is not among them fails as not permitted.
const SYSTEM_CALLS: &[u8] = include_bytes!("system_calls.json");

/// Whether the kernel can filter the system calls of a process.
#[must_use]
pub fn can_filter() -> bool {
    secure_computing_mode().is_ok()
}

/// Has the kernel refuse this thread, and all that it starts, every call but those of a worker.
pub(super) fn apply() -> io::Result<()> {
    let architecture = std::env::consts::ARCH.try_into();
    let program = compile(architecture.map_err(io::Error::other)?)?;
    apply_filter(&program).map_err(io::Error::other)
}

fn compile(architecture: TargetArch) -> io::Result<BpfProgram> {
    let programs = compile_from_json(SYSTEM_CALLS, architecture).map_err(io::Error::other)?;
    let program = programs.into_values().next();
    program.ok_or_else(|| io::Error::other("expected a filter of system calls"))
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::ErrorKind;
    use std::net::{TcpListener, TcpStream, UdpSocket};
    use std::os::unix::net::UnixStream;
    use std::process::Command;
    use std::thread;

    use super::*;

    #[test]
    fn the_calls_have_the_same_names_on_all_machines_that_we_build_for() {
        for architecture in [TargetArch::x86_64, TargetArch::aarch64] {
            assert!(!compile(architecture).unwrap().is_empty());
        }
    }

    #[test]
    fn a_thread_that_is_filtered_computes_and_does_nothing_else() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let filtered = thread::spawn(move || {
            apply().unwrap();
            let refused = [
                File::open("/dev/null").map(drop),
                std::fs::read_dir("/").map(drop),
                std::fs::remove_file("/tmp/there-is-none"),
                TcpStream::connect(address).map(drop),
                UdpSocket::bind("127.0.0.1:0").map(drop),
                UnixStream::pair().map(drop),
                Command::new("/bin/true").spawn().map(drop),
                thread::Builder::new().spawn(|| {}).map(drop),
            ];
            let most = vec![1_u8; 64 << 20].iter().map(|one| u64::from(*one)).sum();
            (refused.map(|one| one.map_err(|error| error.kind())), most)
        });
        let (refused, most): (_, u64) = filtered.join().unwrap();
        assert_eq!(refused, [Err(ErrorKind::PermissionDenied); 8]);
        assert_eq!(most, 64 << 20);
    }
}
