"""Builds and tests in stages, for tests/all: says where it is, keeps logs, and ends with a table."""

import argparse
import collections
import os
import re
import shutil
import subprocess
import sys
import threading
import time

TREE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LOGS = os.path.join(TREE, 'out', 'test-logs')
JOBS = str(os.cpu_count() or 1)
EVERY = 20  # seconds between two lines of progress where there is no terminal

Result = collections.namedtuple('Result', 'stage name outcome seconds log reason')
Stage = collections.namedtuple('Stage', 'name title needs run')


# --- what is said ---------------------------------------------------------------------------------

def clock(seconds):
    return f'{int(seconds) // 60}:{int(seconds) % 60:02}'


class Screen:
    """Lines that stay, and below them one that says where things are, each second; without a terminal
    it is a line that stays, too, now and then."""

    def __init__(self):
        self.began = time.monotonic()
        self.on_terminal = sys.stdout.isatty()
        self.told = self.began
        self.where = None  # says where things are
        self.lock = threading.Lock()
        threading.Thread(target=self._tell, daemon=True).start()

    def line(self, text):
        with self.lock:
            print(f'\r\033[K{text}' if self.on_terminal else text, flush=True)

    def watch(self, where):
        self.where = where

    def _tell(self):
        while True:
            time.sleep(1)
            where, now = self.where, time.monotonic()
            with self.lock:
                if where and self.on_terminal:
                    room = shutil.get_terminal_size().columns - 1
                    print(f'\r\033[K{where()[:room]}', end='', flush=True)
                elif where and now - self.told > EVERY:
                    self.told = now
                    print(where(), flush=True)

    def elapsed(self):
        return time.monotonic() - self.began


screen = Screen()


# --- builds ---------------------------------------------------------------------------------------

def follow(command, log, hear, environment=None):
    """Runs it, calls `hear` with each line that it says, and keeps all in the file `log`. Returns its
    exit status."""
    os.makedirs(os.path.dirname(log), exist_ok=True)
    with open(log, 'w', encoding='utf-8', buffering=1) as file:
        process = subprocess.Popen(command, cwd=TREE, stdin=subprocess.DEVNULL, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   errors='replace', env={**os.environ, **(environment or {})})
        try:
            for line in process.stdout:
                file.write(line)
                hear(line.rstrip('\n'))
            return process.wait()
        except KeyboardInterrupt:
            process.terminate()
            process.wait()
            raise


def forget_other_generator(folder):
    """A build folder of before may be of make; Ninja would not go on with it."""
    cache = os.path.join(TREE, folder, 'CMakeCache.txt')
    if os.path.exists(cache):
        with open(cache, encoding='utf-8') as file:
            if 'CMAKE_GENERATOR:INTERNAL=Ninja' not in file.read():
                os.remove(cache)


def build(name, folder, *configure, targets=(), needs=()):
    """A stage that configures, and builds."""
    def run(stage, where):
        step = ['']

        def hear(line):
            if re.match(r'\[\s*\d+[/%]', line):
                step[0] = line

        screen.watch(lambda: f'{where} {step[0]}')
        forget_other_generator(folder)
        commands = [['cmake', *configure], ['cmake', '--build', folder, '-j', JOBS]]
        commands += [['cmake', '--build', folder, '--target', target] for target in targets]
        begin = time.monotonic()
        for number, command in enumerate(commands):
            log = os.path.join(LOGS, stage.name, f'{number + 1}.log')
            status = follow(command, log, hear)
            if status != 0:
                return [Result(stage.name, ' '.join(command), 'failed', time.monotonic() - begin,
                               log, f'exit status {status}')]
        return []
    return Stage(f'build-{name}', f'cmake {" ".join(configure)}', needs, run)


# --- tests ----------------------------------------------------------------------------------------

class Ctest:
    """Understands what ctest -V says."""

    START = re.compile(r'^\s*Start\s+(\d+): (.+)$')
    SAID = re.compile(r'^(\d+): (.*)$')
    END = re.compile(r'^\s*(\d+)/(\d+) Test\s+#(\d+): (\S+) [. ]*(?:\*\*\*)?(.*?)\s+([\d.]+) sec')

    def __init__(self, stage):
        self.stage = stage
        self.names, self.files, self.reasons = {}, {}, {}
        self.results, self.done, self.total = [], 0, 0
        os.makedirs(os.path.join(LOGS, stage), exist_ok=True)

    def log_of(self, number):
        return os.path.join(LOGS, self.stage, self.names.get(number, number).replace('/', '_')
                            + '.log')

    def hear(self, line):
        """Returns a result where the line is the end of a test."""
        start, said, end = (pattern.match(line) for pattern in (self.START, self.SAID, self.END))
        if end:
            return self.end(*end.groups())
        if start:
            self.names[start[1]] = start[2].strip()
            self.files[start[1]] = open(self.log_of(start[1]), 'w', encoding='utf-8', buffering=1)
        elif said and said[1] in self.files:
            self.files[said[1]].write(said[2] + '\n')
            if said[2].startswith('skip: '):
                self.reasons[said[1]] = said[2][6:]
        return None

    def end(self, done, total, number, name, status, seconds):
        self.done, self.total = int(done), int(total)
        self.names.setdefault(number, name)
        if number in self.files:
            self.files.pop(number).close()
        outcome = {'Passed': 'passed', 'Skipped': 'skipped'}.get(status, 'failed')
        reason = self.reasons.get(number, '' if outcome == 'passed' else status or 'failed')
        result = Result(self.stage, name, outcome, float(seconds), self.log_of(number), reason)
        self.results.append(result)
        return result


def whole(stage, command, results, status, seconds, log):
    """The results, with one of the stage itself where they do not explain its exit status."""
    if results and (status == 0 or any(r.outcome == 'failed' for r in results)):
        return results
    why = f'exit status {status}' if results else 'no test was run'
    return [*results, Result(stage.name, ' '.join(command), 'failed', seconds, log, why)]


def tests(name, title, folder, *selection, jobs='2', needs=(), environment=None):
    """A stage of ctest's."""
    def run(stage, where):
        ctest = Ctest(stage.name)
        begin = time.monotonic()

        def hear(line):
            result = ctest.hear(line)
            if result and result.outcome == 'failed':
                tell_failed(result)

        def now():
            left = ctest.total - ctest.done if ctest.total else 'all'
            failed = sum(r.outcome == 'failed' for r in ctest.results)
            return (f'{where} {ctest.done} done, {left} left, {failed} failed, '
                    f'{clock(time.monotonic() - begin)} (in all {clock(screen.elapsed())})')

        screen.watch(now)
        command = ['ctest', '--test-dir', folder, '-V', '-j', jobs, *selection]
        log = os.path.join(LOGS, stage.name, 'ctest.log')
        status = follow(command, log, hear, environment)
        return whole(stage, command, ctest.results, status, time.monotonic() - begin, log)
    return Stage(name, title, needs, run)


def script(name, title, *command, needs=()):
    """A stage that is a script, which says "ok NAME", "skip NAME: WHY" or "FAIL NAME" on lines of
    their own, and more."""
    said_end = re.compile(r'^(ok|skip|FAIL)\s+([^\s:]+)(?:: (.*))?(?: \(([\d.]+) s\))?$')
    outcomes = {'ok': 'passed', 'skip': 'skipped', 'FAIL': 'failed'}

    def run(stage, where):
        log = os.path.join(LOGS, stage.name, 'all.log')
        results, begin, since, said = [], time.monotonic(), [time.monotonic()], ['']

        def hear(line):
            said[0] = line
            end = said_end.match(line)
            if end:
                seconds = float(end[4] or time.monotonic() - since[0])
                since[0] = time.monotonic()
                results.append(Result(stage.name, end[2], outcomes[end[1]], seconds, log,
                                      end[3] or ''))
                if end[1] == 'FAIL':
                    tell_failed(results[-1])

        screen.watch(lambda: f'{where} {len(results)} done, {clock(time.monotonic() - begin)} '
                             f'(in all {clock(screen.elapsed())}) {said[0][:50]}')
        status = follow(command, log, hear)
        return whole(stage, command, results, status, time.monotonic() - begin, log)
    return Stage(name, title, needs, run)


def tell_failed(result):
    screen.line(f'    FAILED {result.name}: {os.path.relpath(result.log)}')


# --- the stages -----------------------------------------------------------------------------------

# with all programs, which tests need, whatever the folder was made with before
NATIVE = build('gcc', 'build', '-G', 'Ninja', '-B', 'build', '-UCOM2NET_PROGRAMS', '-DBUILD_TESTING=ON')
STRICT = '-DCMAKE_C_FLAGS=-Werror'
EVERYDAY = [
    NATIVE,
    tests('as-built', 'quick and e2e tests', 'build', '-L', 'quick|e2e', '-LE', 'large|container',
          needs=('build-gcc',)),
]
EVERYTHING = [
    build('gcc', 'build', '-G', 'Ninja', '-B', 'build', '-UCOM2NET_PROGRAMS', '-DBUILD_TESTING=ON',
          STRICT),
    build('clang', 'build-clang', '-G', 'Ninja', '-B', 'build-clang', '-DCMAKE_C_COMPILER=clang',
          STRICT),
    build('asan', 'build-asan', '--preset', 'asan', STRICT),
    build('fuzz', 'build-fuzz', '--preset', 'fuzz', STRICT),
    build('static', 'build-static', '--preset', 'static', STRICT),
    build('static-arm64', 'build-static-arm64', '--preset', 'static-arm64', STRICT),
    build('mingw', 'build-mingw', '--preset', 'mingw', '-UCOM2NET_PROGRAMS', STRICT, '-DBUILD_TESTING=ON',
          targets=('windows_packages',), needs=('build-static', 'build-static-arm64')),
    tests('fuzzers', 'each fuzzer for half a minute', 'build-fuzz', '-L', 'fuzz',
          needs=('build-fuzz',)),
    tests('sanitizers', 'quick and e2e tests under sanitizers', 'build-asan', '-L', 'quick|e2e',
          '-LE', 'container', jobs='3', needs=('build-asan',),
          environment={'COM2NET_RANDOM_SECONDS': '60'}),  # tests/random_runs.h
    tests('as-built', 'all tests as built: quick, e2e, in containers, in guests', 'build',
          needs=('build-gcc',)),
    tests('wine', 'com2net.exe under Wine', 'build-mingw', needs=('build-mingw', 'build-gcc')),
    tests('static', 'static programs, in roots with nothing else', 'build-static',
          needs=('build-static',)),
    tests('static-arm64', 'the same for arm64, in a guest', 'build-static-arm64',
          needs=('build-static-arm64',)),
    script('places', 'quick and some e2e tests where people run them', 'tests/places',
           needs=('build-gcc',)),
    script('clones', 'fresh clones, without upstream, built and shown', 'tests/clones'),
]
RELEASE = [
    *EVERYTHING,
    script('packages', "Debian's packages, in new roots of two releases", 'tests/packages'),
]


def choose(stages, names):
    """Those that are named, with the builds that they need; all, if none is."""
    known = [stage.name for stage in stages]
    for name in names:
        if name not in known:
            print(f'tests/all: there is no stage {name}; there are: {" ".join(known)}'
                  '\n(--everything has more, --release all)', file=sys.stderr)
            sys.exit(2)
    wanted = set(names)
    for stage in reversed(stages):  # what one needs stands before it
        if stage.name in wanted:
            wanted.update(stage.needs)
    return [stage for stage in stages if not names or stage.name in wanted]


def run_stage(stage, where, broken):
    missing = [need for need in stage.needs if need in broken]
    if missing:
        return [Result(stage.name, stage.name, 'failed', 0.0, os.path.join(LOGS, missing[0]),
                       f'not run, as {missing[0]} failed')]
    return stage.run(stage, where)


def run(stages, results, times):
    broken = set()
    for number, stage in enumerate(stages):
        where = f'[{number + 1}/{len(stages)} {stage.name}]'
        screen.line(f'{where} {stage.title}')
        shutil.rmtree(os.path.join(LOGS, stage.name), ignore_errors=True)
        begin = time.monotonic()
        found = run_stage(stage, where, broken)
        if any(r.outcome == 'failed' for r in found):
            broken.add(stage.name)
            if stage.name.startswith('build-'):
                tell_failed(found[-1])
        results += found
        times.append((stage, found, time.monotonic() - begin))


# --- the table at the end -------------------------------------------------------------------------

def print_table(results, times):
    screen.watch(None)
    screen.line('')
    print(f'{"stage":20} {"passed":>7} {"failed":>7} {"skipped":>8} {"time":>7}')
    for stage, found, seconds in times:
        count = collections.Counter(r.outcome for r in found)
        print(f'{stage.name:20} {count["passed"] or "":>7} {count["failed"] or "":>7} '
              f'{count["skipped"] or "":>8} {clock(seconds):>7}')
    print(f'{"in all":20} {"":24} {clock(screen.elapsed()):>7}')

    slowest = sorted((r for r in results if r.seconds >= 1), key=lambda r: -r.seconds)[:10]
    if slowest:
        print('\nslowest: ' + ', '.join(f'{r.name} {r.seconds:.0f} s' for r in slowest))
    skipped = collections.defaultdict(list)
    for r in results:
        if r.outcome == 'skipped':
            skipped[r.reason].append(r.name)
    for reason, names in skipped.items():
        print(f'\nskipped: {reason}\n    {", ".join(sorted(set(names)))}')
    for r in results:
        if r.outcome == 'failed':
            print(f'\nFAILED ({r.stage}) {r.name}: {r.reason}\n    {os.path.relpath(r.log)}')


def main():
    parser = argparse.ArgumentParser(prog='tests/all', description='Builds and tests in stages.',
                                     allow_abbrev=False)
    parser.add_argument('--everything', action='store_true', help='all that CI runs')
    parser.add_argument('--release', action='store_true', help='that, and what only a release needs')
    parser.add_argument('--list', action='store_true', help='print the stages, run nothing')
    parser.add_argument('stage', nargs='*', help='only these, and the builds that they need')
    options = parser.parse_args()

    stages = choose(RELEASE if options.release else EVERYTHING if options.everything else EVERYDAY, options.stage)
    if options.list:
        for stage in stages:
            print(f'{stage.name:20} {stage.title}')
        return 0
    try:
        os.makedirs(LOGS, exist_ok=True)
    except OSError as error:
        sys.exit(f'tests/all: no logs can be written here: {error}')
    results, times, interrupted = [], [], False
    try:
        run(stages, results, times)
    except KeyboardInterrupt:
        interrupted = True
    print_table(results, times)
    count = collections.Counter(r.outcome for r in results)
    print(f'\n{count["passed"]} passed, {count["failed"]} failed, {count["skipped"]} skipped')
    if interrupted:
        print(f'interrupted; what was said so far is in {os.path.relpath(LOGS)}')
        return 130
    return 1 if count['failed'] else 0


if __name__ == '__main__':
    sys.exit(main())
