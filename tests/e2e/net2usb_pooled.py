#!/usr/bin/python3
"""Servers that are not com2net's reset a device each time they lose its importer. So who closes it
and opens it again within a moment has it without another import; and who does not gives it back,
when the moment is over or the context ends."""

import harness
import net2usb_returns as returns
import usb_foreign
from harness import check, equal

MOMENT = 500  # ms, of the second that is promised: less than that is surely within it


def reopens(program):
    """Closes and opens, until that was done within a moment; how often that took."""
    for tries in range(1, 11):
        took = program.ask('reopen')
        if took.isdigit() and int(took) < MOMENT:
            return tries
        if not took.isdigit():  # so late that its server still has the former import to end
            harness.eventually(lambda: program.ask('open 1209:0001') == 'open', 'it can be had again')
    raise harness.Failed(f'this machine is too slow: the last close and open took {took} ms')


def main():
    server = usb_foreign.Server()
    program = returns.Watcher(server.port)
    equal(program.ask('open 1209:0001'), 'open', 'a device')
    equal(server.imports, 1, 'imports of a device that is opened')
    slow = reopens(program) - 1
    check(1 <= server.imports <= 1 + slow, 'what is closed and opened again within a moment is not '
          f'imported again: {server.imports} imports, and {slow} slow tries')
    equal(program.ask('control'), '0000', 'and is of use')
    equal(program.ask('bulk 81 64 5000'), 'LIBUSB_SUCCESS 0', 'all of it')

    equal(program.ask('close'), 'closed', '')
    harness.eventually(lambda: program.ask('devices') is not None and server.importers == 0,
                       'a device that stays closed is given back, when the program asks for a list',
                       every=0.1)
    imports = server.imports
    equal(program.ask('open 1209:0001'), 'open', 'later')
    equal(server.imports, imports + 1, 'imports, one more for what was given back')

    equal(program.ask('keep'), 'kept', 'a program that does not count references well')
    equal(program.ask('close'), 'closed', '')
    equal(program.ask('exit'), 'no context', '')
    harness.eventually(lambda: server.importers == 0, 'the end of the context gives it back')
    check(program.running(), 'which the end of the program would have done')
    program.quit()


harness.run(main)
