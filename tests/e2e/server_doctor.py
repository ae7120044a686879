#!/usr/bin/python3
"""`com2net doctor` tells which devices can be published, what is published, whether a port can be listened
on, and who reaches it; it opens nothing, and listens nowhere."""

import contextlib
import re
import socket
import subprocess

import harness
from harness import check, equal, eventually

COM2NET = harness.under_test('com2net', 'server')


def ask(*words):
    return subprocess.run([COM2NET, 'doctor', *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=harness.LIMIT, text=True)


def doctor(*words, status=0):
    done = ask(*words)
    equal(done.returncode, status, f'status of doctor {words}: {done.stdout}')
    equal('BAD ' in done.stdout, status == 1, f'BAD: {done.stdout}')
    return done.stdout


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def published():
    server = harness.Com2net('loop:,name=here', '0', 'loop:,name=all', '0.0.0.0:0', 'usb:demo-icestick', '*:0')
    here, everybody, usb = server.ports

    def look():
        done = ask(here, everybody)
        return done if done.stdout.count(f'by com2net (pid {server.process.pid})') == 3 else None
    done = eventually(look, 'it knows of those that run')
    said = done.stdout
    check(done.returncode == 0 and 'BAD ' not in said, f'what is published is no fault of a port: {said}')
    check(f'ok   here is published on 127.0.0.1:{here} by' in said, said)
    check(f'note port {here} is for programs of this machine' in said
          and f'for others listen on 0.0.0.0:{here}' in said, said)
    check(f'ok   a container of this machine types host:{everybody} to net2pty' in said, said)
    check(f'ok   a container of this machine types host:{usb} to net2usb' in said, said)
    check('is free' not in said, said)
    server.stop()


def not_yet():
    port = free_port()
    check(f'ok   127.0.0.1:{port} is free for com2net to listen on\nnote port {port} is for programs of this machine'
          in doctor(port), 'a free port')
    said = doctor(f'0.0.0.0:{port}')
    check(f'ok   0.0.0.0:{port} is free' in said and f'types host:{port} to net2pty' in said, said)
    with contextlib.closing(socket.socket()) as other:
        other.bind(('127.0.0.1', 0))
        other.listen()
        port = other.getsockname()[1]
        check(re.search(fr'BAD  cannot listen on 127\.0\.0\.1:{port}: .*\(pid \d+\) has it', doctor(port, status=1)),
              'a port that somebody has')
        # it listens nowhere, so the other one still does
        with socket.create_connection(('127.0.0.1', port), timeout=harness.LIMIT):
            pass
    check('BAD  cannot listen on 203.0.113.7:7: this machine has no such address' in
          doctor('203.0.113.7:7', status=1), 'an address of another machine')
    check('no host has such a name' in doctor('localhost:7000:7', status=2), 'no address')
    check('port number from 0 to 65535' in doctor(70000, status=2), 'no port')


def test():
    published()
    not_yet()


harness.run(test)
