#!/usr/bin/python3
"""In a container with a user namespace, as rootless Docker and Podman make them, where root is nobody
outside, pyserial has a serial port in full behind `--`."""

import os
import re

import exec_pyserial
import harness
import places


def main():
    places.own_namespaces()
    os.chmod(harness.temp(), 0o777)
    for profile in 'docker', 'containers':
        for uid in 0, places.NOBODY:
            place = places.Container(profile, uid, user_namespace=True)
            server = harness.Com2net('loop:', place.listen)
            said = place.run(place.link(), place.at(server.port), '--', 'cat', '/proc/self/uid_map')
            harness.check(re.search(rf'^ *0 +{places.SUBORDINATE} +65536$', said, re.MULTILINE),
                          f'a user namespace: {said}')
            exec_pyserial.test(place)


harness.run(main)
