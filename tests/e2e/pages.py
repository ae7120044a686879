#!/usr/bin/python3
"""What README and the pages of packaging/doc show is true: each block is run, or parsed and checked. Commands of ours
are run for a moment, with names that lead nowhere: they may fail, but not for the words of the command line. Images get
packages that there are, and contain the tools that are started in them."""

import concurrent.futures
import functools
import glob
import json
import os
import re
import shlex
import subprocess

import harness
from harness import check

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGES = [os.path.join(TOP, 'README.md'), *sorted(glob.glob(os.path.join(TOP, 'packaging', 'doc', '*.md')))]
OURS = ('com2net', 'net2pty', 'net2usb')
WRONG = 2  # the exit status of a command line that is wrong
MOMENT = 2  # s, for a command that goes on

# what a shell's line may begin with, beside ours and files of the tree
TOOLS = ('apt', 'apt-get', 'avrdude', 'cd', 'cmake', 'cp', 'curl', 'docker', 'esptool', 'eval', 'export', 'git', 'ip', 'iceprog', 'kubectl',
         'modprobe', 'nc', 'netsh', 'picocom', 'podman', 'python3', 'sh', 'socat', 'ssh', 'stty', 'sudo', 'systemctl', 'telnet',
         'usbip', 'usbipd', 'winget', 'wsl')
# the package of a tool that has another name
PACKAGES = {'iceprog': 'fpga-icestorm', 'openFPGALoader': 'openfpgaloader', 'pytest': 'python3-pytest'}
# in every image
BASE = ('sh', 'true', 'env', 'id')


class Page:
    def __init__(self, path):
        self.name = os.path.relpath(path, TOP)
        with open(path, encoding='utf-8') as f:
            text = f.read()
        self.blocks = [(m.group(2), re.sub('^' + m.group(1), '', m.group(3), flags=re.M))
                       for m in re.finditer(r'^([ ]*)```(\w*)\n(.*?)^[ ]*```$', text, re.M | re.S)]
        self.links = re.findall(r'\]\(([^)#\s]+)', text)
        self.commands, self.started, self.installed, self.faults = [], set(), set(), []

    def wrong(self, why):
        self.faults.append(f'{self.name}: {why}')


def lines_of(block):
    """Logical lines, without comments and prompts of Windows's."""
    for line in block.replace('\\\n', ' ').split('\n'):
        line = re.sub(r'^(C:\\[^>]*>|\$)\s*', '', line.strip())
        if line and not line.startswith('#'):
            yield line


def words_of(line):
    lexer = shlex.shlex(line, posix=True, punctuation_chars='|;&')
    lexer.whitespace_split = True
    return list(lexer)


def statements_of(words):
    """Between &&, ||, ; and |."""
    statement = []
    for word in words:
        if re.fullmatch(r'[|;&]+', word):
            yield statement
            statement = []
        else:
            statement.append(word)
    yield statement


def take_ours(page, words, in_image):
    page.commands.append(words)
    if '--' in words:
        command = words[words.index('--') + 1:]
        if command and command[0] in OURS:
            take_ours(page, command, in_image)
        elif command and in_image:
            page.started.add(command[0])


def take_apt(page, words):
    names = [word for word in words[words.index('install') + 1:] if not word.startswith('-')]
    page.installed.update(names)
    for name in names:
        if subprocess.run(['apt-cache', 'show', '--no-all-versions', name], capture_output=True, check=False).returncode != 0:
            page.wrong(f'there is no package {name}')


@functools.lru_cache
def presets():
    with open(os.path.join(TOP, 'CMakePresets.json'), encoding='utf-8') as f:
        return {preset['name'] for preset in json.load(f)['configurePresets']}


@functools.lru_cache
def cmake_files():
    text = ''
    for pattern in ('CMakeLists.txt', '*/CMakeLists.txt', '*/*/CMakeLists.txt', 'packaging/deps/*.cmake'):
        for path in glob.glob(os.path.join(TOP, pattern)):
            with open(path, encoding='utf-8') as f:
                text += f.read()
    return text


def take_cmake(page, words):
    for before, word in zip([''] + words, words):
        if before == '--preset' and word not in presets():
            page.wrong(f'there is no preset {word}')
        option = re.match(r'-D((?:COM2NET|PINNED)_\w+)=', word)
        if option and option.group(1) not in cmake_files() and 'SOURCES' not in word:
            page.wrong(f'CMake knows no {option.group(1)}')


def take_statement(page, words, in_image=False):
    while words and (words[0] == 'sudo' or re.fullmatch(r'\w+=.*', words[0])):
        words = words[1:]
    # ours where Windows's packages have them
    words = [re.sub(r'^(?:/com2net|/mnt/c/Program Files/com2net/linux/\w+)/bin/(\w+)$', r'\1', word) for word in words]
    if not words:
        return
    name = words[0]
    ours = next((i for i, word in enumerate(words) if word in OURS), None)
    if name in ('docker', 'kubectl') and 'build' not in words and ours is not None:
        take_ours(page, words[ours:], True)
    elif name in OURS:
        take_ours(page, words, in_image)
    elif name == 'apt-get' and 'install' in words:
        take_apt(page, words)
    elif name == 'pip' or (name == 'pip3' and 'install' in words):
        page.installed.update(word for word in words if not word.startswith('-'))
    elif name == 'cmake':
        take_cmake(page, words)
    elif name == 'sh' and len(words) > 1 and not words[1].startswith('-'):
        if not os.path.exists(os.path.join(TOP, words[1])):
            page.wrong(f'there is no {words[1]}')
    elif name not in TOOLS and not os.path.exists(os.path.join(TOP, name)):
        page.wrong(f'what is {name}? In: {" ".join(words)}')


def take_shell(page, block, in_image=False):
    for line in lines_of(block):
        try:
            for statement in statements_of(words_of(line)):
                take_statement(page, statement, in_image)
        except ValueError as e:
            page.wrong(f'{line}: {e}')


def take_dockerfile(page, block):
    known = ('FROM', 'RUN', 'COPY', 'ENTRYPOINT', 'CMD', 'ENV', 'USER', 'WORKDIR', 'ARG')
    for line in block.replace('\\\n', ' ').split('\n'):
        word, _, rest = line.strip().partition(' ')
        if not word or word.startswith('#'):
            continue
        if word not in known:
            page.wrong(f'Docker knows no {word}')
        elif word == 'FROM':
            page.installed = set()  # an image of its own; the last one is the page's
        elif word == 'RUN':
            take_shell(page, rest, True)
        elif word in ('ENTRYPOINT', 'CMD'):
            take_list(page, json.loads(rest))
        elif word == 'COPY' and '--from' not in rest and rest.split()[0] != '.':
            page.wrong(f'COPY {rest}: the context is the checkout')


def take_list(page, words):
    if words and words[0] in OURS:
        take_ours(page, words, True)


def take_yaml(page, value):
    """Words that start something, wherever they stand."""
    if isinstance(value, list):
        for item in value:
            take_yaml(page, item)
    if not isinstance(value, dict):
        return
    first = value.get('entrypoint') or value.get('command')
    second = value.get('command') if 'entrypoint' in value else value.get('args')
    if isinstance(first, list):
        take_list(page, [str(word) for word in first + (second or [])])
    if isinstance(value.get('run'), str):
        take_shell(page, value['run'], True)
    for item in value.values():
        take_yaml(page, item)


def read(page):
    for language, block in page.blocks:
        if language in ('sh', 'console', ''):
            if language or 'C:\\>' in block:
                take_shell(page, '\n'.join(line for line in block.split('\n')
                                           if language == 'sh' or line.startswith(('C:\\', '$ '))))
        elif language == 'dockerfile':
            take_dockerfile(page, block)
        elif language == 'yaml':
            for document in harness.need_module('yaml', 'python3-yaml').safe_load_all(block):
                take_yaml(page, document)
        elif language == 'json':
            json.loads(block)
        elif language not in ('ini', 'text'):
            page.wrong(f'a block of {language}: nobody checks it')
    for link in page.links:
        path = os.path.join(TOP, os.path.dirname(page.name), link)
        if '://' not in link and not os.path.exists(path):
            page.wrong(f'its link leads nowhere: {link}')
    tools = {tool for tool in page.started if tool not in BASE and not tool.isupper()}
    has_image = any(language == 'dockerfile' and 'FROM' in block for language, block in page.blocks)
    for tool in tools if has_image else ():
        if PACKAGES.get(tool, tool) not in page.installed:
            page.wrong(f'its image has no {tool}')


def concrete(words):
    """A command with nothing of the world in it: no link in /dev, nothing to run."""
    words = words[:words.index('--') + 1] + ['true'] if '--' in words else words
    words = [word for word in words if word not in ('...', '[OPTION]...')]
    words = [re.sub(r'^COM\d+', '/dev/ttyS9', word) for word in words]
    return [re.sub(r'^/(dev|tmp|dev/shm)/(ttyS\d)', harness.temp('') + r'\2', word) if words[0] == 'net2pty' else word
            for word in words]


def run(words):
    """What is wrong with it, or None."""
    if words[:2] == ['net2usb', 'detach'] or words[:2] == ['net2usb', 'attach']:
        words = words + ['--help']  # of a machine that has some, nothing is taken
    program = harness.under_test(words[0], 'server' if words[0] == 'com2net' else 'client')
    try:
        done = subprocess.run(['timeout', str(MOMENT), program, *words[1:]], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace',
                              check=False, cwd=harness.temp(''), env={**os.environ, 'HOME': harness.temp('')})
    except OSError as e:
        return str(e)
    return done.stdout if done.returncode == WRONG else None


def main():
    pages = [Page(path) for path in PAGES]
    faults = []
    for page in pages:
        read(page)
        faults += page.faults
    commands = sorted({(page.name, tuple(concrete(words))) for page in pages for words in page.commands})
    check(len(commands) > 40, f'commands were found: {len(commands)}')
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for (name, words), said in zip(commands, pool.map(lambda c: run(list(c[1])), commands)):
            if said is not None:
                faults.append(f'{name}: {" ".join(words)}\n{said}')
    check(not faults, '\n'.join(faults))


harness.run(main)
