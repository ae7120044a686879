#!/usr/bin/python3
"""com2net says one NOTIFY-MODEMSTATE after the agreement and nothing that was not asked for."""

import harness
from harness import check, equal


def main():
    server = harness.Com2net('loop:', '0')
    peer = harness.Peer(server.port).agreed()
    peer.settle(0.7)
    codes = [code for code, _ in peer.messages]
    equal(codes.count(107), 1, 'modem states at first')
    check(not set(codes) & {101, 102, 103, 104, 105, 110, 111, 112}, f'no answers unasked: {codes}')
    seen = len(peer.negotiated)
    for _ in range(3):  # offers that are agreed already are no news: no answer
        peer.send(harness.OFFERS)
    peer.settle(0.5)
    equal(peer.negotiated[seen:], [], 'negotiations after the agreement')


harness.run(main)
