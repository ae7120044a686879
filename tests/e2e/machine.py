#!/usr/bin/python3
"""What this machine can do. Each probe tries one thing, and gives the reason where it is refused.

    tests/e2e/machine.py            every probe, and what it found
    tests/e2e/machine.py NAME...    ends with 1 and prints the reason where one of them is refused

In scripts: harness.need_machine('ipv6').
"""

import ctypes
import errno
import functools
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile

PATH = os.environ.get('PATH', '') + ':/usr/sbin:/sbin'


class Refused(Exception):
    pass


def _runs(*argv):
    """A command that has to succeed; the last line it says is the reason."""
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, env=dict(os.environ, PATH=PATH, LC_ALL='C'))
    if done.returncode != 0:
        said = done.stdout.decode(errors='replace').strip().split('\n')[-1]
        raise Refused(said or f'{argv[0]} ends with {done.returncode}')


def root():
    """The test needs root."""
    if os.geteuid() != 0:
        raise Refused('this needs root')


def ipv6():
    """The loopback interface has ::1."""
    try:
        socket.create_server(('::1', 0), family=socket.AF_INET6).close()
    except OSError as error:
        raise Refused(f'no IPv6: {error.strerror}') from None


def programs32():
    """The kernel runs 32-bit programs: one that does nothing but end with 0."""
    code = bytes.fromhex('31c040' '31db' 'cd80')  # exit(0)
    base, head = 0x08048000, 52 + 32
    size = head + len(code)
    program = struct.pack('<16sHHIIIIIHHHHHH', b'\x7fELF\1\1\1', 2, 3, 1, base + head, 52, 0, 0,
                          52, 32, 1, 0, 0, 0)
    program += struct.pack('<IIIIIIII', 1, 0, base, base, size, size, 5, 4096) + code
    if os.uname().machine != 'x86_64':
        raise Refused('no 32-bit programs of this kind: the machine is no x86_64')
    with tempfile.NamedTemporaryFile(prefix='com2net-32.', delete=False) as file:
        file.write(program)
    try:
        os.chmod(file.name, 0o700)
        status = subprocess.run([file.name]).returncode
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise
        raise Refused('the kernel runs no 32-bit programs (CONFIG_IA32_EMULATION)') from None
    finally:
        os.unlink(file.name)
    if status != 0:
        raise Refused(f'a 32-bit program ends with {status}')


def seccomp_notification():
    """A process can supervise another one's system calls: SECCOMP_RET_USER_NOTIF."""
    libc = ctypes.CDLL(None, use_errno=True)
    number = {'x86_64': 317, 'aarch64': 277, 'riscv64': 277}.get(os.uname().machine)
    if number is None:
        raise Refused('the number of seccomp(2) is not known here')
    allow = ctypes.create_string_buffer(struct.pack('=HBBI', 6, 0, 0, 0x7fff0000), 8)  # BPF_RET, ALLOW
    program = struct.pack('@HP', 1, ctypes.addressof(allow))
    child = os.fork()
    if child == 0:
        libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
        listener = libc.syscall(number, 1, 8, program)  # SET_MODE_FILTER, FLAG_NEW_LISTENER
        os._exit(ctypes.get_errno() if listener < 0 else 0)
    error = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if error != 0:
        raise Refused(f'no seccomp user notification: {os.strerror(error)}')


def ptrace():
    """A program can trace its child."""
    if shutil.which('strace'):
        try:
            _runs('strace', '-o', '/dev/null', 'true')
        except Refused as refused:
            raise Refused(f'no ptrace: {refused}') from None


def network_namespace():
    """Root can make a named network namespace and a cable into it."""
    root()
    name = f'com2net-probe{os.getpid()}'
    try:
        _runs('ip', 'netns', 'add', name)
        _runs('ip', '-n', name, 'link', 'add', 'near', 'type', 'veth', 'peer', 'name', 'far')
    except Refused as refused:
        raise Refused(f'no network namespaces: {refused}') from None
    finally:
        subprocess.run(['ip', 'netns', 'del', name], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, env=dict(os.environ, PATH=PATH))


def mount_namespace():
    """Root can mount, in a namespace of its own."""
    root()
    try:
        _runs('unshare', '--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/tmp')
    except Refused as refused:
        raise Refused(f'no mounts (CAP_SYS_ADMIN): {refused}') from None


def user_namespace():
    """A user namespace can be made."""
    try:
        _runs('unshare', '--user', 'true')
    except Refused as refused:
        raise Refused(f'no user namespaces: {refused}') from None


def containers():
    """Root can make containers: network, mount and process namespaces, and a /proc of theirs."""
    mount_namespace()
    network_namespace()
    try:
        _runs('unshare', '--net', '--mount', '--pid', '--fork', '--mount-proc', 'true')
    except Refused as refused:
        raise Refused(f'no containers inside this one: {refused}') from None


def other_users():
    """Root can become another user, and give files away."""
    root()
    try:
        _runs('setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', 'true')
        with tempfile.NamedTemporaryFile() as file:
            os.chown(file.name, 65534, 65534)
    except (Refused, PermissionError) as refused:
        raise Refused(f'root cannot become another user (CAP_SETUID, CAP_CHOWN): {refused}') from None


def set_user_id():
    """The kernel heeds the set-user-ID bit of files in the temporary folder."""
    if os.statvfs(tempfile.gettempdir()).f_flag & os.ST_NOSUID:
        raise Refused(f'{tempfile.gettempdir()} is mounted with nosuid')
    with open('/proc/self/status') as status:
        if 'NoNewPrivs:\t1\n' in status.readlines():
            raise Refused('this process may not get privileges (no_new_privs)')


PROBES = (root, ipv6, programs32, seccomp_notification, ptrace, network_namespace, mount_namespace,
          user_namespace, containers, other_users, set_user_id)


@functools.lru_cache(maxsize=None)
def refusal(name):
    """Why the machine cannot do this; None where it can."""
    probe = next(probe for probe in PROBES if probe.__name__ == name)
    try:
        probe()
    except Refused as refused:
        return str(refused)
    return None


def main():
    names = [probe.__name__ for probe in PROBES]
    unknown = [name for name in sys.argv[1:] if name not in names]
    if unknown:
        sys.exit(f'{__doc__}\nno probe {unknown[0]}; there are: {" ".join(names)}')
    found = {name: refusal(name) for name in sys.argv[1:] or names}
    if sys.argv[1:]:
        print(''.join(f'{why}\n' for why in found.values() if why), end='')
        sys.exit(1 if any(found.values()) else 0)
    for name, why in found.items():
        print(f'{name:<22}{why or "yes"}')


if __name__ == '__main__':
    main()
