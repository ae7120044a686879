#!/usr/bin/python3
"""Converts a seccomp profile of Docker's form, which is made for any machine and any set of
capabilities, into the form that an OCI runtime takes, which is made for one.

    seccomp_profile.py PROFILE [CAPABILITY...]      the capabilities that the container has

A rule is taken if all of its "includes" hold and none of its "excludes": architectures (this one is
named), capabilities (all of them; for excludes any), and the least version of the kernel.
"""

import json
import os
import re
import sys

# uname -m: (the name in rules, the name in "archMap")
MACHINES = {
    'x86_64': ('amd64', 'SCMP_ARCH_X86_64'),
    'i686': ('x86', 'SCMP_ARCH_X86'),
    'aarch64': ('arm64', 'SCMP_ARCH_AARCH64'),
    'armv7l': ('arm', 'SCMP_ARCH_ARM'),
    'ppc64le': ('ppc64le', 'SCMP_ARCH_PPC64LE'),
    's390x': ('s390x', 'SCMP_ARCH_S390X'),
}


def version(text):
    """The first two numbers; a rule's minKernel has no more."""
    return tuple(int(number) for number in re.match(r'(\d+)\.(\d+)', text).groups())


def applies(rule, capabilities, machine, kernel):
    includes, excludes = rule.get('includes') or {}, rule.get('excludes') or {}
    arch = MACHINES[machine][0]
    if excludes.get('arches') and arch in excludes['arches']:
        return False
    if set(excludes.get('caps') or []) & set(capabilities):
        return False
    if excludes.get('minKernel') and version(kernel) >= version(excludes['minKernel']):
        return False
    if includes.get('arches') and arch not in includes['arches']:
        return False
    if set(includes.get('caps') or []) - set(capabilities):
        return False
    return not includes.get('minKernel') or version(kernel) >= version(includes['minKernel'])


def converted(profile, capabilities, machine=None, kernel=None):
    """The value of linux.seccomp in a runtime's config.json."""
    machine, kernel = machine or os.uname().machine, kernel or os.uname().release
    result = {'defaultAction': profile['defaultAction'], 'syscalls': []}
    if 'defaultErrnoRet' in profile:
        result['defaultErrnoRet'] = profile['defaultErrnoRet']
    for entry in profile.get('archMap') or []:
        if entry['architecture'] == MACHINES[machine][1]:
            result['architectures'] = [entry['architecture'], *entry['subArchitectures']]
    for rule in profile['syscalls']:
        if not applies(rule, capabilities, machine, kernel):
            continue
        taken = {'names': rule.get('names') or [rule['name']], 'action': rule['action']}
        if rule.get('errnoRet') is not None:
            taken['errnoRet'] = rule['errnoRet']
        if rule.get('args'):
            taken['args'] = rule['args']
        result['syscalls'].append(taken)
    return result


if __name__ == '__main__':
    with open(sys.argv[1]) as f:
        json.dump(converted(json.load(f), sys.argv[2:]), sys.stdout, indent=1)
