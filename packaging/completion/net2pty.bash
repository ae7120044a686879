# Completions of net2pty for bash. Made by packaging/completion/make from its help: change that.
# shellcheck shell=bash

_net2pty_options() { # VERB
    case $1 in
    'exec') printf '%s\n' '-w' '--wait=' '--lines=' '-v' '--verbose' '-q' '--quiet' '--log-file=' '-h' '--help' '-V' '--version' ;;
    'status') printf '%s\n' '-v' '--verbose' '-q' '--quiet' '--log-file=' '-h' '--help' '-V' '--version' ;;
    'reset') printf '%s\n' '-v' '--verbose' '-q' '--quiet' '--log-file=' '-h' '--help' '-V' '--version' ;;
    'cdi') printf '%s\n' '-o' '--output=' '--prefix=' '-w' '--wait=' '-v' '--verbose' '-q' '--quiet' '--log-file=' '-h' '--help' '-V' '--version' ;;
    'hook') printf '%s\n' '-w' '--wait=' '-v' '--verbose' '-q' '--quiet' '--log-file=' '-h' '--help' '-V' '--version' ;;
    '') printf '%s\n' '-b' '--baud=' '-l' '--line=' '-r' '--raw' '--no-touch-lines' '--replace' '-w' '--wait=' '--lines=' '-s' '--status=' '-o' '--output=' '--prefix=' '-w' '--wait=' '-v' '--verbose' '-q' '--quiet' '--log-file=' '-h' '--help' '-V' '--version' ;;
    esac
}
_net2pty_commas() { # KIND
    case $1 in
    link) printf '%s\n' 'raw' 'hangup' 'no-touch-lines' 'replace' 'owner=' 'group=' 'mode=' ;;
    esac
}
_net2pty_value() { # OPTION: what its value is
    case $1 in
    --log-file | --output | -o) printf '%s\n' 'files' ;;
    group) printf '%s\n' 'groups' ;;
    --status | -s) printf '%s\n' 'links' ;;
    owner) printf '%s\n' 'users' ;;
    --wait | -w) printf '%s\n' 'words forever' ;;
    --lines) printf '%s\n' 'words seccomp preload plain auto' ;;
    esac
}
_net2pty_places() { # VERB: what stands at its places
    case $1 in
    'exec') printf '%s\n' 'links' ;;
    'status') printf '%s\n' 'links' ;;
    'reset') printf '%s\n' 'links' ;;
    'cdi') printf '%s\n' 'hosts' ;;
    'hook') printf '%s\n' 'hosts' ;;
    '') printf '%s\n' 'newlinks' 'hosts' ;;
    esac
}

# Files and folders that begin with WORD; folders with a slash.
_net2pty_files() { # WORD
    local file
    while IFS= read -r file; do
        [[ -d $file ]] && file+=/
        printf '%s\n' "$file"
    done < <(compgen -f -- "$1")
}

# Each candidate for WORD, a line each.
_net2pty_candidates() { # WORD KIND [WORDS...]
    local word=$1 kind=$2
    shift 2
    case $kind in
    words) printf '%s\n' "$@" ;;
    files | newlinks) _net2pty_files "$word" ;;
    links)
        find /dev /dev/shm /tmp -maxdepth 1 -lname '/dev/pts/*' 2>/dev/null
        _net2pty_files "$word"
        ;;
    hosts) compgen -A hostname -- "$word" ;;
    users) compgen -u -- "$word" ;;
    groups) compgen -g -- "$word" ;;
    sources)
        compgen -G '/dev/ttyUSB*'
        compgen -G '/dev/ttyACM*'
        compgen -G '/dev/serial/by-id/*'
        printf '%s\n' loop: usb: 
        [[ $word != /* ]] || _net2pty_files "$word"
        ;;
    esac
}

# Which options a SOURCE or LINK has after its commas.
_net2pty_comma_kinds() { # WHAT KIND
    local demo=${1#usb:}
    case $2:$1 in
    sources:usb:demo-*) printf '%s\n' demo "${demo%%[:,]*}" ;;
    sources:usb:*) echo usb ;;
    sources:*) echo serial ;;
    newlinks:*) echo link ;;
    esac
}

# Takes into COMPREPLY the lines of standard input that begin with WORD, less what readline keeps.
_net2pty_reply() { # WORD [BEFORE]
    local line kept=$1
    # readline replaces only what is after the last of these
    if [[ $COMP_WORDBREAKS == *:* ]]; then kept=${kept%"${kept##*[:=]}"}; else kept=; fi
    while IFS= read -r line; do
        line=${2-}$line
        [[ $line == "$1"* ]] || continue
        [[ $line != *[=:/] ]] || compopt -o nospace 2>/dev/null
        COMPREPLY+=("${line#"$kept"}")
    done
}

_net2pty_complete_value() { # WORD OPTION VALUE BEFORE
    local -a value
    read -ra value <<<"$(_net2pty_value "$2")"
    [[ ${#value[@]} -eq 0 ]] || _net2pty_reply "$1" "$4" < <(_net2pty_candidates "$3" "${value[@]}")
}

_net2pty_complete_place() { # WORD KIND [WORDS...]
    local word=$1 last=${1##*,} kind
    if [[ $word == *,* && $2 == @(sources|newlinks) ]]; then
        if [[ $last == *=* ]]; then
            _net2pty_complete_value "$word" "${last%%=*}" "${last#*=}" "${word%"${last#*=}"}"
        else
            while read -r kind; do
                _net2pty_reply "$word" "${word%"$last"}" < <(_net2pty_commas "$kind")
            done < <(_net2pty_comma_kinds "$word" "$2")
        fi
        return
    fi
    shift
    _net2pty_reply "$word" < <(_net2pty_candidates "$word" "$@" | sort -u)
}

# After "--" stands a command with its own words.
_net2pty_complete_command() {
    local at name
    for ((at = 1; at < COMP_CWORD; at++)); do
        [[ ${COMP_WORDS[at]} != -- ]] || break
    done
    for name in _comp_command_offset _command_offset; do
        if declare -F "$name" >/dev/null; then
            "$name" $((at + 1))
            return
        fi
    done
    if ((at + 1 == COMP_CWORD)); then
        _net2pty_reply "$1" < <(compgen -c -- "$1")
    else
        _net2pty_reply "$1" < <(_net2pty_files "$1")
    fi
}

_net2pty() {
    local line=${COMP_LINE:0:COMP_POINT} word verb='' previous='' first=yes place=0 at
    local -a words places
    COMPREPLY=()
    read -ra words <<<"$line"
    [[ $line != *[[:space:]] ]] || words+=('')
    word=${words[${#words[@]} - 1]}

    # what stands before it
    for ((at = 1; at < ${#words[@]} - 1; at++)); do
        previous=
        case ${words[at]} in
        --)
            _net2pty_complete_command "$word"
            return
            ;;
        --baud | --line | --lines | --log-file | --output | --prefix | --status | --wait | -b | -l | -o | -s | -w)
            previous=${words[at]}
            ((++at))
            ;;
        -*) ;;
        *)
            if [[ -n $first && " exec status reset cdi hook help " == *" ${words[at]} "* ]]; then
                verb=${words[at]}
            else
                ((++place))
            fi
            first=
            ;;
        esac
    done
    if [[ -n $previous && $at -eq ${#words[@]} ]]; then
        _net2pty_complete_value "$word" "$previous" "$word" ''
        return
    fi
    case $word in
    --*=*) _net2pty_complete_value "$word" "${word%%=*}" "${word#*=}" "${word%%=*}=" ;;
    -*) _net2pty_reply "$word" < <(_net2pty_options "$verb") ;;
    *)
        [[ -z $first ]] || _net2pty_reply "$word" < <(printf '%s\n' 'exec' 'status' 'reset' 'cdi' 'hook' help)
        if [[ $verb == help ]]; then
            _net2pty_reply "$word" < <(printf '%s\n' exec status reset cdi hook command link exit)
            return
        fi
        mapfile -t places < <(_net2pty_places "$verb")
        ((${#places[@]})) || return 0
        if [[ -z $verb ]]; then
            place=$((place % ${#places[@]}))
        elif ((place >= ${#places[@]})); then
            place=$((${#places[@]} - 1))
        fi
        # a kind, and words for some
        # shellcheck disable=SC2086
        _net2pty_complete_place "$word" ${places[place]}
        ;;
    esac
}
complete -F _net2pty net2pty
