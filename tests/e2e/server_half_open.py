#!/usr/bin/python3
"""A client whose network is gone, without a word, does not keep the port for ever."""

import os
import subprocess
import sys

import harness
from harness import equal, eventually

LIMIT = 90  # seconds until the port has to be free

CLIENT = """
import sys; sys.path.insert(0, sys.argv[1])
import harness, time
peer = harness.Peer(int(sys.argv[2]), host='10.221.7.1').agreed()
print('in', flush=True)
time.sleep(1000)
"""


def ip(*words):
    subprocess.run(['ip', *words], check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def main():
    harness.need('ip')
    if os.geteuid() != 0:
        harness.skip('needs root for a network namespace')
    name = f'com2net{os.getpid()}'
    ours, theirs = f'c2n{os.getpid()}a', f'c2n{os.getpid()}b'
    try:
        ip('netns', 'add', name)
        ip('link', 'add', ours, 'type', 'veth', 'peer', 'name', theirs, 'netns', name)
    except subprocess.CalledProcessError as error:
        subprocess.run(['ip', 'netns', 'del', name], stderr=subprocess.DEVNULL)
        harness.skip(f'no network namespaces here: {error.stdout.decode().strip()}')
    client = None
    try:
        ip('addr', 'add', '10.221.7.1/30', 'dev', ours)
        ip('link', 'set', ours, 'up')
        ip('-n', name, 'addr', 'add', '10.221.7.2/30', 'dev', theirs)
        ip('-n', name, 'link', 'set', theirs, 'up')
        server = harness.Com2net('loop:', '0.0.0.0:0')
        client = subprocess.Popen(['ip', 'netns', 'exec', name, sys.executable, '-c', CLIENT,
                                   os.path.dirname(os.path.abspath(__file__)), str(server.port)],
                                  stdout=subprocess.PIPE)
        equal(client.stdout.readline(), b'in\n', 'the first client')
        ip('link', 'set', ours, 'down')

        def served():
            peer = harness.Peer(server.port)
            peer.settle(0.3)
            return not peer.closed
        eventually(served, 'the next client is served', LIMIT, every=1)
    finally:
        if client:
            client.kill()
        subprocess.run(['ip', 'link', 'del', ours], stderr=subprocess.DEVNULL)
        subprocess.run(['ip', 'netns', 'del', name], stderr=subprocess.DEVNULL)


harness.run(main)
