"""What the end-to-end scripts share, by one name, and how a script is run.

A script imports this, defines main() and ends with harness.run(main). It exits 0 when main()
returns, 77 after skip(why), 1 otherwise, and then prints the log of every program it started.
The programs under test are named by COM2NET, NET2PTY and NET2USB, else looked for in the build directory.
"""

import faulthandler
import os
import re
import signal
import sys
import traceback

sys.dont_write_bytecode = True

# all that they have is the scripts', and the modules that they use
from checks import *  # noqa: E402, F403
from needs import *  # noqa: E402, F403
from ttys import *  # noqa: E402, F403
from programs import *  # noqa: E402, F403
from peer import *  # noqa: E402, F403
from far_port import *  # noqa: E402, F403
from checks import LIMIT, Failed, Skipped, remove_temp  # noqa: E402
from programs import Com2net, Net2pty, started  # noqa: E402

_at_end = []


def _kill_all_of(pid):
    """A process and what it has started: behind net2pty that does not end with it."""
    try:
        with open(f'/proc/{pid}/task/{pid}/children') as f:
            children = [int(word) for word in f.read().split()]
        os.kill(pid, signal.SIGKILL)
    except (FileNotFoundError, ProcessLookupError):
        return
    for child in children:
        _kill_all_of(child)


def at_end(function):
    """Has a function called at the end of the script, after all programs, however it ends."""
    _at_end.append(function)


def _stop_all():
    """Ends every program; complaints about how ours ended."""
    complaints = []
    for program in reversed(started):
        if program.running():
            program.send_signal(signal.SIGCONT)
            program.send_signal(signal.SIGTERM)
    for program in reversed(started):
        ours = isinstance(program, (Com2net, Net2pty))
        try:
            status = program.wait(5)
        except Failed:
            _kill_all_of(program.pid)
            program.process.wait()
            status = None
        if ours and not program.expected and status != 0:
            complaints.append(f'{program.name} {"did not stop" if status is None else f"ended with {status}"}')
        if re.search(r'Sanitizer|runtime error:|Assertion .* failed', program.log()):
            complaints.append(f'{program.name}: a sanitizer or an assertion spoke')
    return complaints


def _print_logs():
    for program in started:
        print(f'--- {" ".join(program.argv)}')
        print(program.log()[-6000:].rstrip())


def run(main):
    """Runs a script's main and ends the process."""
    faulthandler.dump_traceback_later(LIMIT, exit=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    status, why = 0, None
    try:
        main()
    except Skipped as skipped:
        status, why = 77, f'skip: {skipped}'
    except Failed as failed:
        place = traceback.extract_tb(failed.__traceback__)
        lines = [f for f in place if f.filename == os.path.abspath(sys.argv[0])]
        where = f' (line {lines[-1].lineno})' if lines else ''
        status, why = 1, f'FAILED: {failed}{where}'
    except BaseException:  # a traceback is all one needs then
        status, why = 1, traceback.format_exc()
    complaints = _stop_all()
    for function in _at_end:
        function()
    if status == 0 and complaints:
        status, why = 1, 'FAILED: ' + '; '.join(complaints)
    if status == 1:
        _print_logs()
    if why:
        print(why)
    sys.stdout.flush()
    sys.stderr.flush()
    remove_temp()
    os._exit(status)  # pyserial's threads may not hold us up
