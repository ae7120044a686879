#!/usr/bin/python3
"""The example programs of libftdi1 (Debian's libftdi1-doc has them), and one of our own, use the
built-in FTDI chips through net2usb, here, as nobody and in containers."""

import os
import re
import subprocess

import harness
import net2usb
import places
from harness import check, equal

EXAMPLES = '/usr/share/doc/libftdi1-dev/examples'
NAMES = 'find_all', 'simple', 'eeprom', 'async', 'bitbang2', 'bitbang_cbus', 'baud_test', 'purge_test', \
    'serial_test'
INTERNAL = ['VID:     0x0403', 'PID:     0x6001', 'Release: 0x0600',
            'Bus Powered:  90 mA USB Remote Wake Up', 'Manufacturer: FTDI',
            'Product:      FT232R USB UART', 'Serial:       C2NDEMO1', 'Internal EEPROM',
            'Channel A has Mode UART VCP', 'C4 Function: SLEEP']
EXTERNAL = ['PID:     0x6010', 'Release: 0x0700', 'Bus Powered: 500 mA', 'Manufacturer: Lattice',
            'Product:      Lattice FTUSB Interface Cable', 'Attached EEPROM: 93x56',
            'Channel B has Mode UART VCP']


def compiled(name, source, warnings='-w'):
    program = harness.temp(name)
    if not os.path.exists(program):
        flags = subprocess.run(['pkg-config', '--cflags', '--libs', 'libftdi1'], capture_output=True,
                               text=True)
        if flags.returncode != 0 or not os.path.exists(source):
            harness.absent('libftdi1 to compile for (packages libftdi1-dev, libftdi1-doc)')
        subprocess.run(['cc', *warnings.split(), '-o', program, source, *flags.stdout.split()], check=True)
    return program


def run(place, port, command, device=None, **options):
    """Runs an example; what it says."""
    place.other = net2usb.installed()
    name, *words = command.split()
    program = compiled(name, f'{EXAMPLES}/{name}.c')
    return place.run('run', place.at(port), *([device] if device else []), '--', program, *words,
                     **options)


def lists(place, port):
    said = run(place, port, 'find_all')
    check('Number of FTDI devices found: 2' in said, said)
    for text in ('Manufacturer: FTDI, Description: FT232R USB UART',
                 'Manufacturer: Lattice, Description: Lattice FTUSB Interface Cable'):
        check(text in said, said)
    said = run(place, port, 'simple')
    check('ftdi_read_chipid: 0' in said, said)


def has_eeprom(place, port):
    said = run(place, port, 'eeprom -v 0x403 -p 0x6001')
    for line in INTERNAL:
        check(line in said.split('\n'), f'EEPROM of the FT232R: {line}: {said}')
    said = run(place, port, 'eeprom -v 0x403 -p 0x6010')
    for line in EXTERNAL:
        check(line in said.split('\n'), f'EEPROM of the iCEstick: {line}: {said}')
    check('Found 93x56' in run(place, port, 'eeprom -v 0x403 -p 0x6010 -e'), 'it is erased')
    said = run(place, port, 'eeprom -v 0x403 -p 0x6010', status=255)
    check('No EEPROM found or EEPROM empty' in said, f'and empty: {said}')
    said = run(place, port, 'eeprom -v 0x403 -p 0x6010 -w', status=1)  # it always says so
    check('ftdi_eeprom_decode: 0 (all fine)' in said, f'it is written: {said}')
    said = run(place, port, 'eeprom -v 0x403 -p 0x6010')
    check('Product:      Dual RS232-HS' in said, f'and read back: {said}')


def has_pins(place, port):
    # its exit status is what happens to be on the stack
    for option in '', ' -r', ' -w', ' -b':
        said = run(place, port, f'async{option}', '0403:6010', status=None)
        check('Read 00 55 aa\n' in said and 'fail' not in said, f'async{option}: {said}')
    equal(run(place, port, 'bitbang2 -d 1000 0 55 ff'), '', 'bitbang2')
    said = run(place, port, 'baud_test -m s -d 4000')
    check('and took' in said, f'synchronous bits: {said}')
    check('and took' in run(place, port, 'baud_test -m a -d 4000'), 'asynchronous bits')
    place.other = net2usb.installed()
    program = compiled('bitbang_cbus', f'{EXAMPLES}/bitbang_cbus.c')
    said = place.run('run', place.at(port), '--', '/bin/sh', '-c',
                     f'printf "0xF1\\n0xC4\\n\\n" | {program}')
    equal(re.findall('Read returned (.*)', said), ['0x1', '0x7'], f'bitbang_cbus: {said}')


def has_data(place, port):
    check('and took' in run(place, port, 'baud_test -m r -b 115200 -d 4000'), 'baud_test')
    said = run(place, port, 'purge_test -b 115200 -l 2 i:0x0403:0x6001')
    # the loop takes no time: all is for the host when a purge comes
    equal(re.findall('Read returns (.*) bytes', said), ['0', '80', '0'],
          f'purges of what is received, of what is sent, of both: {said}')
    place.other = net2usb.installed()
    program = compiled('serial_test', f'{EXAMPLES}/serial_test.c')
    place.run('run', place.at(port), '--', harness.need('timeout'), '--foreground', '--preserve-status', '-s',
              'INT', '2', program, '-p', '0x6010', '-w0x41')  # where it goes nowhere


def has_ours(place, port):
    place.other = net2usb.installed()
    program = compiled('ftdi_program', os.path.join(harness.TREE, 'tests', 'e2e', 'ftdi_program.c'),
                       '-Wall -Wextra -Wshadow -Wconversion -Wmissing-prototypes -Werror')
    for options in [], ['--strict']:
        said = place.run('run', *options, place.at(port), '--', program)
        check('ok' in said.split('\n'), f'{options}: {said}')


def test(place):
    for name in NAMES:
        compiled(name, f'{EXAMPLES}/{name}.c')
    server = harness.Com2net('usb:demo-icestick', 'usb:demo-ftdi', place.listen, ports=1)
    for part in lists, has_eeprom, has_pins, has_data, has_ours:
        part(place, server.port)
    equal(server.stop(), 0, 'the server ends')


places.run(test, nobody=True)
