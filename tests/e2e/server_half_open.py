#!/usr/bin/python3
"""A client whose network is gone, without a word, does not keep the port for ever."""

import faraway
import harness
from harness import equal

LIMIT = 90  # seconds until the port has to be free

CLIENT = """
import harness, time
peer = harness.Peer(port, host=HOST).agreed()
time.sleep(0.5)  # nothing is unacknowledged: that is given up by Windows, and not by Wine
print('in', flush=True)
time.sleep(1000)
"""


def main():
    server = harness.Com2net('loop:', '0.0.0.0:0')
    with faraway.client(CLIENT, server.port) as far:
        equal(far.says(), 'in', 'the first client')
        far.pull_cable()

        harness.next_client(server.port, LIMIT, every=1)


harness.run(main)
