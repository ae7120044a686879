#!/usr/bin/python3
"""The containers of the other scripts are what they are said to be: unprivileged, filtered, and with a
network, processes and files of their own."""

import json
import os

import harness
import places
from harness import check, equal

LOOK = r'''
import ctypes, errno, json, os, socket, stat, sys

libc = ctypes.CDLL(None, use_errno=True)

def status(name):
    with open('/proc/self/status') as f:
        return next(line.split()[1] for line in f if line.startswith(name + ':'))

def refused(call, *arguments):
    """The error that a system call ends with, as a name."""
    ctypes.set_errno(0)
    if libc.syscall(*(ctypes.c_long(a) if isinstance(a, int) else a for a in (call, *arguments))) >= 0:
        return 'allowed'
    return errno.errorcode[ctypes.get_errno()]

def empty(path):
    return not os.listdir(path) if os.path.isdir(path) else stat.S_ISCHR(os.stat(path).st_mode)

data = ctypes.create_string_buffer(8)
part = (ctypes.c_void_p * 2)(ctypes.addressof(data), 8)
print('SEEN', json.dumps({
    'user': os.getuid(), 'bounding': status('CapBnd'), 'effective': status('CapEff'),
    'no_new_privileges': status('NoNewPrivs'), 'seccomp': status('Seccomp'),
    'host': socket.gethostname(), 'networks': sorted(name for _, name in socket.if_nameindex()),
    'process 1': open('/proc/1/comm').read().strip(), 'processes': len(
        [name for name in os.listdir('/proc') if name.isdigit()]),
    'masked': [empty(path) for path in sys.argv[1:] if os.path.exists(path)],
    'writable': os.access('/proc/sys/kernel/panic', os.W_OK),
    'mount': refused(165, b'x', b'/tmp', b'tmpfs', 0, None),
    'pidfd_getfd': refused(438, -1, 0, 0),
    'process_vm_readv': refused(310, os.getpid(), part, 1, part, 1, 0),
}))
'''


def seen(place):
    """Behind --lines=plain, so that only the container's filter is there."""
    server = harness.Com2net('loop:', place.listen)
    said = place.run('--lines=plain', place.link(), place.at(server.port), '--', '/usr/bin/python3',
                     '-c', LOOK, *places.MASKED)
    return json.loads(next(line for line in said.splitlines() if line.startswith('SEEN'))[5:])


def test(place):
    got = seen(place)
    equal(got['user'], place.uid, 'user')
    capabilities = '00000000a80425fb' if place.uid == 0 else '0000000000000000'
    equal((got['bounding'], got['effective']), (capabilities, capabilities), 'capabilities')
    equal(got['no_new_privileges'], str(int(place.no_new_privileges)), 'no_new_privs')
    equal(got['seccomp'], '2', 'a filter is there')
    equal((got['host'], got['networks']), ('container', ['eth0', 'lo']), 'name and network')
    equal(got['process 1'], 'net2pty', 'process 1')
    check(got['processes'] <= 4, f'no process of others is seen: {got["processes"]}')
    check(got['masked'] and all(got['masked']), f'masked paths: {got["masked"]}')
    check(not got['writable'], 'read-only paths')
    equal(got['mount'], 'EPERM', 'what the filters refuse')
    # Docker 20.10 refuses what later ones allow; without this one of two ways is not tested
    docker = place.profile == 'docker'
    equal(got['process_vm_readv'], 'EPERM' if docker else 'allowed', "other programs' memory")
    equal(got['pidfd_getfd'], 'EPERM' if docker else 'EBADF', "other programs' descriptors")


def main():
    places.own_namespaces()
    os.chmod(harness.temp(), 0o777)
    for place in places.containers():
        test(place)


harness.run(main)
