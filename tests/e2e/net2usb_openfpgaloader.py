#!/usr/bin/python3
"""openFPGALoader writes, verifies, reads and protects the flash memory of usb:demo-icestick through
net2usb, and configures the FPGA; iceprog sees the same. Here, as nobody and in containers."""

import os

import harness
import net2usb
import places
from harness import check, equal

SIZES = {'image': 32220, 'other': 70000}
FLASH_SIZE = 4 << 20
PREAMBLE = bytes.fromhex('7eaa997e')  # by which the FPGA knows an image


def contents(path, count=-1, at=0):
    with open(path, 'rb') as f:
        f.seek(at)
        return f.read(count)


def images():
    for name, size in SIZES.items():
        path = harness.temp(name)
        if not os.path.exists(path):
            with open(path, 'wb') as f:
                f.write(os.urandom(100) + PREAMBLE + os.urandom(size - 104))
        yield path


class Board:
    def __init__(self, place):
        self.place = place
        self.flash = harness.temp(f'flash-{place.name}')
        self.server = harness.Com2net(f'usb:demo-icestick,file={self.flash}', place.listen, ports=1)

    def run(self, *words, status=0):
        self.place.other = net2usb.installed()
        return self.place.run('run', self.place.at(self.server.port), '--', harness.need(words[0]),
                              *words[1:], status=status)

    def load(self, *words, fails=False):
        """Debian 12's knows no board named icestick; the pins of ice40_generic are the same. It ends
        with 0 whatever it says."""
        said = self.run('openFPGALoader', '-v', '-b', 'ice40_generic', *words)
        failed = any(word in said for word in ('Error', 'rror:', 'Fail', 'FAIL', 'failed'))
        equal(failed, fails, f'{words}: it fails: {said}')
        return said

    def holds(self, path, at=0):
        return contents(self.flash, os.path.getsize(path), at) == contents(path)


def writes(board, image, other):
    said = board.load('-f', '--verify', image)
    check('Detected: micron N25Q32 64 sectors' in said, f'the flash memory is known: {said}')
    check('Verifying write' in said and 'Wait for CDONE DONE' in said, said)
    check(board.holds(image), 'it is written')
    check('VERIFY OK' in board.run('iceprog', '-c', image), 'iceprog finds it, too')
    said = board.load('-o', '65536', '--verify', '--freq', '30000000', other)
    check('Verifying write' in said and board.holds(other, 65536), f'at an offset: {said}')
    check(board.holds(image), 'and only there')
    dump = harness.temp(f'dump-{board.place.name}')
    board.load('--dump-flash', '--file-size', str(SIZES['image']), dump)
    equal(contents(dump), contents(image), 'what it reads')


def configures(board, image):
    before = contents(board.flash)
    said = board.load('-m', image)
    check('Loading to CRAM' in said and 'Wait for CDONE DONE' in said, said)
    board.load('-r')
    check(contents(board.flash) == before, 'the flash memory stays as it is')


def protects(board, image, other):
    said = board.load('--protect-flash', '65536', '--verify', image)
    check('BP   : 1\n' in said and 'TB   : 1\n' in said, said)
    board.run('iceprog', other, status=3)
    check(board.holds(image), 'what is protected stays')
    check("can't unlock" in board.load(other, fails=True), 'it sees that')
    check('VERIFY OK' in board.run('iceprog', '-p', image), 'iceprog takes it away')
    board.load('--protect-flash', '65536', image)
    board.load('--unprotect-flash', '--verify', other)
    check(board.holds(other), 'so does it')
    board.load('--unprotect-flash')  # it had protected it again
    check('VERIFY OK' in board.run('iceprog', '-b', image), 'all is erased before')
    equal(contents(board.flash), contents(image).ljust(FLASH_SIZE, b'\xff'), 'all')


def test(place):
    board, (image, other) = Board(place), images()
    writes(board, image, other)
    configures(board, image)
    protects(board, image, other)
    equal(board.server.stop(), 0, 'the server ends')


places.run(test, nobody=True)
