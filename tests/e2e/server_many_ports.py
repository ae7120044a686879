#!/usr/bin/python3
"""A thousand ports of one com2net, all open; and what it says where the system allows it too few."""

import resource

import harness
from harness import check, equal

PORTS = 1000
MEMORY = 64 * 1024  # of an open port, at most


def main():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 8 * PORTS:
        harness.skip(f'the system allows {hard} descriptors')
    too_few_descriptors()
    # this script's own; com2net is given fewer, and raises its limit by itself
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    arguments = []
    for i in range(PORTS):
        arguments += [f'loop:,name=port{i}', '0']
    server = harness.Com2net(*arguments, ports=PORTS,
                             preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard)))
    before = memory(server)
    socks = [harness.connect(port) for port in server.ports]
    for i, sock in enumerate(socks):
        sock.sendall(b'port %d' % i)
    for i, sock in enumerate(socks):
        wanted = b'port %d' % i
        equal(harness.read_exactly(sock.fileno(), len(wanted), harness.PATIENCE, f'port {i}'), wanted, 'echo')
    check(memory(server) - before < PORTS * MEMORY, f'{memory(server) - before} bytes for {PORTS} open ports')
    for sock in socks:
        sock.close()


def memory(program):
    with open(f'/proc/{program.pid}/statm') as f:
        return int(f.read().split()[1]) * resource.getpagesize()


def too_few_descriptors():
    arguments = ['loop:', '0'] * 20
    said = harness.Program([harness.under_test('com2net', ''), *arguments],
                           preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)))
    said.expected = True
    equal(said.wait(), 1, 'status')
    check('20 ports need' in said.log() and 'ulimit -n' in said.log(), f'what to do: {said.log()}')


harness.run(main)
