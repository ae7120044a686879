# guest.sh - what the guest scripts share: checks, tools that a script talks with, the null modem.
# Sourced by each of them; run-vm-test puts it into the guest.

trap '' PIPE # a tool that has ended is a failed check, not the end of the script

checks=0 failures=0

ok() {
    checks=$((checks + 1))
    echo "ok: $*"
}

fail() {
    checks=$((checks + 1)) failures=$((failures + 1))
    echo "FAIL: $*"
}

# check TEXT COMMAND...: one behaviour; what COMMAND says, and what the programs log, is shown
# where it fails
check() {
    local what=$1 log
    shift
    if "$@" >/tmp/check.out 2>&1; then
        ok "$what"
    else
        fail "$what"
        sed "s/^/    /" /tmp/check.out
        for log in /tmp/*.log /tmp/*.err; do
            [ ! -e "$log" ] || tail -n 5 "$log" | sed "s/^/    | /"
        done
    fi
}

not() { ! "$@"; }

# await SECONDS COMMAND...: until it succeeds; then what it said last. The seconds are steps of 0.02:
# a guest that its host lets run seldom makes them seldom, too.
await() {
    local steps=$(($1 * 50))
    shift
    until "$@" >/tmp/await.out 2>&1; do
        steps=$((steps - 1))
        if [ $steps -lt 0 ]; then
            cat /tmp/await.out
            echo "not so in time: $*"
            return 1
        fi
        sleep 0.02
    done
    cat /tmp/await.out
}

finish() {
    if [ $failures = 0 ]; then
        echo "$checks checks, all ok"
        exit 0
    fi
    echo "$failures of $checks checks FAILED"
    exit 1
}

# skip TEXT: what the script is for is not in this kernel, which is the one that tests/vm/fetch has
# brought, or one of the user's
skip() {
    [ "${CI-}" != true ] || give_up "no test without it: $*"
    echo "skip: $*"
    exit 77
}

# give_up TEXT: without what follows from here on cannot work
give_up() {
    fail "$*"
    finish
}

# --- tools that a script talks with ------------------------------------------------

next_fd=3

# agent NAME COMMAND...: starts a tool (see actions.h), whose actions are then "NAME ACTION..."; it
# takes the place of one that has the name already
agent() {
    eval "[ -z \"\${${1}_pid-}\" ]" || dismiss "$1"
    local agent=$1 fd
    shift
    rm -f /tmp/$agent.in /tmp/$agent.out
    mkfifo /tmp/$agent.in /tmp/$agent.out
    "$@" - </tmp/$agent.in >/tmp/$agent.out 2>/tmp/$agent.err &
    eval "${agent}_pid=$! ${agent}_fd=\${${agent}_fd:-$next_fd}"
    eval "fd=\$${agent}_fd"
    [ $fd != $next_fd ] || next_fd=$((next_fd + 2))
    eval "exec $fd>/tmp/$agent.in $((fd + 1))</tmp/$agent.out"
    eval "$agent() { ask $fd $((fd + 1)) \"\$@\"; }"
    $agent || give_up "$agent does not start: $(cat /tmp/$agent.err)" # answers once it is ready
}

ask() {
    local to=$1 from=$2 line
    shift 2
    echo "$*" >&$to || return 1
    while IFS= read -r line <&$from; do
        case $line in
            "= 0") return 0 ;;
            "= "*) return 1 ;;
            *) echo "$line" ;;
        esac
    done
    echo "the tool has ended"
    return 1
}

# dismiss NAME: ends a tool
dismiss() {
    local fd
    "$1" quit >/dev/null
    eval "fd=\$${1}_fd; wait \$${1}_pid; ${1}_pid="
    eval "exec $fd>&- $((fd + 1))<&-"
}

# --- the null modem ----------------------------------------------------------------

parameters=/sys/module/nullmodem/parameters

nullmodem() { insmod /lib/nullmodem.ko "$@"; }

# The module may be in use for a moment after the last close.
no_nullmodem() { await 10 rmmod nullmodem; }

# modem NAME=VALUE...: sets parameters of the loaded module
modem() {
    local setting
    for setting; do
        echo "${setting#*=}" >$parameters/"${setting%%=*}" || return
    done
}

# seen END: what /dev/END has seen, see nullmodem/box.c
seen() { cat /sys/kernel/debug/nullmodem/"$1"; }

forget() {
    local end
    for end; do echo >/sys/kernel/debug/nullmodem/"$end"; done
}

# saw END PATTERN: it has seen an event with this in it; shows all where it has not
saw() {
    seen "$1" | grep -E "^[0-9]+ $2" && return
    echo "no \"$2\" in:"
    seen "$1"
    return 1
}

# saw_times N END PATTERN
saw_times() {
    [ "$(seen "$2" | grep -cE "^[0-9]+ $3")" = "$1" ] && return
    echo "not $1 times \"$3\" in:"
    seen "$2"
    return 1
}

# --- com2net and net2pty -----------------------------------------------------------

listening() { grep -q ":$(printf %04X "$1") 00000000:0000 0A" /proc/net/tcp; }

# serve [OPTIONS]: starts com2net for /dev/ttyNM0 with these options (",hold") at port 7000
serve() {
    com2net -v "/dev/ttyNM0${1-}" 7000 >>/tmp/com2net.log 2>&1 &
    com2net_pid=$!
    await 20 listening 7000 || give_up "com2net does not start: $(cat /tmp/com2net.log)"
}

unserve() {
    kill $com2net_pid
    wait $com2net_pid
}

# dial AGENT: starts rfc2217_client as AGENT, with an agreed session
dial() {
    agent "$1" rfc2217_client
    "$1" connect 127.0.0.1:7000 negotiate 10000 || give_up "no session: $(tail /tmp/com2net.log)"
}

# says PATTERN COMMAND...: its output has this
says() {
    local pattern=$1
    shift
    "$@" >/tmp/says.out 2>&1
    cat /tmp/says.out
    grep -qE -- "$pattern" /tmp/says.out
}
